//! The state that durable code, the driver and the checkpointer of one invocation share, behind one short lock.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use tokio::sync::Notify;

use super::fatal::Fatal;
use super::journal::Journal;
use super::observer::Observer;
use super::outbox::Outbox;
use super::parked::Parked;
use super::wakers::sanctioned;
use crate::clock::Clock;
use crate::function::HostFacts;
use crate::wire::{Operation, OperationId, OperationType, Operations, Timestamp};

/// One invocation, as seen from inside.
pub(crate) struct Shared {
    state: Mutex<State>,
    /// Tells the checkpointer to look again.
    pub(crate) attention: Notify,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) execution: ExecutionFacts,
    /// Tells plugins what happens; `None` without plugins.
    pub(crate) observer: Option<Observer>,
}

/// What an execution is called, and what its host says of this invocation.
pub(crate) struct ExecutionFacts {
    pub(crate) arn: String,
    pub(crate) function_name: String,
    pub(crate) request_id: String,
    /// When the host ends this invocation, if it does.
    pub(crate) deadline: Option<Timestamp>,
    pub(crate) host: HostFacts,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) journal: Journal,
    pub(crate) outbox: Outbox,
    pub(crate) parked: Parked,
    /// Step bodies and untracked futures that run.
    pub(crate) live: usize,
    /// Whether durable code has returned from its last poll.
    pub(crate) idle: bool,
    /// Whether durable code has come to its end, so that everything queued is to be sent.
    pub(crate) draining: bool,
    /// Whether the checkpointer is to stop.
    pub(crate) closed: bool,
    pub(crate) fatal: Option<Fatal>,
    /// Whether nothing is sent any more, because a request failed or what is queued is not to be trusted.
    pub(crate) cut_off: bool,
    pub(crate) driver: Option<Waker>,
}

impl Shared {
    pub(crate) fn new(
        journal: Journal,
        clock: Arc<dyn Clock>,
        execution: ExecutionFacts,
        observer: Option<Observer>,
    ) -> Self {
        let state = Mutex::new(State { journal, ..State::default() });
        Self { state, attention: Notify::new(), clock, execution, observer }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        // A panic under this lock would be ours, between two consistent states: nothing is half-done in it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the invocation, unless something else did already, and sends nothing more.
    pub(crate) fn cut_off(&self, fatal: Fatal) {
        self.lock().cut_off = true;
        self.end_with(fatal);
    }

    /// Ends the invocation, unless something else did already. What is queued is still sent.
    pub(crate) fn end_with(&self, fatal: Fatal) {
        let mut state = self.lock();
        state.fatal.get_or_insert(fatal);
        state.wake_driver();
        drop(state);
        self.attention.notify_one();
    }
}

impl State {
    pub(crate) fn wake_driver(&mut self) {
        if let Some(driver) = self.driver.take() {
            driver.wake();
        }
    }

    /// Hands the record of `id` out. One that the service will move on is watched from this moment, so that no news
    /// can fall between the record and its watch.
    pub(crate) fn claim(&mut self, id: &OperationId) -> Option<Box<Operation>> {
        let recorded = self.journal.take(id)?;
        if !recorded.status.is_terminal() && recorded.operation_type != OperationType::Context {
            self.parked.watch(*id, None);
        }
        Some(recorded)
    }

    /// Takes what the service reported. Whether something that is waited for has moved on.
    ///
    /// Wakes happen under the lock, so that the driver never sees news without the wake that belongs to them.
    pub(crate) fn merge(&mut self, news: Operations) -> bool {
        sanctioned(|| {
            let mut moved = false;
            for operation in news {
                // Finished operations are never looked at again, and most news are echoes of our own updates.
                if !self.journal.refresh(&operation) {
                    moved |= self.parked.merge(operation);
                }
            }
            moved
        })
    }
}
