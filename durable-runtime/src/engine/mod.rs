//! The embedded engine: the service's state machine inside the process, on one SQLite file. Knows nothing of the
//! types of functions, nor of who asks: the command line, a test or a server.

mod alarm;
mod arn;
mod beside;
mod demand;
mod error;
mod guards;
mod live;
mod machine;
mod options;
mod outside;
mod paged;
mod post;
mod service;
mod shared;
mod store;
mod summary;
mod token;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast;

pub use arn::{Arn, VERSION, function_arn};
pub use beside::{complete_callback_in_store, heartbeat_in_store, stop_in_store};
pub use error::{ClosedBy, EngineError};
pub use options::EngineOptions;
pub use paged::{HistoryPage, HistoryQuery, ListPage, ListQuery, ListedExecution};
pub use store::Reader;
pub use summary::{
    Change, ChangeKind, ExecutionStatus, ExecutionSummary, ListFilter, OperationSummary, Resumed, StartOptions, Started,
};

pub(crate) use arn::{FUNCTION_NAME_CHARS, is_function_name};
pub(crate) use beside::{DoneBy, carry_out};
pub(crate) use demand::Demand;
#[cfg(feature = "server")]
pub(crate) use shared::random_id as fresh_request_id;

use crate::function::Function;
use crate::wire::{ErrorObject, HistoryEvent};
use machine::NewExecution;
use service::Phase;
use shared::Shared;
use store::{Creation, Store, Unfinished};

/// Bytes of an execution's input, as the service limits it.
const INPUT_BYTES: usize = 6 * 1024 * 1024;

/// The engine on one store. Clones share it; it stops when it is closed or its last clone is dropped. Whatever it
/// acknowledged is in the store then, and the next engine goes on from there. [`close`](Self::close) stops it in good
/// order; dropping it waits for nothing.
///
/// # Errors
/// Beside what each method says, every one fails with [`EngineError::Closed`] once the engine is closed, and with
/// [`EngineError::StoreFailed`] or [`EngineError::StoreLost`] once its store has failed or was taken from it, and with
/// [`EngineError::Stopped`] once the runtime that it was opened in is gone.
#[derive(Clone)]
pub struct Engine {
    owner: Arc<Owner>,
}

/// Stops the engine when the last handle on it goes.
struct Owner {
    shared: Arc<Shared>,
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.shared.fail(EngineError::Closed);
        self.shared.store.close();
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl Engine {
    /// Settings for opening an engine.
    #[must_use]
    pub fn options() -> EngineOptions {
        EngineOptions::default()
    }

    /// Opens the store at `path` with default settings; see [`EngineOptions::open`].
    ///
    /// # Errors
    /// When another process owns the store, the file is no store or a newer one, or it cannot be written.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, EngineError> {
        EngineOptions::default().open(path).await
    }

    /// Opens an empty store in memory with default settings; see [`EngineOptions::open_in_memory`].
    ///
    /// # Errors
    /// When SQLite cannot make one.
    pub async fn open_in_memory() -> Result<Self, EngineError> {
        EngineOptions::default().open_in_memory().await
    }

    pub(crate) async fn with_options(options: EngineOptions, path: Option<PathBuf>) -> Result<Self, EngineError> {
        let on_disk = path.is_some();
        let inline = options.clock.is_virtual();
        let store = if inline {
            Store::open(path, Duration::ZERO, true)?
        } else {
            let patience = options.lock_timeout;
            let opened = tokio::task::spawn_blocking(move || Store::open(path, patience, false)).await;
            opened.map_err(|error| EngineError::StoreFailed { reason: error.to_string() })??
        };
        let shared = Arc::new(Shared::new(options, store));
        if on_disk && !inline {
            tokio::spawn(post::watch(Arc::downgrade(&shared)));
        }
        Ok(Self { owner: Arc::new(Owner { shared }) })
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.owner.shared
    }

    /// Registers a function under `name`: executions of it run in this process from now on. A second one of the same
    /// name replaces the first for invocations to come.
    pub fn register(&self, name: impl Into<String>, function: Arc<dyn Function>) {
        self.shared().register(name.into(), function);
    }

