//! What comes from outside an execution: stops, and answers to callbacks.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::arn::Arn;
use super::error::{ClosedBy, EngineError};
use super::machine::Settlement;
use super::service::{Message, Phase};
use super::shared::Shared;
use super::store;
use super::summary::ExecutionSummary;
use crate::wire::{ErrorObject, OperationId, limits};

impl Shared {
    /// One execution as the store has it, with what this process knows about its function.
    pub(crate) async fn describe(&self, arn: &Arn) -> Result<ExecutionSummary, EngineError> {
        let asked = arn.clone();
        let summary = self.store.read(move |connection| store::describe(connection, &asked)).await?;
        Ok(self.complete(summary))
    }

    /// Says whether the function is registered.
    pub(crate) fn complete(&self, mut summary: ExecutionSummary) -> ExecutionSummary {
        summary.registered = Some(summary.status.is_terminal() || self.function(&summary.function).is_some());
        summary
    }

    pub(crate) async fn stop(
        self: &Arc<Self>,
        arn: &Arn,
        error: Option<ErrorObject>,
    ) -> Result<ExecutionSummary, EngineError> {
        let summary = self.describe(arn).await?;
        if summary.status.is_terminal() {
            return Ok(summary);
        }
        let message = "Execution stopped by user request.";
        let error = error.unwrap_or(ErrorObject { error_message: Some(message.to_owned()), ..ErrorObject::default() });
        if error.json_bytes() > limits::ERROR_BYTES {
            let reason = format!("the error takes more than {} bytes as JSON", limits::ERROR_BYTES);
            return Err(EngineError::InvalidInput { reason });
        }
        // Without an answer it ended by itself meanwhile.
        let _ = self.ask(arn, |reply| Message::Stop { error, reply }).await;
        self.check_up()?;
        let summary = self.describe(arn).await?;
        if summary.status.is_terminal() {
            return Ok(summary);
        }
        self.check_readable(arn)?;
        Ok(summary)
    }

    /// An error when the execution cannot be read, which is then known of it.
    fn check_readable(&self, arn: &Arn) -> Result<(), EngineError> {
        match self.address(arn).map(|address| address.phase.borrow().clone()) {
            Some(Phase::Unreadable(error)) => Err(error),
            _ => Ok(()),
        }
    }

    pub(crate) async fn complete_callback(
        self: &Arc<Self>,
        id: &str,
        outcome: Result<Vec<u8>, ErrorObject>,
    ) -> Result<(), EngineError> {
        let settlement = match check_answer(outcome)? {
            Ok(text) => Settlement::Succeeded(Some(text).filter(|text| !text.is_empty())),
            Err(error) => Settlement::Failed(error),
        };
        let (arn, operation) = self.callback(id).await?;
        let settle = |reply| Message::Settle { operation, settlement, reply: Some(reply) };
        self.ask_callback(id, &arn, settle).await
    }

    pub(crate) async fn heartbeat(self: &Arc<Self>, id: &str) -> Result<(), EngineError> {
        let (arn, operation) = self.callback(id).await?;
        self.ask_callback(id, &arn, |reply| Message::Heartbeat { operation, reply }).await
    }

    /// The execution and the operation of a callback that is open as far as the store knows.
    async fn callback(&self, id: &str) -> Result<(Arn, OperationId), EngineError> {
        let id = id.to_owned();
        self.store.read(move |connection| store::open_callback(connection, &id)).await
    }

    async fn ask_callback(
        self: &Arc<Self>,
        id: &str,
        arn: &Arn,
        message: impl FnOnce(oneshot::Sender<bool>) -> Message,
    ) -> Result<(), EngineError> {
        // What was taken is recorded, whatever has become of the engine since.
        if self.ask(arn, message).await == Some(true) {
            return Ok(());
        }
        self.check_up()?;
        self.check_readable(arn)?;
        // It was open a moment ago: the store says what closed it.
        self.callback(id).await?;
        Err(EngineError::CallbackClosed { id: id.to_owned(), by: ClosedBy::Answer })
    }

    /// Asks a live execution; `None` when it ended before it could answer.
    async fn ask<T>(self: &Arc<Self>, arn: &Arn, message: impl FnOnce(oneshot::Sender<T>) -> Message) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.ensure_live(arn)?.requests.send(message(reply)).ok()?;
        answer.await.ok()
    }
}

/// The answer to a callback as text, when it is one that the service would take.
pub(crate) fn check_answer(outcome: Result<Vec<u8>, ErrorObject>) -> Result<Result<String, ErrorObject>, EngineError> {
    let invalid = |reason: String| Err(EngineError::InvalidInput { reason });
    match outcome {
        Ok(bytes) if bytes.len() > limits::PAYLOAD_BYTES => {
            invalid(format!("the callback's result takes more than {} bytes", limits::PAYLOAD_BYTES))
        }
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Ok(Ok(text)),
            Err(error) => invalid(format!("the callback's result is not UTF-8 text: {error}")),
        },
        Err(error) if error.json_bytes() > limits::ERROR_BYTES => {
            invalid(format!("the error takes more than {} bytes as JSON", limits::ERROR_BYTES))
        }
        Err(error) => Ok(Err(error)),
    }
}
