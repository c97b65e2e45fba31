//! Texts on their way to and from the wire, through the codec that covers a context. Knows no codec.

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::super::fatal::Fatal;
use super::Context;
use crate::error::{BoxError, FailureKind, StepFailure};
use crate::serdes::{Codec, SerdesPlace};
use crate::wire::{ErrorObject, Operation, OperationId, limits};

impl Context {
    /// Where `id` is recorded, for those who turn values into text.
    pub(crate) fn place<'a>(&'a self, id: &'a OperationId) -> SerdesPlace<'a> {
        SerdesPlace::new(self.execution_arn(), id)
    }

    fn codec(&self) -> Option<&Arc<dyn Codec>> {
        self.0.codec.get().or_else(|| self.0.outer.as_ref()?.codec())
    }

    /// A text as it goes onto the wire. A codec that fails ends the invocation: another one tries again.
    pub(crate) fn seal(&self, id: &OperationId, text: String) -> String {
        let Some(codec) = self.codec() else { return text };
        caught(|| codec.encode(text, self.place(id))).unwrap_or_else(|cause| {
            self.0.shared.cut_off(Fatal::Serdes(cause.to_string()));
            String::new()
        })
    }

    /// An error as it goes onto the wire.
    pub(crate) fn seal_error(&self, id: &OperationId, error: ErrorObject) -> ErrorObject {
        let Some(codec) = self.codec() else { return error };
        caught(|| codec.encode_error(error, self.place(id))).unwrap_or_else(|cause| {
            self.0.shared.cut_off(Fatal::Serdes(cause.to_string()));
            ErrorObject::default()
        })
    }

    /// An error that the wire takes also when the codec has made it larger, or the failure that says it does not.
    pub(crate) fn fit_error(&self, id: &OperationId, error: ErrorObject) -> ErrorObject {
        if self.codec().is_none() {
            return error;
        }
        let bytes = self.seal_error(id, error.clone()).json_bytes();
        if bytes <= limits::ERROR_BYTES {
            return error;
        }
        let limit = limits::ERROR_BYTES;
        let text = format!("an error of {bytes} bytes behind its codec is over the service's limit of {limit} bytes");
        StepFailure::new(FailureKind::ErrorTooLarge, text).to_object()
    }

    /// A record of a step or a context as it was before it went onto the wire. Never returns when the codec fails.
    pub(crate) async fn unsealed(&self, mut record: Box<Operation>) -> Box<Operation> {
        let Some(codec) = self.codec() else { return record };
        match caught(|| unseal(&**codec, &mut record, self.execution_arn())) {
            Ok(()) => record,
            Err(cause) => {
                self.0.shared.end_with(Fatal::Serdes(cause.to_string()));
                pending().await
            }
        }
    }
}

/// A codec that panics has failed like any other.
fn caught<T>(call: impl FnOnce() -> Result<T, BoxError>) -> Result<T, BoxError> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|panic| Err(StepFailure::panicked(&*panic).into()))
}

fn unseal(codec: &dyn Codec, record: &mut Operation, arn: &str) -> Result<(), BoxError> {
    let id = record.id;
    let place = SerdesPlace::new(arn, &id);
    let text = |text: &mut Option<String>| -> Result<(), BoxError> {
        *text = text.take().map(|text| codec.decode(text, place)).transpose()?;
        Ok(())
    };
    let error = |error: &mut Option<ErrorObject>| -> Result<(), BoxError> {
        *error = error.take().map(|error| codec.decode_error(error, place)).transpose()?;
        Ok(())
    };
    if let Some(details) = &mut record.step_details {
        text(&mut details.result)?;
        error(&mut details.error)?;
    }
    if let Some(details) = &mut record.context_details {
        // What is recorded in place of a result that was too large is the runtime's own.
        if details.replay_children != Some(true) {
            text(&mut details.result)?;
        }
        error(&mut details.error)?;
    }
    Ok(())
}
