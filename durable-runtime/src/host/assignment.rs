//! What a command line says of a function that runs elsewhere: `NAME=COMMAND` or `NAME=http://…`. Starts nothing.

use std::fmt;

use hyper::Uri;

use crate::engine::{FUNCTION_NAME_CHARS, is_function_name};

/// Where a function runs that is not part of this program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A command for `sh -c` that starts a program with a Lambda runtime in it.
    Command(String),
    /// The base of a Lambda Invoke endpoint, such as `http://127.0.0.1:3001`, without a slash at its end.
    Endpoint(String),
}

/// A function's name and where it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The name that it is invoked by: 1 to 64 letters, digits, `-` and `_`.
    pub name: String,
    /// Where it runs.
    pub target: Target,
}

/// Why an assignment cannot be used. Its text says what is expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidAssignment(String);

impl fmt::Display for InvalidAssignment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidAssignment {}

impl Assignment {
    /// Reads `NAME=COMMAND` or `NAME=http://…`. Everything behind the first `=` is the command, with its own `=`.
    ///
    /// # Errors
    /// Without a `=`, with a name that AWS Lambda would not take, without a command, or with an address that is not
    /// plain HTTP.
    pub fn parse(text: &str) -> Result<Self, InvalidAssignment> {
        let Some((name, target)) = text.split_once('=') else {
            return Err(InvalidAssignment(format!(
                "`{text}` has no `=`: expected NAME=COMMAND, or NAME=http://HOST:PORT of a Lambda Invoke endpoint"
            )));
        };
        check_name(name)?;
        Ok(Self { name: name.to_owned(), target: Target::parse(name, target.trim())? })
    }
}

impl Target {
    fn parse(name: &str, text: &str) -> Result<Self, InvalidAssignment> {
        let scheme = text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
        match scheme.as_deref() {
            _ if text.is_empty() => Err(InvalidAssignment(format!(
                "`{name}=` names no command: expected NAME=COMMAND, such as {name}=./target/debug/{name}"
            ))),
            Some("http") => match text.parse::<Uri>() {
                Ok(uri) if uri.host().is_some_and(|host| !host.is_empty()) && uri.query().is_none() => {
                    Ok(Self::Endpoint(text.trim_end_matches('/').to_owned()))
                }
                _ => Err(InvalidAssignment(format!("`{text}` is no address: expected http://HOST:PORT"))),
            },
            Some("https") => Err(InvalidAssignment(format!(
                "`{text}`: only http:// is supported, which is meant for endpoints on this machine; put a local proxy in \
                 front of an https:// one"
            ))),
            _ => Ok(Self::Command(text.to_owned())),
        }
    }
}

/// Refuses names that nothing could invoke.
pub(super) fn check_name(name: &str) -> Result<(), InvalidAssignment> {
    if is_function_name(name) {
        return Ok(());
    }
    Err(InvalidAssignment(format!(
        "`{name}` cannot name a function: expected 1 to {FUNCTION_NAME_CHARS} letters, digits, `-` and `_`"
    )))
}

#[cfg(test)]
mod tests {
    use super::{Assignment, Target};

    #[test]
    fn a_command_may_hold_equals_signs_and_spaces() {
        let read = Assignment::parse("ship=MODE=fast ./ship --level=2").unwrap();
        assert_eq!(read.name, "ship");
        assert_eq!(read.target, Target::Command("MODE=fast ./ship --level=2".into()));
    }

    #[test]
    fn an_address_is_an_endpoint_and_loses_its_last_slash() {
        let read = Assignment::parse("ship=http://127.0.0.1:3001/").unwrap();
        assert_eq!(read.target, Target::Endpoint("http://127.0.0.1:3001".into()));
    }

    #[test]
    fn what_cannot_be_used_is_told_with_what_is_expected() {
        let cases = [
            ("ship", "has no `=`"),
            ("=./ship", "cannot name a function"),
            ("ship it=./ship", "cannot name a function"),
            ("ship=  ", "names no command"),
            ("ship=https://example.org", "only http://"),
            ("ship=http://", "is no address"),
        ];
        for (text, expected) in cases {
            let said = Assignment::parse(text).unwrap_err().to_string();
            assert!(said.contains(expected), "{text}: {said}");
        }
    }
}
