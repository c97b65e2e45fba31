//! Typed errors to error objects and back. The value travels in the object's data; type and message are for people.

use std::any::type_name;
use std::fmt::Display;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Error, FailureKind, StepFailure, short_type_name};
use crate::wire::{ErrorObject, limits};

/// What a recorded error turned out to be.
pub(crate) enum Decoded<E> {
    /// The value that the body returned.
    Value(E),
    /// A failure that `E` cannot express.
    Failure(StepFailure),
    /// Neither: today's `E` does not read what was recorded.
    Unreadable(String),
}

/// Whether `E` can express a failure: the ready-made error can, and a failure itself. Asked by name, because `E` need
/// not be `'static` and there is no specialization.
pub(crate) fn takes_failures<E>() -> bool {
    is::<E, Error>() || is::<E, StepFailure>()
}

fn is<E, Known>() -> bool {
    type_name::<E>() == type_name::<Known>()
}

/// Records an error.
pub(crate) fn encode_error<E: Serialize + DeserializeOwned + Display>(error: &E) -> Result<ErrorObject, StepFailure> {
    let data = serde_json::to_string(error).map_err(|cause| {
        let text = format!("an error of type {} does not serialize: {cause}", type_name::<E>());
        StepFailure::new(FailureKind::NotRecordable, text)
    })?;
    if let Err(cause) = serde_json::from_str::<E>(&data) {
        let kind = type_name::<E>();
        let text = format!("an error of type {kind} does not read back from its own record: {cause}; it said: {error}");
        return Err(StepFailure::new(FailureKind::NotRecordable, text));
    }
    let error_type = if takes_failures::<E>() { inner_type::<E>(&data) } else { short_type_name::<E>() };
    let object = ErrorObject { error_data: Some(data), ..ErrorObject::new(error_type, error.to_string()) };
    let bytes = object.json_bytes();
    if bytes > limits::ERROR_BYTES {
        let text = format!("an error of {bytes} bytes is over the service's limit of {} bytes", limits::ERROR_BYTES);
        return Err(StepFailure::new(FailureKind::ErrorTooLarge, text));
    }
    Ok(object)
}

/// The type name that an error which [`takes_failures`] carries inside.
fn inner_type<E>(data: &str) -> String {
    if is::<E, StepFailure>() {
        return serde_json::from_str(data).map_or_else(|_| short_type_name::<E>(), |it: StepFailure| it.type_name());
    }
    serde_json::from_str(data).map_or_else(|_| short_type_name::<E>(), |error: Error| error.type_name().to_owned())
}

/// Reads a recorded error back as the variant that it was.
pub(crate) fn decode_error<E: DeserializeOwned>(object: &ErrorObject) -> Decoded<E> {
    // `Error` carries a failure with whatever was added to it.
    if takes_failures::<E>()
        && let Some(error) = object.error_data.as_deref().and_then(|data| serde_json::from_str(data).ok())
    {
        return Decoded::Value(error);
    }
    if let Some(failure) = StepFailure::from_object(object) {
        return match takes_failures::<E>().then(|| convert::<E>(&failure)).flatten() {
            Some(error) => Decoded::Value(error),
            None => Decoded::Failure(failure),
        };
    }
    match serde_json::from_str(object.error_data.as_deref().unwrap_or("null")) {
        Ok(error) => Decoded::Value(error),
        Err(cause) => Decoded::Unreadable(format!("{object} does not read as {}: {cause}", type_name::<E>())),
    }
}

/// A failure as an `E` that [`takes_failures`].
fn convert<E: DeserializeOwned>(failure: &StepFailure) -> Option<E> {
    let value = if is::<E, StepFailure>() {
        serde_json::to_value(failure)
    } else {
        serde_json::to_value(Error::of_failure(failure))
    };
    serde_json::from_value(value.ok()?).ok()
}
