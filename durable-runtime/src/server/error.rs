//! The API's errors: a table of the service's exceptions, and what becomes of the engine's errors. Knows no routes.

use hyper::StatusCode;

use crate::engine::{ClosedBy, EngineError};
use crate::service::ServiceError;

/// One of the service's exceptions.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Exception {
    /// Its name, by which clients know it.
    pub(super) name: &'static str,
    pub(super) status: StatusCode,
    /// The member that holds the message: the model spells it both ways.
    pub(super) message: &'static str,
}

const fn exception(name: &'static str, status: StatusCode, message: &'static str) -> Exception {
    Exception { name, status, message }
}

pub(super) const INVALID_PARAMETER: Exception =
    exception("InvalidParameterValueException", StatusCode::BAD_REQUEST, "message");
pub(super) const SERIALIZATION: Exception = exception("SerializationException", StatusCode::BAD_REQUEST, "Message");
pub(super) const NOT_FOUND: Exception = exception("ResourceNotFoundException", StatusCode::NOT_FOUND, "Message");
pub(super) const CALLBACK_TIMEOUT: Exception =
    exception("CallbackTimeoutException", StatusCode::BAD_REQUEST, "Message");
pub(super) const ALREADY_STARTED: Exception =
    exception("DurableExecutionAlreadyStartedException", StatusCode::CONFLICT, "Message");
pub(super) const INVALID_CONTENT: Exception =
    exception("InvalidRequestContentException", StatusCode::BAD_REQUEST, "message");
pub(super) const TOO_LARGE: Exception = exception("RequestTooLargeException", StatusCode::PAYLOAD_TOO_LARGE, "message");
pub(super) const ACCESS_DENIED: Exception = exception("AccessDeniedException", StatusCode::FORBIDDEN, "Message");
pub(super) const UNKNOWN_OPERATION: Exception =
    exception("UnknownOperationException", StatusCode::NOT_FOUND, "Message");
pub(super) const METHOD_NOT_ALLOWED: Exception =
    exception("MethodNotAllowedException", StatusCode::METHOD_NOT_ALLOWED, "Message");
/// Not a status that clients repeat requests for.
pub(super) const UNSUPPORTED: Exception =
    exception("UnsupportedOperationException", StatusCode::NOT_IMPLEMENTED, "Message");
pub(super) const SERVICE: Exception = exception("ServiceException", StatusCode::INTERNAL_SERVER_ERROR, "Message");

impl Exception {
    /// The exception with a message.
    pub(super) fn says(&'static self, message: impl Into<String>) -> ApiError {
        ApiError { exception: self, message: message.into() }
    }

    /// Whose fault it is, in the service's words.
    pub(super) fn fault(&self) -> &'static str {
        if self.status.is_server_error() { "Service" } else { "User" }
    }
}

/// A request that was not done, and why.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ApiError {
    pub(super) exception: &'static Exception,
    pub(super) message: String,
}

/// The data plane's refusals have their names already.
impl From<ServiceError> for ApiError {
    fn from(error: ServiceError) -> Self {
        let exception = if error.code == INVALID_PARAMETER.name { &INVALID_PARAMETER } else { &SERVICE };
        exception.says(error.message)
    }
}

impl From<EngineError> for ApiError {
    fn from(error: EngineError) -> Self {
        let exception = match &error {
            EngineError::UnknownFunction { .. }
            | EngineError::NoSuchExecution { .. }
            | EngineError::NoSuchCallback { .. }
            | EngineError::CallbackClosed { by: ClosedBy::Answer | ClosedBy::ExecutionEnd, .. } => &NOT_FOUND,
            EngineError::CallbackClosed { by: ClosedBy::Timeout, .. } => &CALLBACK_TIMEOUT,
            EngineError::AlreadyStarted { .. } => &ALREADY_STARTED,
            EngineError::InvalidName { .. } | EngineError::InvalidInput { .. } => &INVALID_PARAMETER,
            _ => &SERVICE,
        };
        exception.says(match error {
            // The API knows executions by their ARNs alone.
            EngineError::NoSuchExecution { text } => format!("there is no durable execution `{text}`"),
            other => other.to_string(),
        })
    }
}
