//! `invoke`: another function, run by the service. This one need not exist meanwhile.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::builder::naming;
use super::outcome;
use crate::core::{Claim, Context, Name, Spec};
use crate::error::{BoxError, FailureKind, InvokeError, StepFailure};
use crate::operation::Operation;
use crate::serdes::{Serdes, SerdesPlace};
use crate::wire::{
    Action, ChainedInvokeOptions, OperationId, OperationStatus, OperationType, OperationUpdate, SubType, limits,
};

/// An invocation of another function: the service's CHAINED_INVOKE. Made by [`invoke`].
#[must_use = "an operation does nothing unless it is awaited in a `#[durable]` function"]
pub struct Invoke<Out> {
    name: Name,
    options: ChainedInvokeOptions,
    /// The input's text, made at once: it may borrow, the operation does not.
    payload: Result<String, StepFailure>,
    read: Read<Out>,
}

/// Reads the target's result.
type Read<Out> = Box<dyn Fn(Option<&str>, SerdesPlace<'_>) -> Result<Out, String> + Send + Sync>;

/// Invokes another function with an input and waits for its result.
///
/// `function` is a name or ARN, on AWS with a version or alias behind a colon; the embedded engine knows functions by
/// the name that they were registered under. The operation is named after it, so that a changed target is noticed on replay. The
/// input is at most 1 MiB of JSON.
///
/// ```no_run
/// # use durable_runtime::prelude::*;
/// #[durable]
/// async fn order(id: String) -> Result<u64> {
///     Ok(invoke::<u64>("price", &id).await?)
/// }
/// ```
pub fn invoke<Out: DeserializeOwned + Send>(
    function: impl Into<String>,
    input: &(impl Serialize + ?Sized),
) -> Invoke<Out> {
    invoke_text(function.into(), serde_json::to_string(input).map_err(Into::into))
}

/// [`invoke`] with an input that is not sent as JSON. The serdes is asked at once, before the operation has a place.
pub fn invoke_with<Out: DeserializeOwned + Send, In>(
    function: impl Into<String>,
    input: &In,
    serdes: &impl Serdes<In>,
) -> Invoke<Out> {
    let id = OperationId::default();
    invoke_text(function.into(), serdes.serialize(input, SerdesPlace::new("", &id)))
}

fn invoke_text<Out: DeserializeOwned + Send>(function_name: String, payload: Result<String, BoxError>) -> Invoke<Out> {
    let mut name = Name::default_of("invoke");
    name.set(function_name.clone());
    let payload = payload.map_err(|cause| {
        StepFailure::new(FailureKind::NotRecordable, format!("the input does not serialize: {cause}"))
    });
    let options = ChainedInvokeOptions { function_name, ..ChainedInvokeOptions::default() };
    Invoke { name, options, payload, read: Box::new(|text, _| crate::serdes::decode(text)) }
}

impl<Out> Invoke<Out> {
    /// Reads the target's result with a serdes of your own instead of as JSON.
    pub fn result_serdes(mut self, serdes: impl Serdes<Out>) -> Self {
        self.read = Box::new(move |text, place| {
            serdes.deserialize(text.unwrap_or_default(), place).map_err(|cause| cause.to_string())
        });
        self
    }

    /// The tenant to invoke the function for, 1 to 256 characters.
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.options.tenant_id = Some(tenant.into());
        self
    }
}

naming!(impl [Out] Invoke<Out>);

fn checked(
    name: &Name,
    options: &ChainedInvokeOptions,
    payload: Result<String, StepFailure>,
) -> Result<String, StepFailure> {
    name.validate()?;
    let refused = |text: String| Err(StepFailure::new(FailureKind::SettingRefused, text));
    let fits = |text: &str| (1..=256).contains(&text.len());
    if !fits(&options.function_name) {
        return refused(format!("`{}` cannot name a function: 1 to 256 characters", options.function_name));
    }
    if options.tenant_id.as_deref().is_some_and(|tenant| !fits(tenant)) {
        return refused("a tenant has 1 to 256 characters".to_owned());
    }
    let payload = payload?;
    if payload.len() > limits::PAYLOAD_BYTES {
        let (bytes, limit) = (payload.len(), limits::PAYLOAD_BYTES);
        return refused(format!("an input of {bytes} bytes is over the service's limit of {limit} bytes"));
    }
    Ok(payload)
}

impl<Out: DeserializeOwned + Send> Operation for Invoke<Out> {
    type Output = Result<Out, InvokeError>;

    async fn run(self, cx: &Context) -> Result<Out, InvokeError> {
        let Self { name, options, payload, read } = self;
        let sub_type = SubType::CHAINED_INVOKE;
        let spec = Spec { operation_type: OperationType::ChainedInvoke, sub_type, name: name.as_str() };
        let payload = match checked(&name, &options, payload) {
            Ok(payload) => payload,
            Err(refused) => {
                cx.skip();
                return Err(InvokeError::Failed(refused.to_object()));
            }
        };
        let Claim { id, recorded } = cx.claim(&spec).await;
        let record = match recorded {
            Some(record) if record.status.is_terminal() => record,
            Some(record) => {
                cx.watch(record);
                cx.moved(id, None).await
            }
            None => {
                let update = OperationUpdate {
                    payload: Some(payload),
                    chained_invoke_options: Some(options),
                    ..cx.update(id, &spec, Action::Start)
                };
                let start = cx.start_watched(update).await;
                cx.moved(id, Some(start)).await
            }
        };
        let details = record.chained_invoke_details.unwrap_or_default();
        let error = details.error.unwrap_or_default();
        match record.status {
            OperationStatus::Succeeded => match outcome::caught(|| read(details.result.as_deref(), cx.place(&id))) {
                Ok(output) => Ok(output),
                // The target's answer is the outside's: one of the wrong shape is a failure, not a divergence.
                Err(why) => Err(InvokeError::Failed(outcome::unreadable_answer(name.as_str(), &why))),
            },
            OperationStatus::TimedOut => Err(InvokeError::TimedOut(error)),
            OperationStatus::Stopped => Err(InvokeError::Stopped(error)),
            _ => Err(InvokeError::Failed(error)),
        }
    }
}