    /// Dispatches everything that is unfinished and whose function is registered, what was BLOCKED by an earlier
    /// build included, and does what other processes have asked for. What cannot be read rests and keeps nothing else
    /// from running.
    ///
    /// # Errors
    /// See [`Engine`].
    pub async fn resume(&self) -> Result<Resumed, EngineError> {
        let shared = self.shared();
        shared.check_up()?;
        post::look(shared).await?;
        let mut resumed = Resumed::default();
        for Unfinished { arn, function } in shared.store.read(store::unfinished).await? {
            // One without its function does not run; it times out all the same, and says so to who waits for it.
            shared.activate(&arn);
            let list =
                if shared.function(&function).is_some() { &mut resumed.running } else { &mut resumed.unregistered };
            list.push(arn);
        }
        Ok(resumed)
    }

    /// Starts an execution of `function` with `input_json`, at most 6 MiB of JSON. Returns once it is recorded: from
    /// then on it survives anything the disk does.
    ///
    /// # Errors
    /// When the function is not registered, the input is not JSON or too large, or the name is invalid or taken by
    /// an execution with another input.
    pub async fn start(&self, function: &str, input_json: &str, options: StartOptions) -> Result<Started, EngineError> {
        let shared = self.shared();
        shared.check_up()?;
        if shared.function(function).is_none() {
            let (function, known) = (function.to_owned(), shared.function_names());
            return Err(EngineError::UnknownFunction { function, known });
        }
        check_input(input_json)?;
        let name = options.name.unwrap_or_else(shared::random_id);
        arn::check_name(&name)?;
        let arn = Arn::compose(function, &name, &shared::random_id());
        let new = NewExecution {
            arn: arn.clone(),
            function: function.to_owned(),
            input: input_json.to_owned(),
            started: shared.options.clock.now(),
            timeout_seconds: options.timeout.map_or_else(|| shared.timeout_seconds(), shared::whole_seconds),
            parent: None,
        };
        let (arn, existing) = match shared.store.write(move |connection| store::create(connection, &new)).await? {
            Creation::New => (arn, false),
            Creation::Existing(arn) => (arn, true),
        };
        if !existing {
            shared.published(&arn, ChangeKind::Started);
        }
        shared.activate(&arn);
        Ok(Started { arn, existing })
    }

    /// Waits until the execution has ended or is BLOCKED (then `blocked` says why).
    ///
    /// # Errors
    /// [`EngineError::NotRegistered`] when its function is not registered here, and [`EngineError::Unreadable`] when
    /// the store does not give it back: waiting would never end.
    pub async fn wait(&self, arn: &Arn) -> Result<ExecutionSummary, EngineError> {
        let shared = self.shared();
        tokio::select! {
            biased;
            summary = wait_for(shared, arn) => summary,
            error = shared.stopped() => Err(error),
        }
    }

    /// One execution.
    ///
    /// # Errors
    /// When it is not in the store.
    pub async fn describe(&self, arn: &Arn) -> Result<ExecutionSummary, EngineError> {
        self.shared().describe(arn).await
    }

    /// Executions, newest first.
    ///
    /// # Errors
    /// See [`Engine`].
    pub async fn list(&self, filter: ListFilter) -> Result<Vec<ExecutionSummary>, EngineError> {
        let shared = self.shared();
        let listed = shared.store.read(move |connection| store::list(connection, &filter)).await?;
        Ok(listed.into_iter().map(|summary| shared.complete(summary)).collect())
    }

    /// All operations of an execution in the order of their start, those that its function no longer sees included.
    ///
    /// # Errors
    /// When the execution is not in the store.
    pub async fn operations(&self, arn: &Arn) -> Result<Vec<OperationSummary>, EngineError> {
        let arn = arn.clone();
        self.shared().store.read(move |connection| store::operations(connection, &arn)).await
    }

    /// The history of an execution: one event per transition, numbered from 1.
    ///
    /// # Errors
    /// When the execution is not in the store.
    pub async fn history(&self, arn: &Arn) -> Result<Vec<HistoryEvent>, EngineError> {
        let arn = arn.clone();
        self.shared().store.read(move |connection| store::history(connection, &arn)).await
    }

    /// The execution that `text` names: its ARN, its name, the ARN's last segment, or the beginning of either of the
    /// two that fits no other execution.
    ///
    /// # Errors
    /// When nothing fits, or several do.
    pub async fn find(&self, text: &str) -> Result<Arn, EngineError> {
        let text = text.to_owned();
        self.shared().store.read(move |connection| store::find(connection, &text)).await
    }

    /// Stops an execution: it ends STOPPED with `error`, its open operations stay as they are, and a function that
    /// runs learns it at its next checkpoint. One that has ended stays as it is. Returns the execution.
    ///
    /// # Errors
    /// When it is not in the store, or the error is larger than 32,768 bytes as JSON.
    pub async fn stop(&self, arn: &Arn, error: Option<ErrorObject>) -> Result<ExecutionSummary, EngineError> {
        self.shared().stop(arn, error).await
    }

