//! How a live execution is spoken to: its messages, and the service that its function is given.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};

use super::error::EngineError;
use super::machine::Settlement;
use crate::clock::BoxFuture;
use crate::function::InvocationOutcome;
use crate::service::{DurableService, ServiceError};
use crate::wire::{CheckpointRequest, CheckpointResponse, ErrorObject, OperationId, StatePage, StateRequest};

/// What a live execution can be asked.
pub(crate) enum Message {
    Checkpoint(CheckpointRequest, oneshot::Sender<Result<CheckpointResponse, ServiceError>>),
    State(StateRequest, oneshot::Sender<Result<StatePage, ServiceError>>),
    Answer {
        request_id: String,
        outcome: InvocationOutcome,
    },
    /// A callback's or a chained invoke's end; answered with whether the operation was open.
    Settle {
        operation: OperationId,
        settlement: Settlement,
        reply: Option<oneshot::Sender<bool>>,
    },
    Heartbeat {
        operation: OperationId,
        reply: oneshot::Sender<bool>,
    },
    Stop {
        error: ErrorObject,
        reply: oneshot::Sender<()>,
    },
    /// Its function may be invoked from now on.
    Activate,
    /// The target of a chained invoke will not go on by itself, for the reason given; without one it does again.
    TargetBlocked {
        operation: OperationId,
        report: Option<String>,
    },
}

/// What those who wait for an execution look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Phase {
    Loading,
    /// Nothing runs it in this process: its function is not registered, or nobody resumed it.
    Inactive,
    Running,
    /// It, or what alone it waits for, is BLOCKED; with the report.
    Blocked(Arc<str>),
    /// The store does not give it back.
    Unreadable(EngineError),
    Ended,
}

/// One execution's data plane. Outlives its invocation and its execution: its token does not.
pub(crate) struct EngineService {
    execution: mpsc::UnboundedSender<Message>,
    phase: watch::Receiver<Phase>,
}

impl EngineService {
    pub(crate) const fn new(execution: mpsc::UnboundedSender<Message>, phase: watch::Receiver<Phase>) -> Self {
        Self { execution, phase }
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

    fn ended(&self) -> BoxFuture<'_, ()> {
        let mut phase = self.phase.clone();
        // Without an execution there is nothing more to wait for either.
        Box::pin(async move { drop(phase.wait_for(|phase| *phase == Phase::Ended).await) })
    }
}
