//! Which function is meant: a name, a partial or a full ARN, each with an optional qualifier. Every qualifier is the
//! code of this process.

use super::error::{ApiError, INVALID_PARAMETER};
use super::query::invalid;
use crate::engine::is_function_name;

const LABEL_CHARS: usize = 256;
const QUALIFIER_CHARS: usize = 128;
const ACCOUNT_DIGITS: usize = 12;

/// The bare name in `label`. `qualifier` is the query's.
pub(super) fn read<'a>(label: &'a str, qualifier: Option<&str>) -> Result<&'a str, ApiError> {
    let wrong = || invalid("FunctionName", label, "a function's name, or a partial or full ARN of it");
    let rest = match label.rsplit_once("function:") {
        Some((before, rest)) if before.is_empty() || before.ends_with(':') => rest,
        Some(_) => return Err(wrong()),
        None => match label.split_once(':') {
            Some((account, rest)) if is_account(account) => rest,
            _ => label,
        },
    };
    let (name, own) = rest.split_once(':').map_or((rest, None), |(name, own)| (name, Some(own)));
    if label.len() > LABEL_CHARS || !is_function_name(name) {
        return Err(wrong());
    }
    let qualifies = |text: &str| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_$.".contains(&byte);
        (1..=QUALIFIER_CHARS).contains(&text.len()) && text.bytes().all(fits)
    };
    if let Some(bad) = own.into_iter().chain(qualifier).find(|text| !qualifies(text)) {
        return Err(invalid("Qualifier", bad, "a version, an alias or $LATEST"));
    }
    match (own, qualifier) {
        (Some(own), Some(other)) if own != other => {
            let message = format!("the function's name says the qualifier '{own}' and the query '{other}'");
            Err(INVALID_PARAMETER.says(message))
        }
        _ => Ok(name),
    }
}

fn is_account(text: &str) -> bool {
    text.len() == ACCOUNT_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn a_function_is_recognised_however_it_is_written() {
        for label in [
            "ship",
            "ship:$LATEST",
            "ship:live",
            "function:ship",
            "000000000000:ship",
            "000000000000:function:ship:7",
            "arn:aws:lambda:eu-west-1:123456789012:function:ship",
            "arn:aws:lambda:local:000000000000:function:ship:$LATEST",
        ] {
            assert_eq!(read(label, None), Ok("ship"), "{label}");
        }
        assert_eq!(read("ship:7", Some("7")), Ok("ship"));
        for label in ["", "sh ip", "ship:", "ship:a b", "malfunction:ship", "a/b", "ship:1:2"] {
            assert!(read(label, None).is_err(), "{label}");
        }
        assert!(read("ship:7", Some("8")).is_err());
    }
}
