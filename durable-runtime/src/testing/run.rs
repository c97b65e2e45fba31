//! What happened in one execution: its end, its operations by name path, its requests.

use std::collections::HashMap;

use serde::de::DeserializeOwned;

use super::recording::Exchange;
use crate::engine::{ExecutionStatus, ExecutionSummary, OperationSummary};
use crate::error::BoxError;
use crate::wire::{ErrorObject, HistoryEvent, OperationId, OperationStatus};

/// An execution that has ended, or is BLOCKED.
#[derive(Debug, Clone)]
pub struct Run {
    summary: ExecutionSummary,
    operations: Vec<RunOperation>,
    history: Vec<HistoryEvent>,
    exchanges: Vec<Exchange>,
}

/// One operation of a run.
#[derive(Debug, Clone)]
pub struct RunOperation {
    path: String,
    summary: OperationSummary,
}

impl RunOperation {
    /// The names from the handler down, as [`StepInfo::path`](crate::StepInfo::path) gives them.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        self.summary.operation.id.as_str()
    }

    /// Its status.
    #[must_use]
    pub const fn status(&self) -> OperationStatus {
        self.summary.operation.status
    }

    /// Attempts that have finished, for a step; 0 for everything else.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.summary.operation.step_details.as_ref().map_or(0, |details| details.attempt)
    }

    /// The result, read as a `T`.
    ///
    /// # Errors
    /// When the operation has no result, because it failed or because its kind has none, or the result is no `T`.
    pub fn result<T: DeserializeOwned>(&self) -> Result<T, BoxError> {
        let (result, error) = self.summary.operation.outcome();
        match (result.filter(|_| self.status() == OperationStatus::Succeeded), error) {
            (Some(text), _) => Ok(serde_json::from_str(text)?),
            (None, Some(error)) => Err(format!("`{}` failed: {error}", self.path).into()),
            (None, None) => Err(format!("`{}` is {:?} and has no result", self.path, self.status()).into()),
        }
    }

    /// The error, when it failed, or when its last attempt did and there is another to come.
    #[must_use]
    pub fn error(&self) -> Option<&ErrorObject> {
        self.summary.operation.outcome().1
    }

    /// Everything that the engine knows of it.
    #[must_use]
    pub const fn summary(&self) -> &OperationSummary {
        &self.summary
    }
}

impl Run {
    pub(crate) fn new(
        summary: ExecutionSummary,
        operations: Vec<OperationSummary>,
        history: Vec<HistoryEvent>,
        exchanges: Vec<Exchange>,
    ) -> Self {
        let operations = with_paths(&summary.function, operations);
        Self { summary, operations, history, exchanges }
    }

    /// The execution's status. A BLOCKED one is `Running`.
    #[must_use]
    pub const fn status(&self) -> ExecutionStatus {
        self.summary.status
    }

    /// The report, when the execution is BLOCKED.
    #[must_use]
    pub fn blocked(&self) -> Option<&str> {
        self.summary.blocked.as_deref()
    }

    /// The result, read as a `T`.
    ///
    /// # Errors
    /// When the execution did not succeed, or its result is no `T`.
    pub fn result<T: DeserializeOwned>(&self) -> Result<T, BoxError> {
        match (&self.summary.result, &self.summary.error) {
            (Some(text), _) => Ok(serde_json::from_str(text)?),
            (None, Some(error)) => Err(format!("the execution ended {}: {error}", self.summary.status).into()),
            (None, None) => match self.blocked() {
                Some(report) => {
                    Err(format!("the execution is BLOCKED: the code does not fit its history\n{report}").into())
                }
                None => Err(format!("the execution is {} and has no result", self.summary.status).into()),
            },
        }
    }

    /// The error, when there is one.
    #[must_use]
    pub const fn error(&self) -> Option<&ErrorObject> {
        self.summary.error.as_ref()
    }

    /// The execution as a whole.
    #[must_use]
    pub const fn summary(&self) -> &ExecutionSummary {
        &self.summary
    }

    /// Every operation, in the order of their start.
    #[must_use]
    pub fn operations(&self) -> &[RunOperation] {
        &self.operations
    }

    /// The operation at a path of names, such as `checkout / parallel / label / quote`; the first, when there are several.
    #[must_use]
    pub fn operation(&self, path: &str) -> Option<&RunOperation> {
        self.operations_at(path).next()
    }

    /// Every operation at a path of names, in the order of their start: those of a loop without keys share one.
    pub fn operations_at(&self, path: &str) -> impl Iterator<Item = &RunOperation> {
        self.operations.iter().filter(move |operation| operation.path == path)
    }

    /// The history's events.
    #[must_use]
    pub fn history(&self) -> &[HistoryEvent] {
        &self.history
    }

    /// How many checkpoint requests the execution took.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.exchanges.len()
    }

    /// The checkpoint requests themselves.
    #[must_use]
    pub fn exchanges(&self) -> &[Exchange] {
        &self.exchanges
    }
}

/// Operations come in the order of their start, so a parent's path is known before its children's.
fn with_paths(function: &str, operations: Vec<OperationSummary>) -> Vec<RunOperation> {
    let mut paths: HashMap<OperationId, String> = HashMap::new();
    let located = operations.into_iter().map(|summary| {
        let operation = &summary.operation;
        let parent = operation.parent_id.as_ref().and_then(|parent| paths.get(parent)).map_or(function, String::as_str);
        let path = format!("{parent} / {}", operation.name.as_deref().unwrap_or("?"));
        paths.insert(operation.id, path.clone());
        RunOperation { path, summary }
    });
    located.collect()
}
