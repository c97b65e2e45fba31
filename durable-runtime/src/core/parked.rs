//! Operations that wait for the service: timers, retries, and later callbacks and invokes.

use std::collections::HashMap;
use std::task::Waker;

use crate::wire::{Operation, OperationId, OperationStatus, Timestamp};

/// One operation whose state the service will change.
#[derive(Default)]
struct Watched {
    latest: Option<Box<Operation>>,
    waker: Option<Waker>,
}

/// The operations of this invocation that the service will change, and who waits for them.
#[derive(Default)]
pub(crate) struct Parked {
    watched: HashMap<OperationId, Watched>,
    waiting: usize,
}

impl Parked {
    /// From now on keeps what the service says of `id`. What it has said already is newer than `recorded`.
    pub(crate) fn watch(&mut self, id: OperationId, recorded: Option<Box<Operation>>) {
        let watched = self.watched.entry(id).or_default();
        watched.latest = watched.latest.take().or(recorded);
    }

    /// The operation once it has moved on: finished, or ready for its next attempt. Otherwise `waker` waits.
    pub(crate) fn poll(&mut self, id: &OperationId, waker: &Waker) -> Option<Box<Operation>> {
        let watched = self.watched.get_mut(id)?;
        if watched.latest.as_deref().is_some_and(has_moved) {
            let moved = watched.latest.take();
            self.forget(id);
            return moved;
        }
        if watched.waker.replace(waker.clone()).is_none() {
            self.waiting += 1;
        }
        None
    }

    /// What the service last said of `id`.
    pub(crate) fn latest(&self, id: &OperationId) -> Option<&Operation> {
        self.watched.get(id)?.latest.as_deref()
    }

    /// Nobody will ask for `id` any more.
    pub(crate) fn forget(&mut self, id: &OperationId) {
        if self.watched.remove(id).is_some_and(|watched| watched.waker.is_some()) {
            self.waiting -= 1;
        }
    }

    /// Takes news of an operation. Whether it moved something that is waited for.
    pub(crate) fn merge(&mut self, operation: Box<Operation>) -> bool {
        let Some(watched) = self.watched.get_mut(&operation.id) else { return false };
        let moved = has_moved(&operation);
        watched.latest = Some(operation);
        match &watched.waker {
            Some(waker) if moved => {
                waker.wake_by_ref();
                true
            }
            _ => false,
        }
    }

    /// Whether anything is waited for.
    pub(crate) const fn is_any_waiting(&self) -> bool {
        self.waiting > 0
    }

    /// When the earliest of the awaited operations is due, and whether some are due at no known time.
    pub(crate) fn due(&self) -> (Option<Timestamp>, bool) {
        let waiting = self.watched.values().filter(|watched| watched.waker.is_some());
        waiting.fold((None, false), |(earliest, unknown), watched| match watched.latest.as_deref().and_then(due_at) {
            Some(at) => (Some(earliest.map_or(at, |known: Timestamp| known.min(at))), unknown),
            None => (earliest, true),
        })
    }
}

fn has_moved(operation: &Operation) -> bool {
    operation.status.is_terminal() || operation.status == OperationStatus::Ready
}

fn due_at(operation: &Operation) -> Option<Timestamp> {
    let timer = operation.wait_details.as_ref().and_then(|details| details.scheduled_end_timestamp);
    timer.or_else(|| operation.step_details.as_ref().and_then(|details| details.next_attempt_timestamp))
}
