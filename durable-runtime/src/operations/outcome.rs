//! How recorded outcomes become the values that user code sees, the same way live and replayed.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::core::{Context, Spec};
use crate::error::{Decoded, StepFailure, decode_error, takes_failures};
use crate::operation::Recordable;
use crate::serdes::{self, Coding};
use crate::wire::{ErrorObject, OperationId};

/// The end of an operation as it is recorded.
pub(crate) type Recorded = Result<String, ErrorObject>;

/// The end of a step or a context as it is or was recorded, and the fresh output where it ran and gave a value.
pub(crate) type End<R> = (Result<Option<String>, ErrorObject>, Option<R>);

/// Turns the end of a body into what is recorded. A result that cannot be recorded is a failure.
pub(crate) fn record<R>(
    cx: &Context,
    id: &OperationId,
    ended: Result<R, StepFailure>,
    coding: &dyn Coding<R>,
) -> (Recorded, Option<R>) {
    // Serializing is the user's code as well: its panic is this operation's failure and nobody else's.
    let recorded = ended.and_then(|output| {
        let record = AssertUnwindSafe(|| coding.record(output, cx.place(id)));
        catch_unwind(record).unwrap_or_else(|panic| Err(StepFailure::panicked(&*panic)))
    });
    let (recorded, output) = recorded.unwrap_or_else(|failure| (Err(failure.to_object()), None));
    (recorded.map_err(|error| cx.fit_error(id, error)), output)
}

/// Reads a recorded text by the user's code. What panics over it does not read it.
pub(crate) fn caught<T>(read: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|panic| Err(StepFailure::panicked(&*panic).to_string()))
}

/// The output of an operation that is over: fresh, or read from its record.
pub(crate) async fn output<R: Recordable>(
    cx: &Context,
    id: &OperationId,
    spec: &Spec<'_>,
    (ended, fresh): End<R>,
    coding: &dyn Coding<R>,
) -> R {
    match (ended, fresh) {
        (Ok(_), Some(output)) => output,
        (Ok(text), None) => match caught(|| coding.read(text.as_deref(), cx.place(id))) {
            Ok(output) => output,
            Err(why) => cx.unreadable(id, spec, &why).await,
        },
        (Err(error), _) => R::from_result(Err(self::error(cx, id, spec, &error).await)),
    }
}

/// A recorded value that is JSON. A text that today's type does not read ends the invocation as a divergence.
pub(crate) async fn value<T: serde::de::DeserializeOwned>(
    cx: &Context,
    id: &OperationId,
    spec: &Spec<'_>,
    text: Option<&str>,
) -> T {
    match caught(|| serdes::decode(text)) {
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
    match caught(|| Ok(decode_error(object))).unwrap_or_else(Decoded::Unreadable) {
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
    // The reason may quote all of the answer.
    ErrorObject::new("UnreadableAnswer", StepFailure::shortened(format!("the answer to `{name}`: {why}")))
}

/// Fails an operation before anything of it is recorded. Its position is used up all the same.
pub(crate) async fn refuse<E: serde::de::DeserializeOwned>(cx: &Context, failure: StepFailure) -> E {
    cx.skip();
    express(cx, failure).await
}

/// A failure as an `E`. Where `E` cannot express it, it ends the context instead.
pub(crate) async fn express<E: serde::de::DeserializeOwned>(cx: &Context, failure: StepFailure) -> E {
    let expressed = takes_failures::<E>().then(|| decode_error(&failure.to_object()));
    match expressed {
        Some(Decoded::Value(error)) => error,
        _ => cx.escalate(failure).await,
    }
}
