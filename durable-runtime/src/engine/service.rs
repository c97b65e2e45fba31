//! The service that functions are given: the engine's execution behind the runtime's trait.

use tokio::sync::{mpsc, oneshot};

use super::live::Message;
use crate::clock::BoxFuture;
use crate::service::{DurableService, ServiceError};
use crate::wire::{CheckpointRequest, CheckpointResponse, StatePage, StateRequest};

/// One execution's data plane. Outlives its invocation and its execution: its token does not.
pub(crate) struct EngineService {
    execution: mpsc::UnboundedSender<Message>,
}

impl EngineService {
    pub(crate) const fn new(execution: mpsc::UnboundedSender<Message>) -> Self {
        Self { execution }
    }

    async fn ask<T>(
        &self,
        message: impl FnOnce(oneshot::Sender<Result<T, ServiceError>>) -> Message,
    ) -> Result<T, ServiceError> {
        let (reply, answer) = oneshot::channel();
        // Nobody there: the execution is over, or the engine is closed and the next one will invoke again.
        self.execution.send(message(reply)).map_err(|_| ServiceError::stale_token())?;
        answer.await.unwrap_or_else(|_| Err(ServiceError::stale_token()))
    }
}

impl DurableService for EngineService {
    fn checkpoint(&self, request: CheckpointRequest) -> BoxFuture<'_, Result<CheckpointResponse, ServiceError>> {
        Box::pin(self.ask(|reply| Message::Checkpoint(request, reply)))
    }

    fn state(&self, request: StateRequest) -> BoxFuture<'_, Result<StatePage, ServiceError>> {
        Box::pin(self.ask(|reply| Message::State(request, reply)))
    }
}
