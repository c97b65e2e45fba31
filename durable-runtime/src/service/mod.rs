//! The durable execution service as the runtime sees it: two calls and their failures. Knows no transport.

#[cfg(feature = "aws")]
mod aws;

use std::fmt;

use crate::clock::BoxFuture;
use crate::wire::{CheckpointRequest, CheckpointResponse, StatePage, StateRequest};

#[cfg(feature = "aws")]
pub use aws::AwsService;

/// The service's data plane: AWS Lambda, or the embedded engine.
pub trait DurableService: Send + Sync + 'static {
    /// Applies updates, all or none, and returns the next token and what changed.
    fn checkpoint(&self, request: CheckpointRequest) -> BoxFuture<'_, Result<CheckpointResponse, ServiceError>>;
    /// Returns a page of the state.
    fn state(&self, request: StateRequest) -> BoxFuture<'_, Result<StatePage, ServiceError>>;
    /// Resolves when the execution has ended, be it by a stop or by its timeout: what has not begun for it by then need
    /// not begin. Never by default: a service that is far away tells it by refusing the next call.
    fn ended(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::pending())
    }
}

/// A call to the service that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceError {
    /// The exception's name, such as `InvalidParameterValueException`; empty when there was no answer.
    pub code: String,
    /// The service's message.
    pub message: String,
    /// The HTTP status; `None` when there was no answer.
    pub status: Option<u16>,
}

/// What a failed call means for the invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorClass {
    /// The execution can never go on: answer FAILED.
    Terminal,
    /// This invocation's token is no longer the current one: give up, the service knows what runs now.
    StaleToken,
    /// Worth another invocation: end this one with an error.
    Retryable,
}

impl ServiceError {
    /// The service's `InvalidParameterValueException`.
    #[must_use]
    pub fn invalid_parameter(message: impl Into<String>) -> Self {
        Self { code: "InvalidParameterValueException".into(), message: message.into(), status: Some(400) }
    }

    /// The refusal of a token that is not the current one, worded so that every SDK recognises it.
    #[must_use]
    pub fn stale_token() -> Self {
        Self::invalid_parameter("Invalid Checkpoint Token")
    }

    /// A failure without an answer, or one of the service's own.
    #[must_use]
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self { code: "ServiceException".into(), message: message.into(), status: Some(500) }
    }

    /// Sorts the failure, first match wins: KMS errors and client errors end the execution, a stale token and
    /// everything that may pass (429, 5xx, no answer) end the invocation. Letter case of the stale token's
    /// message differs between the service's own sources, so it is not looked at.
    #[must_use]
    pub fn class(&self) -> ErrorClass {
        const STALE: &str = "invalid checkpoint token";
        let starts_stale = self.message.get(..STALE.len()).is_some_and(|head| head.eq_ignore_ascii_case(STALE));
        if self.code.starts_with("KMS") {
            ErrorClass::Terminal
        } else if self.code == "InvalidParameterValueException" && starts_stale {
            ErrorClass::StaleToken
        } else if self.status.is_some_and(|status| (400..500).contains(&status) && status != 429) {
            ErrorClass::Terminal
        } else {
            ErrorClass::Retryable
        }
    }
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for ServiceError {}

#[cfg(test)]
mod tests {
    use super::{ErrorClass, ServiceError};

    fn error(code: &str, message: &str, status: Option<u16>) -> ServiceError {
        ServiceError { code: code.into(), message: message.into(), status }
    }

    #[test]
    fn a_stale_token_is_recognised_in_both_spellings_that_exist() {
        for message in ["Invalid Checkpoint Token", "Invalid checkpoint token: it was used already"] {
            let stale = error("InvalidParameterValueException", message, Some(400));
            assert_eq!(stale.class(), ErrorClass::StaleToken, "{message}");
        }
    }

    #[test]
    fn failures_are_sorted_by_the_first_rule_that_matches() {
        let cases = [
            ("KMSAccessDeniedException", "no", Some(502), ErrorClass::Terminal),
            ("InvalidParameterValueException", "Invalid parent operation id.", Some(400), ErrorClass::Terminal),
            ("ResourceNotFoundException", "gone", Some(404), ErrorClass::Terminal),
            ("TooManyRequestsException", "slow down", Some(429), ErrorClass::Retryable),
            ("ServiceException", "oops", Some(500), ErrorClass::Retryable),
            ("", "connection reset", None, ErrorClass::Retryable),
        ];
        for (code, message, status, class) in cases {
            assert_eq!(error(code, message, status).class(), class, "{code}");
        }
    }
}
