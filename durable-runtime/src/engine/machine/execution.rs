//! One execution in memory: its own fields, its operations, its current invocation and what is to be written.

use super::super::arn::Arn;
use super::super::summary::{ChangeKind, ExecutionStatus};
use super::checkpoint::{Answered, Current};
use super::records::{Extra, Record, Records, WrittenRecord};
use super::transitions;
use crate::wire::{
    ErrorObject, ExecutionDetails, HistoryEvent, Operation, OperationId, OperationStatus, OperationType, Timestamp,
};

/// An execution that is live in this process.
#[derive(Debug)]
pub(crate) struct Execution {
    pub(crate) key: i64,
    pub(crate) arn: Arn,
    pub(crate) function: String,
    pub(crate) status: ExecutionStatus,
    pub(crate) blocked: Option<String>,
    pub(crate) result: Option<String>,
    pub(crate) error: Option<ErrorObject>,
    pub(crate) started: Timestamp,
    pub(crate) ended: Option<Timestamp>,
    pub(crate) timeout_seconds: u64,
    pub(crate) parent: Option<Parent>,
    pub(crate) last_event: u64,
    /// The invocation in flight as the history will tell of it. Written so that a crash leaves a trace; it is never
    /// taken for "is being invoked".
    pub(crate) invocation: Option<OpenInvocation>,
    pub(crate) records: Records,
    /// The invocation in flight in this process.
    pub(crate) current: Option<Current>,
    pub(crate) last: Option<Answered>,
    pub(crate) failures: Failures,
    pub(crate) events: Vec<HistoryEvent>,
    pub(crate) children: Vec<NewExecution>,
    /// Children that may run once the function has nothing more to say for now.
    pub(crate) held: Vec<Held>,
    /// Those of them that may run now.
    pub(crate) released: Vec<Held>,
    pub(crate) unwritten: bool,
}

/// Who invoked an execution.
#[derive(Debug, Clone)]
pub(crate) struct Parent {
    pub(crate) arn: Arn,
    pub(crate) operation: OperationId,
}

/// An invocation that has begun.
#[derive(Debug, Clone)]
pub(crate) struct OpenInvocation {
    pub(crate) request_id: String,
    pub(crate) started: Timestamp,
}

/// Invocations that failed in a row.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Failures {
    pub(crate) runtime: u32,
    pub(crate) handler: u32,
    pub(crate) since: Option<Timestamp>,
}

/// A chained invoke whose target waits for its caller to rest.
#[derive(Debug, Clone)]
pub(crate) enum Held {
    /// The child execution.
    Child(Arn),
    /// There is no such function.
    Missing(OperationId),
}

/// An execution to be created.
#[derive(Debug, Clone)]
pub(crate) struct NewExecution {
    pub(crate) arn: Arn,
    pub(crate) function: String,
    pub(crate) input: String,
    pub(crate) started: Timestamp,
    pub(crate) timeout_seconds: u64,
    pub(crate) parent: Option<Parent>,
}

/// Everything that one request changed: written in one transaction, or not at all.
#[derive(Debug)]
pub(crate) struct WriteSet {
    pub(crate) key: i64,
    pub(crate) row: Option<WrittenExecution>,
    pub(crate) records: Vec<WrittenRecord>,
    pub(crate) events: Vec<HistoryEvent>,
    pub(crate) children: Vec<NewExecution>,
}

/// The mutable part of an execution's row.
#[derive(Debug)]
pub(crate) struct WrittenExecution {
    pub(crate) status: ExecutionStatus,
    pub(crate) blocked: Option<String>,
    pub(crate) result: Option<String>,
    pub(crate) error: Option<ErrorObject>,
    pub(crate) ended: Option<Timestamp>,
    pub(crate) invocation: Option<OpenInvocation>,
}

impl WriteSet {
    /// The operations that changed, as live progress shows them.
    pub(crate) fn changes(&self) -> Vec<ChangeKind> {
        let change = |written: &WrittenRecord| {
            let operation = &written.record.operation;
            ChangeKind::Operation {
                id: operation.id,
                parent: operation.parent_id,
                name: operation.name.clone(),
                operation_type: operation.operation_type,
                status: operation.status,
                attempt: operation.step_details.as_ref().map_or(0, |step| step.attempt),
                due: written.record.due(),
            }
        };
        self.records.iter().map(change).collect()
    }
}

impl NewExecution {
    /// The EXECUTION operation: the service's first, with the input.
    pub(crate) fn operation(&self) -> Option<Operation> {
        execution_operation(&self.arn, self.input.clone(), self.started)
    }
}

