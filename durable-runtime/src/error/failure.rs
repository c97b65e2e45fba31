//! Failures that are the runtime's to tell, because the body gave no error of its own.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::wire::{ErrorObject, limits};

/// The wire's error type is this word, a dot and the kind; Rust type names have no dot, so users' own cannot clash.
const MARK: &str = "StepFailure";

/// Bytes of text that are kept: an error travels with its text up to three times, escaped.
const LONGEST_TEXT: usize = 4096;

/// An operation that failed without an error of its own type: a panic, an attempt over its time, an interrupted
/// at-most-once attempt, a result too large to record.
///
/// Where an operation's error type can take it ([`Error`](crate::Error) can, and this type itself), it comes back as an
/// error. Where it cannot, it ends the enclosing contexts one by one until one can, or the execution: recorded as FAILED
/// at each.
///
/// Operations that have no body (`sleep`, `current_time`, `random_value`, `new_uuid`, the creation of a `callback`) fail
/// only because of how they were asked for, with an [`Error`](crate::Error). An error enum takes it like any other error:
///
/// ```
/// use durable_runtime::prelude::*;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, Serialize, Deserialize)]
/// enum OrderError {
///     SoldOut,
///     Runtime(Error),
/// }
///
/// // What `thiserror` writes for `#[from] Error`.
/// impl From<Error> for OrderError {
///     fn from(error: Error) -> Self {
///         Self::Runtime(error)
///     }
/// }
/// # impl std::fmt::Display for OrderError {
/// #     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { write!(f, "{self:?}") }
/// # }
///
/// #[durable]
/// async fn later(item: String) -> Result<String, OrderError> {
///     sleep(hours(1)).await?;
///     if item.is_empty() { Err(OrderError::SoldOut) } else { Ok(item) }
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepFailure {
    kind: FailureKind,
    message: String,
}

/// What kind of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum FailureKind {
    /// The body or the block panicked.
    Panicked,
    /// An at-most-once attempt was begun and its end is unknown.
    Interrupted,
    /// An attempt took longer than its step gives it.
    TimedOut,
    /// The result is over the service's limit.
    ResultTooLarge,
    /// The error is over the service's limit.
    ErrorTooLarge,
    /// The result or the error does not serialize, or not to something that reads back.
    NotRecordable,
    /// The operation's name is not printable ASCII of 1 to 256 characters.
    NameRefused,
    /// A setting of the operation makes no sense.
    SettingRefused,
    /// A condition was not met in as many checks as its policy permits.
    ChecksExhausted,
    /// Contexts are nested too deeply.
    TooDeep,
    /// A predicate said that a batch has failed of which no branch had.
    CompletionFailed,
}

impl StepFailure {
    pub(crate) fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: Self::shortened(message.into()) }
    }

    /// A text of the runtime's own, at the length that the runtime's own texts may have.
    pub(crate) fn shortened(text: String) -> String {
        shortened(text, LONGEST_TEXT)
    }

    /// A caught panic, with its own text.
    pub(crate) fn panicked(payload: &(dyn std::any::Any + Send)) -> Self {
        let text =
            payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        Self::new(FailureKind::Panicked, text.unwrap_or("a panic without a text"))
    }

    /// What kind of failure.
    #[must_use]
    pub const fn kind(&self) -> FailureKind {
        self.kind
    }

    /// What happened. A panic's text is verbatim, its first 4 KiB.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The error type on the wire.
    pub(crate) fn type_name(&self) -> String {
        format!("{MARK}.{:?}", self.kind)
    }

    /// The failure on the wire. Its text is shortened until it fits, whatever escaping makes of it.
    pub(crate) fn to_object(&self) -> ErrorObject {
        let mut object = ErrorObject::new(self.type_name(), self.message.clone());
        object.error_data = serde_json::to_string(self).ok();
        if object.json_bytes() > limits::ERROR_BYTES && !self.message.is_empty() {
            let message = shortened(self.message.clone(), self.message.len() / 2);
            return Self { kind: self.kind, message }.to_object();
        }
        object
    }

    /// The failure behind an error object that is marked as one.
    pub(crate) fn from_object(object: &ErrorObject) -> Option<Self> {
        object.error_type.as_deref()?.strip_prefix(MARK)?.strip_prefix('.')?;
        // `Error` records a failure with its own envelope around it.
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Data {
            Bare(StepFailure),
            InError { failure: StepFailure },
        }
        match serde_json::from_str(object.error_data.as_deref()?).ok()? {
            Data::Bare(failure) | Data::InError { failure } => Some(failure),
        }
    }
}

/// The beginning of a text, of at most `bytes`.
pub(crate) fn shortened(mut text: String, bytes: usize) -> String {
    if text.len() > bytes {
        let cut = (0..=bytes).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(cut);
    }
    text
}

impl fmt::Display for StepFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for StepFailure {}
