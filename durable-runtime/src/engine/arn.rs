//! Names of executions: the ARN that the service would give, and the parts people type.

use std::fmt;

use super::error::EngineError;

const ACCOUNT: &str = "000000000000";
const REGION: &str = "local";
/// Characters of an execution's name.
const NAME_CHARS: usize = 64;

/// The version that every function of the embedded engine runs as.
pub const VERSION: &str = "$LATEST";

/// The identity of an execution, in the service's form with account `000000000000` and region `local`:
/// `arn:aws:lambda:local:000000000000:function:<function>:$LATEST/durable-execution/<name>/<id>`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Arn(String);

impl Arn {
    /// The ARN of the execution `id`, called `name`, of `function`. The parts are validated by those who make them.
    pub(crate) fn compose(function: &str, name: &str, id: &str) -> Self {
        Self(format!("{}/durable-execution/{name}/{id}", function_arn(function)))
    }

    /// Takes a text that the store holds as an ARN.
    pub(crate) fn stored(text: String) -> Self {
        Self(text)
    }

    /// Reads an ARN of this engine: an execution's, with its name and its id. Says nothing of whether it exists.
    ///
    /// # Errors
    /// [`EngineError::NoSuchExecution`] when the text is no such ARN.
    pub fn parse(text: &str) -> Result<Self, EngineError> {
        let prefix = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:");
        let suffix = format!(":{VERSION}/durable-execution/");
        let rest = text.strip_prefix(&prefix).and_then(|rest| rest.split_once(&suffix));
        let parts = rest.and_then(|(function, rest)| Some((function, rest.split_once('/')?)));
        match parts {
            Some((function, (name, id))) if [function, name, id].iter().all(|part| is_word(part, NAME_CHARS)) => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(EngineError::NoSuchExecution { text: text.to_owned() }),
        }
    }

    /// The whole ARN.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last segment: unique within a store, and the id of the EXECUTION operation.
    #[must_use]
    pub fn id(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// The execution's name: the segment before the last.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit('/').nth(1).unwrap_or_default()
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for Arn {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// The ARN of a function of this engine, with its version.
#[must_use]
pub fn function_arn(function: &str) -> String {
    format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}:{VERSION}")
}

/// The bare name in what a chained invoke may call its target: a name, a partial or a full ARN, each with an
/// optional `:qualifier`.
pub(crate) fn function_name(target: &str) -> &str {
    let after = target.rsplit_once("function:").map_or(target, |(_, name)| name);
    after.split_once(':').map_or(after, |(name, _)| name)
}

/// Whether `text` consists of 1 to `limit` of the characters that ids, names and sub-types share.
pub(crate) fn is_word(text: &str, limit: usize) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    !text.is_empty() && text.len() <= limit && text.bytes().all(allowed)
}

/// Characters of a function's name, as AWS Lambda takes them.
pub(crate) const FUNCTION_NAME_CHARS: usize = 64;

/// Whether AWS Lambda would take `name` for a function's.
pub(crate) fn is_function_name(name: &str) -> bool {
    is_word(name, FUNCTION_NAME_CHARS)
}

/// Checks a name that the caller chose for an execution.
pub(crate) fn check_name(name: &str) -> Result<(), EngineError> {
    if is_word(name, NAME_CHARS) { Ok(()) } else { Err(EngineError::InvalidName { name: name.to_owned() }) }
}

#[cfg(test)]
mod tests {
    use super::{Arn, function_name};

    #[test]
    fn an_arn_gives_back_the_parts_people_type() {
        let arn = Arn::compose("checkout", "order-7", "a1b2");
        assert_eq!((arn.name(), arn.id()), ("order-7", "a1b2"));
        let text = "arn:aws:lambda:local:000000000000:function:checkout:$LATEST/durable-execution/order-7/a1b2";
        assert_eq!(arn.as_str(), text);
    }

    #[test]
    fn only_an_execution_of_this_engine_reads_as_an_arn() {
        let arn = Arn::compose("checkout", "order-7", "a1b2");
        assert_eq!(Arn::parse(arn.as_str()), Ok(arn.clone()));
        let texts = ["", "order-7", "arn:aws:lambda:local:000000000000:function:checkout:$LATEST"];
        let changed = [("checkout", "check out"), ("local", "eu-west-1"), ("order-7", ""), ("a1b2", "a/b")];
        let changed = changed.map(|(part, other)| arn.as_str().replace(part, other));
        for text in texts.into_iter().chain(changed.iter().map(String::as_str)) {
            assert!(Arn::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_target_is_recognised_however_it_is_written() {
        for target in [
            "ship",
            "ship:$LATEST",
            "000000000000:function:ship",
            "arn:aws:lambda:eu-west-1:123456789012:function:ship",
            "arn:aws:lambda:eu-west-1:123456789012:function:ship:7",
        ] {
            assert_eq!(function_name(target), "ship", "{target}");
        }
    }
}