/// EXECUTION as functions see it: id and name are the ARN's last two segments.
pub(crate) fn execution_operation(arn: &Arn, input: String, started: Timestamp) -> Option<Operation> {
    Some(Operation {
        id: OperationId::new(arn.id()).ok()?,
        parent_id: None,
        name: Some(arn.name().to_owned()),
        operation_type: OperationType::Execution,
        sub_type: None,
        status: OperationStatus::Started,
        start_timestamp: started,
        end_timestamp: None,
        execution_details: Some(ExecutionDetails { input_payload: Some(input) }),
        context_details: None,
        step_details: None,
        wait_details: None,
        callback_details: None,
        chained_invoke_details: None,
    })
}

impl Execution {
    /// A live execution without operations: EXECUTION and those of the store follow through [`Self::restore`].
    pub(crate) fn new(key: i64, new: &NewExecution, last_event: u64) -> Self {
        let mut execution = Self {
            key,
            arn: new.arn.clone(),
            function: new.function.clone(),
            status: ExecutionStatus::Running,
            blocked: None,
            result: None,
            error: None,
            started: new.started,
            ended: None,
            timeout_seconds: new.timeout_seconds,
            parent: new.parent.clone(),
            last_event,
            invocation: None,
            records: Records::default(),
            current: None,
            last: None,
            failures: Failures::default(),
            events: Vec::new(),
            children: Vec::new(),
            held: Vec::new(),
            released: Vec::new(),
            unwritten: false,
        };
        if let Some(operation) = new.operation() {
            execution.restore(Record::new(operation, Extra::None, new.started));
        }
        execution
    }

    /// Takes an operation from the store.
    pub(crate) fn restore(&mut self, record: Record) {
        self.records.restore(record);
    }

    /// Takes from the store's events which operations the service changed since the last invocation was over: the
    /// next one is told of them. So it is of steps that wait for their next attempt.
    pub(crate) fn restore_news<'a>(&mut self, events: impl Iterator<Item = (OperationId, &'a str)>) {
        let settled = events.filter(|(_, event)| transitions::is_settlement(event)).map(|(id, _)| id);
        let ready = |record: &&Record| record.operation.status == OperationStatus::Ready;
        let ready = self.records.iter().filter(ready).map(|record| record.operation.id);
        let ids: Vec<_> = ready.chain(settled).collect();
        for id in ids {
            self.records.mark_settled(&id);
        }
    }

    /// When the execution times out.
    pub(crate) fn timeout_at(&self) -> Timestamp {
        self.started.plus(std::time::Duration::from_secs(self.timeout_seconds))
    }

    /// When something changes by itself.
    pub(crate) fn next_due(&self) -> Timestamp {
        self.records.next_due().map_or_else(|| self.timeout_at(), |due| due.min(self.timeout_at()))
    }

    /// Forgets that it was BLOCKED: it is tried again.
    pub(crate) fn unblock(&mut self) {
        self.unwritten |= self.blocked.take().is_some();
    }

    /// Chained invokes that have not ended, with their children.
    pub(crate) fn open_invokes(&self) -> Vec<(OperationId, Option<Arn>)> {
        let open = |record: &&Record| record.operation.status == OperationStatus::Started;
        let invoke = |record: &Record| match &record.extra {
            Extra::Invoke(invoke) => Some((record.operation.id, invoke.child.clone())),
            _ => None,
        };
        self.records.iter().filter(open).filter_map(invoke).collect()
    }

    /// What a chained invoke called its target.
    pub(crate) fn target(&self, operation: &OperationId) -> &str {
        match self.records.find(operation).map(|record| &record.extra) {
            Some(Extra::Invoke(invoke)) => &invoke.target,
            _ => "",
        }
    }

    /// Takes what is to be written; `None` when nothing changed.
    pub(crate) fn take_writes(&mut self) -> Option<WriteSet> {
        let records = self.records.take_unwritten();
        let events = std::mem::take(&mut self.events);
        let children = std::mem::take(&mut self.children);
        let changed = std::mem::take(&mut self.unwritten);
        if !changed && records.is_empty() && events.is_empty() {
            return None;
        }
        let row = changed.then(|| WrittenExecution {
            status: self.status,
            blocked: self.blocked.clone(),
            result: self.result.clone(),
            error: self.error.clone(),
            ended: self.ended,
            invocation: self.invocation.clone(),
        });
        Some(WriteSet { key: self.key, row, records, events, children })
    }
}