    /// Answers a callback with text of at most 1 MiB (empty: no result), or with an error.
    ///
    /// # Errors
    /// When there is no such callback, it is closed, or the answer is too large or no UTF-8.
    pub async fn complete_callback(
        &self,
        callback_id: &str,
        outcome: Result<Vec<u8>, ErrorObject>,
    ) -> Result<(), EngineError> {
        self.shared().complete_callback(callback_id, outcome).await
    }

    /// Says that whoever is to answer a callback is still at work: its heartbeat timeout begins anew.
    ///
    /// # Errors
    /// When there is no such callback, or it is closed.
    pub async fn heartbeat(&self, callback_id: &str) -> Result<(), EngineError> {
        self.shared().heartbeat(callback_id).await
    }

    /// Changes of all executions from now on, each published after its commit. A watcher that lags far behind misses
    /// some and is told so.
    #[must_use]
    pub fn watch(&self) -> broadcast::Receiver<Change> {
        self.shared().watch()
    }

    /// Resolves when the engine has stopped, with why: it was closed, or its store failed or was taken from it.
    pub async fn stopped(&self) -> EngineError {
        self.shared().stopped().await
    }

    /// Stops the engine: functions are dropped where they wait, what was asked for is written, the lock is given up.
    /// Executions go on with the next engine.
    ///
    /// A function that is at work is dropped at its next await, and the lock is kept until then. Two things are not
    /// waited for: what functions moved off their task (blocking and spawned step bodies), and any function at all
    /// when the last handle on the engine is dropped instead. The next engine may run such a body a second time
    /// beside the first, whose result nobody records.
    ///
    /// # Errors
    /// When the store had failed.
    pub async fn close(&self) -> Result<(), EngineError> {
        let shared = self.shared();
        let answered = shared.post.lock().await;
        shared.fail(EngineError::Closed);
        drop(answered);
        // A body that is being polled goes on to its next await: the next owner must not run it beside that.
        let _ = shared.tasks.subscribe().wait_for(|tasks| *tasks == 0).await;
        if shared.options.clock.is_virtual() {
            shared.store.close();
        } else {
            let store = shared.store.clone();
            let closed = tokio::task::spawn_blocking(move || store.close()).await;
            closed.map_err(|error| EngineError::StoreFailed { reason: error.to_string() })?;
        }
        match shared.check_up() {
            Ok(()) | Err(EngineError::Closed) => Ok(()),
            Err(failure) => Err(failure),
        }
    }
}

fn check_input(input_json: &str) -> Result<(), EngineError> {
    let invalid = |reason: String| EngineError::InvalidInput { reason };
    if input_json.len() > INPUT_BYTES {
        return Err(invalid(format!("it takes {} bytes and {INPUT_BYTES} are allowed", input_json.len())));
    }
    let parsed = serde_json::from_str::<serde::de::IgnoredAny>(input_json);
    parsed.map(|_| ()).map_err(|error| invalid(format!("it is not JSON: {error}")))
}

async fn wait_for(shared: &Arc<Shared>, arn: &Arn) -> Result<ExecutionSummary, EngineError> {
    let mut arrivals = shared.arrivals.subscribe();
    loop {
        shared.check_up()?;
        let _ = arrivals.borrow_and_update();
        let mut live = shared.address(arn).map(|address| address.phase);
        let settled = |phase: &Phase| !matches!(phase, Phase::Loading | Phase::Running);
        let phase = match &mut live {
            Some(phase) => phase.wait_for(settled).await.map_or(Phase::Ended, |phase| phase.clone()),
            None => Phase::Inactive,
        };
        let mut summary = shared.describe(arn).await?;
        if summary.status.is_terminal() {
            return Ok(summary);
        }
        if let Phase::Unreadable(error) = phase {
            return Err(error);
        }
        if let Phase::Blocked(report) = phase {
            summary.blocked.get_or_insert_with(|| report.to_string());
            return Ok(summary);
        }
        if summary.registered == Some(false) {
            return Err(EngineError::NotRegistered { arn: arn.clone(), function: summary.function });
        }
        // Registered, and nobody has resumed it yet.
        match &mut live {
            Some(phase) => drop(phase.changed().await),
            None => drop(arrivals.changed().await),
        }
    }
}
