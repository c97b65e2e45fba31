//! Values to recorded text and back. The same round trip serves live and replayed values, so that both see equals.

use std::any::type_name;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{FailureKind, StepFailure};

/// The text to record for `value`, and the value that replay will read from it.
pub(crate) fn round_trip<T: Serialize + DeserializeOwned>(value: &T) -> Result<(String, T), StepFailure> {
    let unrecordable = |what: &str, cause: serde_json::Error| {
        let text = format!("a result of type {} does not {what}: {cause}", type_name::<T>());
        StepFailure::new(FailureKind::NotRecordable, text)
    };
    let text = serde_json::to_string(value).map_err(|cause| unrecordable("serialize", cause))?;
    let back = serde_json::from_str(&text).map_err(|cause| unrecordable("read back from its own record", cause))?;
    Ok((text, back))
}

/// Reads a recorded text. The error is for the divergence report.
pub(crate) fn decode<T: DeserializeOwned>(text: Option<&str>) -> Result<T, String> {
    serde_json::from_str(text.unwrap_or("null"))
        .map_err(|cause| format!("the recorded result does not read as {}: {cause}", type_name::<T>()))
}
