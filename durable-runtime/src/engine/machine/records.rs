//! The operations of one execution in memory: by position and by id, with their timers and with what the function
//! has not seen and the store has not written yet. Knows the order of things, not their rules.

use std::collections::{BTreeSet, HashMap};

use super::super::arn::Arn;
use crate::wire::{Operation, OperationId, OperationStatus, OperationType, Timestamp};

/// An operation with what the service keeps beside it.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) operation: Operation,
    pub(crate) extra: Extra,
    /// When the function had last heard from the service as it sent this operation's first update: its body, if it
    /// had one, began no earlier.
    pub(crate) contact: Timestamp,
    /// The position of its parent.
    pub(crate) parent: Option<usize>,
    /// Whether the store has a row for it.
    pub(crate) stored: bool,
    unseen: bool,
    unseen_settlement: bool,
    unwritten: bool,
}

/// What an operation needs beyond the service's model.
#[derive(Debug, Clone, Default)]
pub(crate) enum Extra {
    #[default]
    None,
    Callback(CallbackTimes),
    Invoke(Box<Invoke>),
}

/// The two timers of a callback.
#[derive(Debug, Clone, Default)]
pub(crate) struct CallbackTimes {
    pub(crate) timeout_at: Option<Timestamp>,
    pub(crate) heartbeat_at: Option<Timestamp>,
    pub(crate) heartbeat_seconds: Option<u64>,
}

impl CallbackTimes {
    /// Whether the timeout comes before a heartbeat is missed: the earlier one decides, whenever it is looked at.
    pub(crate) fn times_out_first(&self) -> bool {
        match (self.timeout_at, self.heartbeat_at) {
            (Some(timeout), Some(heartbeat)) => timeout <= heartbeat,
            (timeout, _) => timeout.is_some(),
        }
    }
}

/// A chained invoke's other end.
#[derive(Debug, Clone, Default)]
pub(crate) struct Invoke {
    pub(crate) target: String,
    pub(crate) tenant: Option<String>,
    /// The child execution; none when no such function was registered.
    pub(crate) child: Option<Arn>,
}

/// A record as the store writes it.
#[derive(Debug)]
pub(crate) struct WrittenRecord {
    pub(crate) position: usize,
    pub(crate) record: Record,
}

impl Record {
    pub(crate) const fn new(operation: Operation, extra: Extra, contact: Timestamp) -> Self {
        let (unseen, unseen_settlement, unwritten) = (false, false, false);
        Self { operation, extra, contact, parent: None, stored: false, unseen, unseen_settlement, unwritten }
    }

    /// When it changes by itself.
    pub(crate) fn due(&self) -> Option<Timestamp> {
        match (self.operation.operation_type, self.operation.status, &self.extra) {
            (OperationType::Wait, OperationStatus::Started, _) => {
                self.operation.wait_details.as_ref()?.scheduled_end_timestamp
            }
            (OperationType::Step, OperationStatus::Pending, _) => {
                self.operation.step_details.as_ref()?.next_attempt_timestamp
            }
            (OperationType::Callback, OperationStatus::Started, Extra::Callback(times)) => {
                times.timeout_at.into_iter().chain(times.heartbeat_at).min()
            }
            _ => None,
        }
    }

    /// Whether it is waiting for something outside the function: what makes PENDING a valid answer.
    pub(crate) const fn is_pending(&self) -> bool {
        match self.operation.operation_type {
            OperationType::Step => matches!(self.operation.status, OperationStatus::Pending),
            OperationType::Wait | OperationType::Callback | OperationType::ChainedInvoke => {
                matches!(self.operation.status, OperationStatus::Started)
            }
            _ => false,
        }
    }

    /// Whether it is a finished context that hides its children.
    pub(crate) fn hides_children(&self) -> bool {
        self.operation.operation_type == OperationType::Context
            && self.operation.status.is_terminal()
            && self.operation.context_details.as_ref().and_then(|details| details.replay_children) != Some(true)
    }
}

/// All operations of an execution, in the order of their creation. EXECUTION is the first.
#[derive(Debug, Default)]
pub(crate) struct Records {
    all: Vec<Record>,
    index: HashMap<OperationId, usize>,
    timers: BTreeSet<(Timestamp, usize)>,
    unseen: Vec<usize>,
    unwritten: Vec<usize>,
}

/// Who changed an operation: a function sees its own changes in the answer, the service's are news that invoke it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    Function,
    Service,
    /// A change that no function sees.
    Nobody,
}

impl Records {
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    pub(crate) fn get(&self, position: usize) -> Option<&Record> {
        self.all.get(position)
    }

    pub(crate) fn position(&self, id: &OperationId) -> Option<usize> {
        self.index.get(id).copied()
    }

