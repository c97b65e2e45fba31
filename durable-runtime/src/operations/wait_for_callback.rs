//! `wait_for_callback`: creates a callback, has a step hand its id out, and waits for the answer. One context.

use std::borrow::Cow;

use serde::de::DeserializeOwned;

use super::branch::{Setting, Standing, run_content};
use super::builder::naming;
use super::callback::{CallbackSettings, callback_settings, create};
use super::outcome::{self, End};
use crate::clock::BoxFuture;
use crate::core::{Claim, Context, Name, Spec};
use crate::error::{CallbackError, StepFailure, encode_error};
use crate::operation::{Operation, Recordable};
use crate::serdes::Plain;
use crate::wire::{OperationId, OperationType, SubType};

/// A callback with its submitter. Made by [`wait_for_callback`].
#[must_use = "an operation does nothing unless it is awaited in a `#[durable]` function"]
pub struct WaitForCallback<T, F> {
    name: Name,
    settings: CallbackSettings<T>,
    submit: F,
}

/// Creates a callback, runs the submitter with its id, and waits for the answer: JSON that reads as a `T`.
///
/// The submitter is an operation, usually a step that hands the id to somebody, with its own retry policy. When it fails
/// for good, so does the whole, as [`CallbackError::Submitter`].
///
/// ```no_run
/// # use durable_runtime::prelude::*;
/// #[step]
/// async fn ask(callback_id: String, order: &str) -> Result<()> { Ok(()) }
///
/// #[durable]
/// async fn approved(order: String) -> Result<bool> {
///     Ok(wait_for_callback("approval", |id| ask(id, &order)).timeout(hours(24)).await?)
/// }
/// ```
pub fn wait_for_callback<T, F, O>(name: impl Into<Cow<'static, str>>, submit: F) -> WaitForCallback<T, F>
where
    T: DeserializeOwned + Send,
    F: FnOnce(String) -> O + Send,
    O: Operation,
    O::Output: Recordable,
{
    let mut given = Name::default_of("wait_for_callback");
    given.set(name);
    WaitForCallback { name: given, settings: CallbackSettings::json(), submit }
}

naming!(impl [T, F] WaitForCallback<T, F>);
callback_settings!(impl [T, F] WaitForCallback<T, F>);

impl<T, F, O> Operation for WaitForCallback<T, F>
where
    T: serde::Serialize + DeserializeOwned + Send,
    F: FnOnce(String) -> O + Send,
    O: Operation,
    O::Output: Recordable,
{
    type Output = Result<T, CallbackError>;

    async fn run(self, cx: &Context) -> Result<T, CallbackError> {
        let Self { name, settings, submit } = self;
        let spec =
            Spec { operation_type: OperationType::Context, sub_type: SubType::WAIT_FOR_CALLBACK, name: name.as_str() };
        let failed = |failure: &StepFailure| CallbackError::Submitter(failure.to_object());
        if let Err(refused) = name.validate() {
            cx.skip();
            return Err(failed(&refused));
        }
        let Claim { id, recorded } = cx.claim(&spec).await;
        let end = match Standing::of(recorded) {
            Standing::Over(ended) => (ended, None),
            Standing::Runs(runs) => {
                let content: BoxFuture<'_, End<Self::Output>> =
                    Box::pin(run_content(cx, (id, &spec), (runs, Setting::default()), &Plain, |inside| async move {
                        submit_and_wait(inside, settings, submit).await.map_err(|error| fitted(cx, &id, error))
                    }));
                content.await
            }
        };
        // A failure of the submitter's that its error type cannot express is still the submitter's.
        if let (Err(error), _) = &end
            && let Some(failure) = StepFailure::from_object(error)
        {
            return Err(failed(&failure));
        }
        outcome::output(cx, &id, &spec, end, &Plain).await
    }
}

/// The error as one that can be recorded: whose it is stays, also when what it says is too large.
fn fitted(cx: &Context, id: &OperationId, error: CallbackError) -> CallbackError {
    let recorded = encode_error(&error).map(|object| cx.fit_error(id, object));
    let too_large = match recorded {
        Ok(object) => match StepFailure::from_object(&object) {
            Some(failure) => failure.to_object(),
            None => return error,
        },
        Err(failure) => failure.to_object(),
    };
    match error {
        CallbackError::Submitter(_) => CallbackError::Submitter(too_large),
        CallbackError::Failed(_) => CallbackError::Failed(too_large),
        CallbackError::TimedOut | CallbackError::HeartbeatLost => error,
    }
}

/// The content of the context: the callback is its first operation, the submitter its second.
async fn submit_and_wait<T, F, O>(cx: Context, settings: CallbackSettings<T>, submit: F) -> Result<T, CallbackError>
where
    T: DeserializeOwned + Send,
    F: FnOnce(String) -> O + Send,
    O: Operation,
    O::Output: Recordable,
{
    let failed = |failure: StepFailure| CallbackError::Submitter(failure.to_object());
    let handle = create(&cx, &Name::default_of("callback"), settings).await.map_err(failed)?;
    let submitter = submit(handle.id().to_owned());
    if let Err(error) = submitter.run(&cx).await.into_result() {
        return Err(CallbackError::Submitter(encode_error(&error).unwrap_or_else(|failure| failure.to_object())));
    }
    handle.result().run(&cx).await
}
