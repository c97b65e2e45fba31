//! A store opened for looking only, beside its owner or without one.

use std::path::Path;

use rusqlite::Connection;

use super::super::arn::Arn;
use super::super::error::EngineError;
use super::super::summary::{ExecutionSummary, ListFilter, OperationSummary};
use super::lock::real_path;
use super::queries;
use super::schema::{open_shared, unusable};
use super::writer::{JobError, is_unreadable, unreadable};
use crate::wire::{HistoryEvent, OperationId};

/// A store opened for looking only: needs no lock and sees what its owner has committed. One that lies where nothing
/// can be written is read as it was when it was opened.
///
/// # Errors
/// Every question fails when the store cannot be read, and those about one execution when it is not there.
#[derive(Debug)]
pub struct Reader {
    connection: Connection,
}

impl Reader {
    /// Opens the store at `path`.
    ///
    /// # Errors
    /// When there is none, or the file is something else.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, EngineError> {
        let path = path.as_ref();
        if matches!(path.try_exists(), Ok(false)) {
            return Err(EngineError::NoStore { path: path.to_owned() });
        }
        Ok(Self { connection: open_shared(&real_path(path)?, false)? })
    }

    /// One execution.
    ///
    /// # Errors
    /// See [`Reader`].
    pub fn describe(&self, arn: &Arn) -> Result<ExecutionSummary, EngineError> {
        self.ask(|connection| queries::describe(connection, arn))
    }

    /// Executions, newest first.
    ///
    /// # Errors
    /// See [`Reader`].
    pub fn list(&self, filter: &ListFilter) -> Result<Vec<ExecutionSummary>, EngineError> {
        self.ask(|connection| queries::list(connection, filter))
    }

    /// All operations of an execution in the order of their start, those that its function no longer sees included.
    ///
    /// # Errors
    /// See [`Reader`].
    pub fn operations(&self, arn: &Arn) -> Result<Vec<OperationSummary>, EngineError> {
        self.ask(|connection| queries::operations(connection, arn))
    }

    /// The history of an execution.
    ///
    /// # Errors
    /// See [`Reader`].
    pub fn history(&self, arn: &Arn) -> Result<Vec<HistoryEvent>, EngineError> {
        self.ask(|connection| queries::history(connection, arn))
    }

    /// The execution that `text` names; see [`Engine::find`](crate::engine::Engine::find).
    ///
    /// # Errors
    /// When there is none, or several.
    pub fn find(&self, text: &str) -> Result<Arn, EngineError> {
        self.ask(|connection| queries::find(connection, text))
    }

    /// The execution and the operation of the callback with this id, which is open.
    pub(crate) fn open_callback(&self, id: &str) -> Result<(Arn, OperationId), EngineError> {
        self.ask(|connection| queries::open_callback(connection, id))
    }

    fn ask<T>(&self, question: impl FnOnce(&Connection) -> Result<T, JobError>) -> Result<T, EngineError> {
        question(&self.connection).map_err(|error| match error {
            JobError::Refused(refusal) => refusal,
            JobError::Failed(error) if is_unreadable(&error) => unreadable(&error),
            JobError::Failed(error) => unusable(Path::new(self.connection.path().unwrap_or_default()), &error),
        })
    }
}