    pub(crate) fn find(&self, id: &OperationId) -> Option<&Record> {
        self.get(self.position(id)?)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Record> {
        self.all.iter()
    }

    /// Takes a record from the store, or EXECUTION, in its order.
    pub(crate) fn restore(&mut self, mut record: Record) {
        let position = self.all.len();
        record.stored = true;
        record.parent = record.operation.parent_id.as_ref().and_then(|id| self.position(id));
        self.index.insert(record.operation.id, position);
        self.timers.extend(record.due().map(|due| (due, position)));
        self.all.push(record);
    }

    /// Adds an operation that the function began.
    pub(crate) fn create(&mut self, record: Record) -> usize {
        let position = self.all.len();
        self.restore(record);
        if let Some(record) = self.all.get_mut(position) {
            record.stored = false;
        }
        self.note(position, By::Function);
        position
    }

    /// Changes an operation and remembers that it did.
    pub(crate) fn change(&mut self, position: usize, by: By, change: impl FnOnce(&mut Record)) {
        let Some(record) = self.all.get_mut(position) else { return };
        let before = record.due();
        change(record);
        let after = record.due();
        if before != after {
            before.map(|due| self.timers.remove(&(due, position)));
            self.timers.extend(after.map(|due| (due, position)));
        }
        self.note(position, by);
    }

    fn note(&mut self, position: usize, by: By) {
        // A change behind a finished context is written down and tells the function nothing.
        let hidden = by == By::Service && self.is_hidden(position);
        let Some(record) = self.all.get_mut(position) else { return };
        if !record.unwritten {
            record.unwritten = true;
            self.unwritten.push(position);
        }
        if !hidden && by != By::Nobody {
            record.unseen_settlement |= by == By::Service;
            if !std::mem::replace(&mut record.unseen, true) {
                self.unseen.push(position);
            }
        }
    }

    /// Remembers of an operation from the store that the service changed it and no function has seen that.
    pub(crate) fn mark_settled(&mut self, id: &OperationId) {
        let Some(position) = self.position(id).filter(|position| !self.is_hidden(*position)) else { return };
        let Some(record) = self.all.get_mut(position) else { return };
        record.unseen_settlement = true;
        if !std::mem::replace(&mut record.unseen, true) {
            self.unseen.push(position);
        }
    }

    /// Whether a finished context around it keeps it from the function.
    pub(crate) fn is_hidden(&self, position: usize) -> bool {
        self.ancestors(position).any(Record::hides_children)
    }

    /// The contexts around an operation, the nearest first.
    pub(crate) fn ancestors(&self, position: usize) -> impl Iterator<Item = &Record> {
        let parent = |record: &Record| record.parent.and_then(|position| self.get(position));
        std::iter::successors(self.get(position).and_then(parent), move |record| parent(record))
    }

    /// The positions that the function may see, in order: one pass, since parents come before their children.
    pub(crate) fn visible(&self) -> Vec<usize> {
        let mut hides = Vec::with_capacity(self.all.len());
        let mut visible = Vec::new();
        for (position, record) in self.all.iter().enumerate() {
            let hidden = record.parent.and_then(|parent| hides.get(parent).copied()).unwrap_or(false);
            hides.push(hidden || record.hides_children());
            if !hidden {
                visible.push(position);
            }
        }
        visible
    }

    /// The earliest timer.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.timers.first().map(|(due, _)| *due)
    }

    /// The earliest timer that is due at `now`.
    pub(crate) fn due_at(&self, now: Timestamp) -> Option<usize> {
        self.timers.first().filter(|(due, _)| *due <= now).map(|(_, position)| *position)
    }

    /// Whether the service changed something that the function has not seen.
    pub(crate) fn has_news(&self) -> bool {
        self.unseen.iter().any(|position| self.get(*position).is_some_and(|record| record.unseen_settlement))
    }

    /// What changed since the function last saw the state, in the order of creation, as `(all, the service's)`.
    pub(crate) fn take_unseen(&mut self) -> (Vec<usize>, Vec<usize>) {
        let mut unseen = std::mem::take(&mut self.unseen);
        unseen.sort_unstable();
        let mut settled = Vec::new();
        for position in &unseen {
            if let Some(record) = self.all.get_mut(*position) {
                record.unseen = false;
                if std::mem::take(&mut record.unseen_settlement) {
                    settled.push(*position);
                }
            }
        }
        (unseen, settled)
    }

    /// What the store has yet to write.
    pub(crate) fn take_unwritten(&mut self) -> Vec<WrittenRecord> {
        let mut unwritten = std::mem::take(&mut self.unwritten);
        unwritten.sort_unstable();
        let mut written = Vec::with_capacity(unwritten.len());
        for position in unwritten {
            if let Some(record) = self.all.get_mut(position) {
                record.unwritten = false;
                let copy = record.clone();
                record.stored = true;
                // EXECUTION is the execution's own row.
                if copy.operation.operation_type != OperationType::Execution {
                    written.push(WrittenRecord { position, record: copy });
                }
            }
        }
        written
    }
}
