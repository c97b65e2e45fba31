//! How recorded outcomes become the values that user code sees, the same way live and replayed.

use crate::core::{Context, Spec};
use crate::error::{Decoded, StepFailure, decode_error, encode_error, takes_failures};
use crate::operation::Recordable;
use crate::serdes;
use crate::wire::{ErrorObject, OperationId};

/// The end of an operation as it is recorded.
pub(crate) type Recorded = Result<String, ErrorObject>;

/// Turns the end of a body into what is recorded. A result that cannot be recorded is a failure.
pub(crate) fn record<R: Recordable>(ended: Result<R, StepFailure>) -> (Recorded, Option<R::Ok>) {
    let encoded = ended.and_then(|result| match result.into_result() {
        Ok(value) => serdes::round_trip(&value).map(|(text, value)| (Ok(text), Some(value))),
        Err(error) => encode_error(&error).map(|object| (Err(object), None)),
    });
    encoded.unwrap_or_else(|failure| (Err(failure.to_object()), None))
}

/// The value of a recorded result. A text that today's type does not read ends the invocation as a divergence.
pub(crate) async fn value<T: serde::de::DeserializeOwned>(
    cx: &Context,
    id: &OperationId,
    spec: &Spec<'_>,
    text: Option<&str>,
) -> T {
    match serdes::decode(text) {
        Ok(value) => value,
        Err(why) => cx.unreadable(id, spec, &why).await,
    }
}

/// The error of a recorded failure: the variant that the body returned. A failure that `E` cannot express ends
/// the context around it instead.
pub(crate) async fn error<E: serde::de::DeserializeOwned>(
    cx: &Context,
    id: &OperationId,
    spec: &Spec<'_>,
    object: &ErrorObject,
) -> E {
    match decode_error(object) {
        Decoded::Value(error) => error,
        Decoded::Failure(failure) => cx.escalate(failure).await,
        Decoded::Unreadable(why) => cx.unreadable(id, spec, &why).await,
    }
}

/// The failure that an error object is marked as, if it is.
pub(crate) fn failure(object: &ErrorObject) -> Option<StepFailure> {
    StepFailure::from_object(object)
}

/// What somebody outside answered to the operation `name`, and does not read as what it waits for.
pub(crate) fn unreadable_answer(name: &str, why: &str) -> ErrorObject {
    ErrorObject::new("UnreadableAnswer", format!("the answer to `{name}`: {why}"))
}

/// Fails an operation before anything of it is recorded. Its position is used up all the same.
pub(crate) async fn refuse<E: serde::de::DeserializeOwned>(cx: &Context, failure: StepFailure) -> E {
    cx.skip();
    let expressed = takes_failures::<E>().then(|| decode_error(&failure.to_object()));
    match expressed {
        Some(Decoded::Value(error)) => error,
        _ => cx.escalate(failure).await,
    }
}
