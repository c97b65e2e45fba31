//! Values to recorded text and back. The same round trip serves live and replayed values, so that both see equals.
//!
//! A [`Serdes`] is chosen for one operation and knows its type. A [`Codec`] is chosen for a whole function and knows
//! only text: it stands between everything that is recorded and the wire.

mod coding;
#[cfg(feature = "encryption")]
mod encrypting;
mod overflow;

use std::any::type_name;
use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) use coding::{Coding, Plain, Typed};
#[cfg(feature = "encryption")]
pub use encrypting::Encrypting;
pub use overflow::FileOverflow;

use crate::error::{BoxError, FailureKind, StepFailure};
use crate::wire::{ErrorObject, OperationId};

/// Where a value is recorded.
#[derive(Clone, Copy)]
pub struct SerdesPlace<'a> {
    arn: &'a str,
    id: &'a OperationId,
}

impl<'a> SerdesPlace<'a> {
    pub(crate) const fn new(arn: &'a str, id: &'a OperationId) -> Self {
        Self { arn, id }
    }

    /// The place of another operation of the same execution.
    pub(crate) const fn of<'b>(&self, id: &'b OperationId) -> SerdesPlace<'b>
    where
        'a: 'b,
    {
        SerdesPlace { arn: self.arn, id }
    }

    /// The operation.
    pub(crate) const fn id(&self) -> &'a OperationId {
        self.id
    }

    /// The execution's ARN.
    #[must_use]
    pub const fn execution_arn(&self) -> &'a str {
        self.arn
    }

    /// The operation's id.
    #[must_use]
    pub fn operation_id(&self) -> &'a str {
        self.id.as_str()
    }
}

impl fmt::Debug for SerdesPlace<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.id, self.arn)
    }
}

/// How the values of one operation are recorded: as any text, not necessarily JSON.
///
/// It must give back what it was given: live code sees the value after the round trip, as replay does.
///
/// ```
/// use durable_runtime::{BoxError, Serdes, SerdesPlace};
///
/// struct Lines;
/// impl Serdes<Vec<String>> for Lines {
///     fn serialize(&self, value: &Vec<String>, _: SerdesPlace<'_>) -> Result<String, BoxError> {
///         Ok(value.join("\n"))
///     }
///     fn deserialize(&self, text: &str, _: SerdesPlace<'_>) -> Result<Vec<String>, BoxError> {
///         Ok(text.lines().map(str::to_owned).collect())
///     }
/// }
/// ```
pub trait Serdes<T>: Send + Sync + 'static {
    /// The text to record.
    ///
    /// # Errors
    /// When the value has no text: the operation fails with a [`StepFailure`].
    fn serialize(&self, value: &T, place: SerdesPlace<'_>) -> Result<String, BoxError>;

    /// The value of a recorded text.
    ///
    /// # Errors
    /// When the text is of another shape: the run does not fit its history.
    fn deserialize(&self, text: &str, place: SerdesPlace<'_>) -> Result<T, BoxError>;
}

/// The default: JSON.
#[derive(Debug, Clone, Copy, Default)]
pub struct Json;

impl<T: Serialize + DeserializeOwned> Serdes<T> for Json {
    fn serialize(&self, value: &T, _: SerdesPlace<'_>) -> Result<String, BoxError> {
        Ok(serde_json::to_string(value)?)
    }

    fn deserialize(&self, text: &str, _: SerdesPlace<'_>) -> Result<T, BoxError> {
        Ok(serde_json::from_str(text)?)
    }
}

/// What stands between recorded text and the wire, for a function and everything in it: storage elsewhere, encryption.
///
/// It sees the results, carried states and errors of steps and contexts. What comes from outside (inputs, callbacks,
/// results of other functions) does not pass through it.
pub trait Codec: Send + Sync + 'static {
    /// The text for the wire.
    ///
    /// # Errors
    /// When it cannot be made now: the invocation ends, and another one tries again.
    fn encode(&self, text: String, place: SerdesPlace<'_>) -> Result<String, BoxError>;

    /// The text that was encoded.
    ///
    /// # Errors
    /// When it cannot be read now: the invocation ends, and another one tries again.
    fn decode(&self, text: String, place: SerdesPlace<'_>) -> Result<String, BoxError>;

    /// The error for the wire: its data encoded, unless told otherwise.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    fn encode_error(&self, mut error: ErrorObject, place: SerdesPlace<'_>) -> Result<ErrorObject, BoxError> {
        error.error_data = error.error_data.map(|data| self.encode(data, place)).transpose()?;
        Ok(error)
    }

    /// The error that was encoded.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    fn decode_error(&self, mut error: ErrorObject, place: SerdesPlace<'_>) -> Result<ErrorObject, BoxError> {
        error.error_data = error.error_data.map(|data| self.decode(data, place)).transpose()?;
        Ok(error)
    }
}

/// A result that cannot be recorded.
fn unrecordable<T>(what: &str, cause: &dyn fmt::Display) -> StepFailure {
    let text = format!("a result of type {} does not {what}: {cause}", type_name::<T>());
    StepFailure::new(FailureKind::NotRecordable, text)
}

/// The text to record for `value`, and the value that replay will read from it.
pub(crate) fn round_trip<T: Serialize + DeserializeOwned>(value: &T) -> Result<(String, T), StepFailure> {
    let text = serde_json::to_string(value).map_err(|cause| unrecordable::<T>("serialize", &cause))?;
    let back =
        serde_json::from_str(&text).map_err(|cause| unrecordable::<T>("read back from its own record", &cause))?;
    Ok((text, back))
}

/// Reads a recorded text. The error is for the divergence report.
pub(crate) fn decode<T: DeserializeOwned>(text: Option<&str>) -> Result<T, String> {
    serde_json::from_str(text.unwrap_or("null")).map_err(|cause| unreadable::<T>(&cause))
}

fn unreadable<T>(cause: &dyn fmt::Display) -> String {
    format!("the recorded result does not read as {}: {cause}", type_name::<T>())
}
