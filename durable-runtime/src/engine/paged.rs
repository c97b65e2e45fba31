//! What a server asks of the engine beyond what a program does: the data plane of any execution, and histories and
//! lists in pages. Knows no transport and no texts of markers.

use super::arn::Arn;
use super::error::EngineError;
use super::service::EngineService;
use super::summary::ExecutionStatus;
use super::{Engine, store};
use crate::service::{DurableService, ServiceError};
use crate::wire::{CheckpointRequest, CheckpointResponse, HistoryEvent, StatePage, StateRequest, Timestamp};

/// Which part of a history to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryQuery {
    /// The event to begin with, by its number; `None` for the first in the order asked for.
    pub from: Option<u64>,
    /// At most this many events, at least 1.
    pub limit: usize,
    /// From the newest to the oldest.
    pub newest_first: bool,
}

/// A part of a history.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HistoryPage {
    /// The events, in the order asked for.
    pub events: Vec<HistoryEvent>,
    /// The event that the next page begins with; `None` when there is none.
    pub next: Option<u64>,
}

/// Which executions of a function to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListQuery {
    /// Only those of this function.
    pub function: String,
    /// Only the one of this name.
    pub name: Option<String>,
    /// Only those in one of these statuses; any when `None`, none at all when empty.
    pub statuses: Option<Vec<ExecutionStatus>>,
    /// Only those that were started later than this.
    pub started_after: Option<Timestamp>,
    /// Only those that were started earlier than this.
    pub started_before: Option<Timestamp>,
    /// From the oldest to the newest; the other way round by default.
    pub oldest_first: bool,
    /// Where the page before this one said that it goes on.
    pub from: Option<i64>,
    /// At most this many, at least 1.
    pub limit: usize,
}

/// A part of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListPage {
    /// The executions, in the order asked for.
    pub executions: Vec<ListedExecution>,
    /// Where the next page begins; `None` when there is none.
    pub next: Option<i64>,
}

/// An execution in a list, without its payloads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedExecution {
    /// Its ARN.
    pub arn: Arn,
    /// Its name.
    pub name: String,
    /// Its function.
    pub function: String,
    /// Its status.
    pub status: ExecutionStatus,
    /// When it was started.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
}

impl Engine {
    /// Applies a checkpoint of the invocation in flight, whose function may run anywhere: all updates or none.
    ///
    /// # Errors
    /// As the service: a token that is not the current one of an execution that is being invoked is refused as
    /// [`ServiceError::stale_token`], whatever else is true of the execution; an update that cannot be applied by
    /// the model's names; and a stopped engine is unavailable.
    pub async fn checkpoint(&self, request: CheckpointRequest) -> Result<CheckpointResponse, ServiceError> {
        let plane = self.data_plane(&request.durable_execution_arn)?;
        self.alive(plane.checkpoint(request).await)
    }

    /// A page of what the function of the invocation in flight may see. Does not use the token up.
    ///
    /// # Errors
    /// As [`checkpoint`](Self::checkpoint).
    pub async fn state(&self, request: StateRequest) -> Result<StatePage, ServiceError> {
        let plane = self.data_plane(&request.durable_execution_arn)?;
        self.alive(plane.state(request).await)
    }

    /// Where an execution takes its checkpoints. One that is not live is not being invoked: no token of it counts.
    fn data_plane(&self, arn: &str) -> Result<EngineService, ServiceError> {
        let shared = self.shared();
        shared.check_up().map_err(|down| ServiceError::unavailable(down.to_string()))?;
        let address = Arn::parse(arn).ok().and_then(|arn| shared.address(&arn));
        address.map(|address| EngineService::new(address.requests, address.phase)).ok_or_else(ServiceError::stale_token)
    }

    /// An execution that is gone because the engine stopped has not refused anything.
    fn alive<T>(&self, answer: Result<T, ServiceError>) -> Result<T, ServiceError> {
        answer.map_err(|error| match self.shared().check_up() {
            Ok(()) => error,
            Err(down) => ServiceError::unavailable(down.to_string()),
        })
    }

    /// A part of an execution's history. A page also ends where it would take more bytes than a page of state (see
    /// [`EngineOptions::page_size`](super::EngineOptions::page_size)), but holds at least one event.
    ///
    /// # Errors
    /// When the execution is not in the store.
    pub async fn history_page(&self, arn: &Arn, query: HistoryQuery) -> Result<HistoryPage, EngineError> {
        let (arn, bytes) = (arn.clone(), self.shared().options.page_bytes);
        self.shared().store.read(move |connection| store::history_page(connection, &arn, &query, bytes)).await
    }

    /// A part of the list of a function's executions.
    ///
    /// # Errors
    /// [`EngineError::UnknownFunction`] when the function is not registered and the store has no execution of it.
    pub async fn list_page(&self, query: ListQuery) -> Result<ListPage, EngineError> {
        let shared = self.shared();
        if shared.function(&query.function).is_none() {
            let function = query.function.clone();
            if !shared.store.read(move |connection| store::knows_function(connection, &function)).await? {
                let (function, known) = (query.function, shared.function_names());
                return Err(EngineError::UnknownFunction { function, known });
            }
        }
        shared.store.read(move |connection| store::list_page(connection, &query)).await
    }

    /// The names of the registered functions, in alphabetical order.
    #[must_use]
    pub fn functions(&self) -> Vec<String> {
        self.shared().function_names()
    }
}
