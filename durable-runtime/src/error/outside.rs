//! What went wrong outside: a callback that failed or never came, an invoked function that did not succeed.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::wire::ErrorObject;

/// Why a callback gave no result.
///
/// Its text is the outside's own, verbatim, where the outside gave one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum CallbackError {
    /// The outside answered with a failure, which is kept as it was sent.
    Failed(ErrorObject),
    /// Nobody answered within the timeout.
    TimedOut,
    /// No heartbeat came within the heartbeat timeout.
    HeartbeatLost,
    /// The submitter of `wait_for_callback` failed, so nobody could answer.
    Submitter(ErrorObject),
}

impl CallbackError {
    /// Reads the end of a callback that did not succeed.
    pub(crate) fn of(timed_out: bool, error: Option<ErrorObject>) -> Self {
        let error = error.unwrap_or_default();
        match (timed_out, error.error_type.as_deref()) {
            (true, Some("Callback.Heartbeat")) => Self::HeartbeatLost,
            (true, _) => Self::TimedOut,
            (false, _) => Self::Failed(error),
        }
    }
}

impl fmt::Display for CallbackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => f.write_str(error.error_message.as_deref().unwrap_or("Callback failed")),
            Self::TimedOut => f.write_str("Callback timed out"),
            Self::HeartbeatLost => f.write_str("Callback timed out on heartbeat"),
            Self::Submitter(error) => {
                f.write_str(error.error_message.as_deref().unwrap_or("Callback submitter failed"))
            }
        }
    }
}

impl std::error::Error for CallbackError {}

/// Why an invoked function gave no result.
///
/// Its text is the target's own, verbatim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum InvokeError {
    /// The target failed; its error is kept as it was recorded.
    Failed(ErrorObject),
    /// The target ran into its own timeout.
    TimedOut(ErrorObject),
    /// The target was stopped.
    Stopped(ErrorObject),
}

impl InvokeError {
    /// The target's error.
    #[must_use]
    pub const fn error(&self) -> &ErrorObject {
        match self {
            Self::Failed(error) | Self::TimedOut(error) | Self::Stopped(error) => error,
        }
    }
}

impl fmt::Display for InvokeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fallback = match self {
            Self::Failed(_) => "the invoked function failed",
            Self::TimedOut(_) => "the invoked function timed out",
            Self::Stopped(_) => "the invoked function was stopped",
        };
        f.write_str(self.error().error_message.as_deref().unwrap_or(fallback))
    }
}

impl std::error::Error for InvokeError {}

/// The data that the outside gave with its failure, when `error` is one of the outside's: as JSON, or as text where it is
/// none.
pub(super) fn data_from_outside(error: &(dyn std::error::Error + Send + Sync + 'static)) -> Option<serde_json::Value> {
    let object = match error.downcast_ref::<CallbackError>() {
        Some(CallbackError::Failed(object) | CallbackError::Submitter(object)) => object,
        Some(_) => return None,
        None => error.downcast_ref::<InvokeError>()?.error(),
    };
    let data = object.error_data.as_deref()?;
    Some(serde_json::from_str(data).unwrap_or_else(|_| data.into()))
}
