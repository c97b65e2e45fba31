//! The embedded engine: the service's state machine inside the process, on one SQLite file. Knows nothing of the
//! types of functions, nor of who asks: the command line, a test or a server.

mod arn;
mod error;
mod options;
mod summary;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::broadcast;

pub use arn::Arn;
pub use error::EngineError;
pub use options::EngineOptions;
pub use summary::{
    Change, ChangeKind, ExecutionStatus, ExecutionSummary, ListFilter, OperationSummary, Resumed, StartOptions, Started,
};

use crate::function::Function;
use crate::wire::{ErrorObject, HistoryEvent};

/// The engine on one store. Clones share it; it stops when it is closed or the last clone is dropped.
#[derive(Clone)]
pub struct Engine {
    options: Arc<EngineOptions>,
}

#[allow(clippy::unused_async, missing_docs, clippy::missing_errors_doc)]
impl Engine {
    #[must_use]
    pub fn options() -> EngineOptions {
        EngineOptions::default()
    }

    pub async fn open(path: impl AsRef<Path>) -> Result<Self, EngineError> {
        EngineOptions::default().open(path).await
    }

    pub async fn open_in_memory() -> Result<Self, EngineError> {
        EngineOptions::default().open_in_memory().await
    }

    pub(crate) async fn with_options(options: EngineOptions, _path: Option<PathBuf>) -> Result<Self, EngineError> {
        Ok(Self { options: Arc::new(options) })
    }

    pub fn register(&self, _name: impl Into<String>, _function: Arc<dyn Function>) {}

    pub async fn resume(&self) -> Result<Resumed, EngineError> {
        Err(EngineError::Closed)
    }

    pub async fn start(
        &self,
        _function: &str,
        _input_json: &str,
        _options: StartOptions,
    ) -> Result<Started, EngineError> {
        Err(EngineError::Closed)
    }

    pub async fn wait(&self, _arn: &Arn) -> Result<ExecutionSummary, EngineError> {
        Err(EngineError::Closed)
    }

    pub async fn describe(&self, _arn: &Arn) -> Result<ExecutionSummary, EngineError> {
        Err(EngineError::Closed)
    }

    pub async fn list(&self, _filter: ListFilter) -> Result<Vec<ExecutionSummary>, EngineError> {
        Err(EngineError::Closed)
    }

    pub async fn operations(&self, _arn: &Arn) -> Result<Vec<OperationSummary>, EngineError> {
        Err(EngineError::Closed)
    }

    pub async fn history(&self, _arn: &Arn) -> Result<Vec<HistoryEvent>, EngineError> {
        Err(EngineError::Closed)
    }

    pub async fn find(&self, _text: &str) -> Result<Arn, EngineError> {
        Err(EngineError::Closed)
    }

    pub async fn stop(&self, _arn: &Arn, _error: Option<ErrorObject>) -> Result<ExecutionSummary, EngineError> {
        Err(EngineError::Closed)
    }

    pub async fn complete_callback(
        &self,
        _callback_id: &str,
        _outcome: Result<Vec<u8>, ErrorObject>,
    ) -> Result<(), EngineError> {
        Err(EngineError::Closed)
    }

    pub async fn heartbeat(&self, _callback_id: &str) -> Result<(), EngineError> {
        Err(EngineError::Closed)
    }

    #[must_use]
    pub fn watch(&self) -> broadcast::Receiver<Change> {
        let _ = &self.options;
        broadcast::channel(1).1
    }

    pub async fn close(&self) -> Result<(), EngineError> {
        Ok(())
    }
}

/// A store opened for looking only: needs no lock, sees what its owner has committed.
pub struct Reader {}

#[allow(missing_docs, clippy::missing_errors_doc)]
impl Reader {
    pub fn open(_path: impl AsRef<Path>) -> Result<Self, EngineError> {
        Err(EngineError::Closed)
    }

    pub fn describe(&self, _arn: &Arn) -> Result<ExecutionSummary, EngineError> {
        Err(EngineError::Closed)
    }

    pub fn list(&self, _filter: &ListFilter) -> Result<Vec<ExecutionSummary>, EngineError> {
        Err(EngineError::Closed)
    }

    pub fn operations(&self, _arn: &Arn) -> Result<Vec<OperationSummary>, EngineError> {
        Err(EngineError::Closed)
    }

    pub fn history(&self, _arn: &Arn) -> Result<Vec<HistoryEvent>, EngineError> {
        Err(EngineError::Closed)
    }

    pub fn find(&self, _text: &str) -> Result<Arn, EngineError> {
        Err(EngineError::Closed)
    }
}

/// Stops an execution of a store whoever owns it: by a request in the store's inbox that the owner applies, or, with
/// no owner alive, by taking the lock. Resolves when it is done.
///
/// # Errors
/// As [`Engine::open`] and [`Engine::stop`].
pub async fn stop_in_store(
    path: impl AsRef<Path>,
    arn: &Arn,
    error: Option<ErrorObject>,
) -> Result<ExecutionSummary, EngineError> {
    Engine::open(path).await?.stop(arn, error).await
}
