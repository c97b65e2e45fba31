//! Answers as they go over the wire: JSON with the API's times, and errors that every SDK recognises. Knows no routes.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};

use super::error::{ApiError, SERVICE};
use crate::wire::Timestamp;

/// What a request is answered with.
pub(super) type Answer = Response<Full<Bytes>>;

/// What a handler makes of its request.
pub(super) type Answered = Result<Answer, ApiError>;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
/// How the members end whose values are times.
const TIME: &str = "Timestamp";

/// An empty answer.
pub(super) fn empty(status: StatusCode) -> Answer {
    bytes(status, Bytes::new())
}

/// An answer with exactly these bytes, which claim to be JSON.
pub(super) fn bytes(status: StatusCode, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    let _ = answer.headers_mut().insert(CONTENT_TYPE, JSON);
    answer
}

/// An answer of the data model, with times as the HTTP API writes them.
pub(super) fn model(value: impl Serialize) -> Answered {
    let value = serde_json::to_value(value).map_err(|error| SERVICE.says(format!("the answer is no JSON: {error}")))?;
    Ok(bytes(StatusCode::OK, with_epoch_seconds(value).to_string()))
}

/// An error.
pub(super) fn error(error: &ApiError) -> Answer {
    let exception = error.exception;
    let body = json!({"Type": exception.fault(), exception.message: error.message});
    let mut answer = bytes(exception.status, body.to_string());
    let _ = answer.headers_mut().insert(ERROR_TYPE, HeaderValue::from_static(exception.name));
    answer
}

/// Adds a header whose value is one of this API's own texts.
pub(super) fn add_header(answer: &mut Answer, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        let _ = answer.headers_mut().insert(HeaderName::from_static(name), value);
    }
}

/// Turns every time of the wire types, which are milliseconds as in events, into seconds with a fraction. What users and
/// the outside gave is text in here, so that nothing of theirs can be meant.
fn with_epoch_seconds(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let convert = |(name, value): (String, Value)| match value.as_i64().filter(|_| name.ends_with(TIME)) {
                Some(millis) => (name, Timestamp::from_millis(millis).as_epoch_seconds().into()),
                None => (name, with_epoch_seconds(value)),
            };
            Value::Object(members.into_iter().map(convert).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(with_epoch_seconds).collect()),
        plain => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds_wherever_they_stand_and_nothing_else_changes() {
        let at = |millis: i64| Timestamp::from_millis(millis);
        let value = json!({
            "StartTimestamp": at(1_766_055_225_863),
            "Duration": 2000,
            "Operations": [{"WaitDetails": {"ScheduledEndTimestamp": at(2000)}, "Result": "{\"EndTimestamp\":7}"}],
        });
        let expected = json!({
            "StartTimestamp": 1_766_055_225.863,
            "Duration": 2000,
            "Operations": [{"WaitDetails": {"ScheduledEndTimestamp": 2.0}, "Result": "{\"EndTimestamp\":7}"}],
        });
        assert_eq!(with_epoch_seconds(value), expected);
    }
}
