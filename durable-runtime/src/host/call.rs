//! One invocation as a function in another process sees it: bytes in, bytes or an error out. Knows no transport.

use serde::Deserialize;

use crate::wire::{ErrorObject, Timestamp};

/// What a function is invoked with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Call {
    /// The invocation's id, which the process answers by.
    pub request_id: String,
    /// The event.
    pub payload: Vec<u8>,
    /// When the caller gives up, if that is before the function's own timeout.
    pub deadline: Option<Timestamp>,
    /// The X-Ray header; one is made up when there is none.
    pub trace: Option<String>,
    /// The client context as JSON.
    pub client_context: Option<String>,
    /// The tenant.
    pub tenant: Option<String>,
}

impl Call {
    /// A call with a payload under a fresh id.
    #[must_use]
    pub fn new(payload: impl Into<Vec<u8>>) -> Self {
        Self { request_id: crate::engine::fresh_request_id(), payload: payload.into(), ..Self::default() }
    }
}

/// How a function answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// With a payload.
    Payload(Vec<u8>),
    /// With an error: its own, or that of the process that it ran in.
    Error {
        /// The error as JSON, as `Invoke` gives it to a caller.
        payload: Vec<u8>,
        /// The same, read.
        error: ErrorObject,
    },
}

impl Reply {
    /// An error that the host has found.
    #[must_use]
    pub fn failed(error_type: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        let payload = serde_json::json!({ "errorType": error_type, "errorMessage": message });
        Self::Error { payload: payload.to_string().into_bytes(), error: ErrorObject::new(error_type, message) }
    }

    /// An error as a runtime reports it. `error_type` counts when the body names none.
    #[must_use]
    pub fn reported(payload: Vec<u8>, error_type: Option<&str>) -> Self {
        let read = serde_json::from_slice::<Reported>(&payload);
        let error = match read {
            Ok(reported) => ErrorObject {
                error_type: reported.error_type.or_else(|| error_type.map(str::to_owned)),
                error_message: reported.error_message,
                error_data: None,
                stack_trace: lines(reported.stack_trace),
            },
            Err(_) => {
                let text = String::from_utf8_lossy(&payload).into_owned();
                ErrorObject {
                    error_message: Some(text),
                    error_type: error_type.map(str::to_owned),
                    ..Default::default()
                }
            }
        };
        Self::Error { payload, error }
    }
}

/// The error of the Runtime API. Runtimes differ in what they leave out and in the shape of a stack trace.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reported {
    #[serde(default)]
    error_type: Option<String>,
    #[serde(default)]
    error_message: Option<String>,
    #[serde(default, alias = "trace")]
    stack_trace: Option<serde_json::Value>,
}

fn lines(trace: Option<serde_json::Value>) -> Option<Vec<String>> {
    let line = |value: serde_json::Value| match value {
        serde_json::Value::String(line) => line,
        other => other.to_string(),
    };
    match trace? {
        serde_json::Value::Array(frames) if frames.is_empty() => None,
        serde_json::Value::Array(frames) => Some(frames.into_iter().map(line).collect()),
        serde_json::Value::Null => None,
        other => Some(vec![line(other)]),
    }
}

#[cfg(test)]
mod tests {
    use super::Reply;
    use crate::wire::ErrorObject;

    fn error(body: &str, error_type: Option<&str>) -> ErrorObject {
        match Reply::reported(body.into(), error_type) {
            Reply::Error { payload, error } if payload == body.as_bytes() => error,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_error_of_a_runtime_is_taken_verbatim() {
        let read = error(r#"{"errorType":"Oops","errorMessage":"it broke","stackTrace":["a","b"]}"#, Some("Other"));
        assert_eq!((read.error_type.as_deref(), read.error_message.as_deref()), (Some("Oops"), Some("it broke")));
        assert_eq!(read.stack_trace, Some(vec!["a".to_owned(), "b".to_owned()]));
    }

    #[test]
    fn the_header_names_the_type_when_the_body_does_not() {
        assert_eq!(error(r#"{"errorMessage":"no"}"#, Some("Function.Bad")).error_type.as_deref(), Some("Function.Bad"));
        let read = error("not JSON", Some("Function.Bad"));
        assert_eq!(
            (read.error_type.as_deref(), read.error_message.as_deref()),
            (Some("Function.Bad"), Some("not JSON"))
        );
    }
}
