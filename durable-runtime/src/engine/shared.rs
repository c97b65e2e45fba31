//! What all live executions of an engine share: the store, the functions, and each other's addresses.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::{broadcast, mpsc, watch};
use tokio::task::AbortHandle;

use super::arn::Arn;
use super::error::EngineError;
use super::guards;
use super::live;
use super::machine::Registry;
use super::options::EngineOptions;
use super::service::{Message, Phase};
use super::store::Store;
use super::summary::{Change, ChangeKind};
use crate::function::Function;

/// Changes that a slow watcher may lag behind before it misses some.
const CHANGES: usize = 4096;

pub(crate) struct Shared {
    pub(crate) options: EngineOptions,
    pub(crate) store: Store,
    registered: Mutex<HashMap<String, Arc<dyn Function>>>,
    live: Mutex<HashMap<String, Address>>,
    changes: broadcast::Sender<Change>,
    /// Why nothing runs any more.
    down: watch::Sender<Option<EngineError>>,
    /// Counts executions that became live: those who wait for one that is not look here.
    pub(crate) arrivals: watch::Sender<u64>,
    /// Held from the reading of a request in the inbox until its answer is written: what was done is not called refused.
    pub(crate) post: tokio::sync::Mutex<()>,
    /// Counts tasks of executions and of functions that are not gone yet.
    pub(crate) tasks: watch::Sender<usize>,
    runtime: Handle,
}

/// Where a live execution is reached.
#[derive(Clone)]
pub(crate) struct Address {
    pub(crate) requests: mpsc::UnboundedSender<Message>,
    pub(crate) phase: watch::Receiver<Phase>,
    task: AbortHandle,
}

/// A poisoned lock guards a map that is whole after every statement.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(crate) fn new(options: EngineOptions, store: Store) -> Self {
        Self {
            options,
            store,
            registered: Mutex::default(),
            live: Mutex::default(),
            changes: broadcast::Sender::new(CHANGES),
            down: watch::Sender::new(None),
            arrivals: watch::Sender::new(0),
            post: tokio::sync::Mutex::default(),
            tasks: watch::Sender::new(0),
            runtime: Handle::current(),
        }
    }

    /// The default timeout of executions in whole seconds.
    pub(crate) fn timeout_seconds(&self) -> u64 {
        whole_seconds(self.options.execution_timeout)
    }

    pub(crate) fn register(&self, name: String, function: Arc<dyn Function>) {
        lock(&self.registered).insert(name, function);
    }

    pub(crate) fn function(&self, name: &str) -> Option<Arc<dyn Function>> {
        lock(&self.registered).get(name).cloned()
    }

    /// The registered names in alphabetical order.
    pub(crate) fn function_names(&self) -> Vec<String> {
        let mut names: Vec<_> = lock(&self.registered).keys().cloned().collect();
        names.sort_unstable();
        names
    }

    /// The live execution, made live if it was not. It is not invoked before it is activated. `None` once nothing
    /// runs any more.
    pub(crate) fn ensure_live(self: &Arc<Self>, arn: &Arn) -> Option<Address> {
        let mut live = lock(&self.live);
        if let Some(address) = live.get(arn.id()) {
            return Some(address.clone());
        }
        // Looked at under the lock: what is made live before the engine stops is found there and aborted.
        self.check_up().ok()?;
        let (requests, inbox) = mpsc::unbounded_channel();
        let (phase_sender, phase) = watch::channel(Phase::Loading);
        let running = live::run(Arc::clone(self), arn.clone(), requests.clone(), inbox, phase_sender);
        let task = self.runtime.spawn(guards::watched(self, running)).abort_handle();
        let address = Address { requests, phase, task };
        live.insert(arn.id().to_owned(), address.clone());
        drop(live);
        self.arrivals.send_modify(|count| *count += 1);
        Some(address)
    }

    /// The live execution, if it is.
    pub(crate) fn address(&self, arn: &Arn) -> Option<Address> {
        lock(&self.live).get(arn.id()).cloned()
    }

    /// Lets an execution run.
    pub(crate) fn activate(self: &Arc<Self>, arn: &Arn) {
        if let Some(address) = self.ensure_live(arn) {
            let _ = address.requests.send(Message::Activate);
        }
    }

    /// Tells a live execution something. One that is not live finds it in the store when it is taken up.
    pub(crate) fn tell(&self, arn: &Arn, message: Message) {
        if let Some(address) = self.address(arn) {
            let _ = address.requests.send(message);
        }
    }

    /// Drops the memory of an execution that has ended.
    pub(crate) fn forget(&self, arn: &Arn) {
        lock(&self.live).remove(arn.id());
    }

    pub(crate) fn watch(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }

    pub(crate) fn has_watchers(&self) -> bool {
        self.changes.receiver_count() > 0
    }

    pub(crate) fn published(&self, arn: &Arn, kind: ChangeKind) {
        if self.has_watchers() {
            // Nobody listening any more is no failure.
            let _ = self.changes.send(Change { arn: arn.clone(), kind });
        }
    }

    /// Stops everything: what was acknowledged is in the store, what was not is undone by the next engine.
    pub(crate) fn fail(&self, error: EngineError) {
        self.note_down(error);
        for (_, address) in lock(&self.live).drain() {
            address.task.abort();
        }
    }

    /// Says that nothing runs any more, without touching what lives: whoever calls may hold the lock on that.
    pub(crate) fn note_down(&self, error: EngineError) {
        self.down.send_if_modified(|down| {
            let first = down.is_none();
            down.get_or_insert(error);
            first
        });
    }

    /// An error once the engine has stopped.
    pub(crate) fn check_up(&self) -> Result<(), EngineError> {
        self.down.borrow().clone().map_or(Ok(()), Err)
    }

    /// Resolves when the engine stops.
    pub(crate) async fn stopped(&self) -> EngineError {
        let mut down = self.down.subscribe();
        let error = down.wait_for(Option::is_some).await.ok().and_then(|down| down.clone());
        error.unwrap_or(EngineError::Closed)
    }
}

impl Registry for Arc<Shared> {
    fn is_registered(&self, function: &str) -> bool {
        lock(&self.registered).contains_key(function)
    }
}

/// Whole seconds, rounded up, at least one and at most 366 days.
pub(crate) fn whole_seconds(duration: std::time::Duration) -> u64 {
    let rounded = duration.as_secs().saturating_add(u64::from(duration.subsec_nanos() > 0));
    rounded.clamp(1, crate::wire::limits::DELAY_SECONDS)
}

/// A random identity in the form of a UUID.
pub(crate) fn random_id() -> String {
    let mut bytes = [0; 16];
    if getrandom::fill(&mut bytes).is_err() {
        // Without the system's randomness the standard library's seed is the next best thing to be unique by.
        use std::hash::{BuildHasher, Hasher};
        let draw = || std::hash::RandomState::new().build_hasher().finish();
        bytes = ((u128::from(draw()) << 64) | u128::from(draw())).to_be_bytes();
    }
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}
