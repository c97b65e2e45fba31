//! Plugins: what metrics, tracing and auditing see of an invocation. Knows nothing of when hooks are called.
//!
//! ```
//! use std::sync::atomic::{AtomicU32, Ordering};
//!
//! use durable_runtime::plugin::{FunctionEnd, Plugin};
//! use durable_runtime::prelude::*;
//! use durable_runtime::testing::{Runner, virtual_time};
//!
//! #[derive(Default)]
//! struct FailedAttempts(AtomicU32);
//!
//! impl Plugin for FailedAttempts {
//!     fn attempt_end(&self, end: &FunctionEnd<'_>) {
//!         if end.error.is_some() {
//!             self.0.fetch_add(1, Ordering::Relaxed);
//!         }
//!     }
//! }
//!
//! # mod flows {
//! # use durable_runtime::prelude::*;
//! # pub fn order(id: u32) -> impl Operation<Output = Result<u32>> {
//! #     durable_runtime::Child::function("order", async move |cx: durable_runtime::Context| -> Result<u32> {
//! #         let pay = async move || if StepInfo::current().unwrap().attempt() < 3 { Err("busy")? } else { Ok(id) };
//! #         durable_runtime::Step::new("pay", pay).run(&cx).await
//! #     })
//! # }
//! # }
//! # use flows::order;
//! let failed = std::sync::Arc::new(FailedAttempts::default());
//! virtual_time(async {
//!     let runner = Runner::new().await?.plugin(failed.clone());
//!     runner.run("order", order, &7).await
//! })?;
//! assert_eq!(failed.0.load(Ordering::Relaxed), 2);
//! # Ok::<(), BoxError>(())
//! ```

use std::collections::HashMap;
use std::sync::Arc;

use crate::wire::{ErrorObject, Operation, OperationId, OperationStatus, OperationType, Timestamp};

/// Listens to the life of invocations, operations and attempts. Every hook does nothing unless it is written.
///
/// Hooks are plain calls on the task that does the work: keep them short, and hand longer work to a thread or a
/// channel. One that panics is reported as an error event and disturbs neither the function nor another plugin. Plugins are
/// called in the order of their registration. One plugin serves all executions of its functions, several at a time.
///
/// Hooks observe, they never decide: a crash may take some along, and no hook is called twice for that. An invocation
/// whose process dies has no end, and neither has code that is dropped where it stands when the invocation is suspended.
#[allow(unused_variables)]
pub trait Plugin: Send + Sync + 'static {
    /// An invocation has read its state and is about to run code.
    fn invocation_start(&self, start: &InvocationStart<'_>) {}

    /// An invocation is over; its answer is about to leave.
    fn invocation_end(&self, end: &InvocationEnd<'_>) {}

    /// The service has acknowledged that an operation was started. With [`is_replay`](OperationInfo::is_replay), code
    /// has come to one that was started in an earlier invocation and is still open.
    ///
    /// The body of a step may begin before this: nothing waits for a START alone.
    fn operation_start(&self, operation: &OperationInfo<'_>) {}

    /// An operation is over, and the service has acknowledged it. Called once per operation: for one that was over
    /// between two invocations, as the second begins.
    fn operation_end(&self, operation: &OperationInfo<'_>) {}

    /// Code has come to an operation that was over before, and takes its recorded end.
    fn operation_replay(&self, operation: &OperationInfo<'_>) {}

    /// The service has reported changes of operations: our own as it has acknowledged them, and those from outside.
    /// Called after the [`operation_start`](Self::operation_start) and [`operation_end`](Self::operation_end) that belong to them.
    fn operation_change(&self, change: &OperationChange<'_>) {}

    /// The body of a step or the check of a condition begins.
    fn attempt_start(&self, attempt: &FunctionInfo<'_>) {}

    /// The body of a step or the check of a condition has ended; a panic is an error like others.
    fn attempt_end(&self, attempt: &FunctionEnd<'_>) {}

    /// Code of the user's begins that belongs to an operation: a step's attempt, or the content of a child context or
    /// branch. Contexts that are open or only make their result again begin once more in every invocation.
    fn function_start(&self, function: &FunctionInfo<'_>) {}

    /// Code of the user's has ended that belongs to an operation.
    fn function_end(&self, function: &FunctionEnd<'_>) {}
}

/// A shared plugin is one plugin, so that whoever made it can look at what it gathered.
impl<P: Plugin + ?Sized> Plugin for Arc<P> {
    fn invocation_start(&self, start: &InvocationStart<'_>) {
        (**self).invocation_start(start);
    }

    fn invocation_end(&self, end: &InvocationEnd<'_>) {
        (**self).invocation_end(end);
    }

    fn operation_start(&self, operation: &OperationInfo<'_>) {
        (**self).operation_start(operation);
    }

    fn operation_end(&self, operation: &OperationInfo<'_>) {
        (**self).operation_end(operation);
    }

    fn operation_replay(&self, operation: &OperationInfo<'_>) {
        (**self).operation_replay(operation);
    }

    fn operation_change(&self, change: &OperationChange<'_>) {
        (**self).operation_change(change);
    }

    fn attempt_start(&self, attempt: &FunctionInfo<'_>) {
        (**self).attempt_start(attempt);
    }

    fn attempt_end(&self, attempt: &FunctionEnd<'_>) {
        (**self).attempt_end(attempt);
    }

    fn function_start(&self, function: &FunctionInfo<'_>) {
        (**self).function_start(function);
    }

    fn function_end(&self, function: &FunctionEnd<'_>) {
        (**self).function_end(function);
    }
}

/// The invocation that a hook is called in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvocationInfo {
    /// The execution's ARN.
    pub execution_arn: String,
    /// The function's name.
    pub function_name: String,
    /// The invocation's id.
    pub request_id: String,
    /// When the execution was started.
    pub execution_start: Timestamp,
    /// Whether nothing was on record when it began.
    pub is_first: bool,
}

/// An invocation begins.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct InvocationStart<'a> {
    /// The invocation.
    pub invocation: &'a InvocationInfo,
    /// Operations that the service moved on since the last invocation ended.
    pub updated: OperationMap<'a>,
    /// All operations on record.
    pub operations: OperationMap<'a>,
}

/// How an invocation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InvocationEndStatus {
    /// The execution succeeded.
    Succeeded,
    /// The execution failed.
    Failed,
    /// The execution is suspended until something that it waits for changes.
    Pending,
    /// The invocation failed, not the execution: the host tries again.
    Retrying,
}

impl InvocationEndStatus {
    /// Whether the execution is over.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed)
    }

    /// The word in capitals: `SUCCEEDED`, `FAILED`, `PENDING`, `RETRYING`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Pending => "PENDING",
            Self::Retrying => "RETRYING",
        }
    }
}

/// An invocation is over.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct InvocationEnd<'a> {
    /// The invocation.
    pub invocation: &'a InvocationInfo,
    /// How it ended.
    pub status: InvocationEndStatus,
    /// The execution's result, with SUCCEEDED; empty when it was too large for an answer.
    pub result: Option<&'a str>,
    /// The execution's error with FAILED, the invocation's with RETRYING.
    pub error: Option<&'a ErrorObject>,
    /// All operations on record.
    pub operations: OperationMap<'a>,
}

/// An operation as it is on record.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct OperationInfo<'a> {
    /// The invocation.
    pub invocation: &'a InvocationInfo,
    /// The operation's id.
    pub id: &'a str,
    /// Its name.
    pub name: Option<&'a str>,
    /// Its type.
    pub operation_type: OperationType,
    /// Its sub-type.
    pub sub_type: Option<&'a str>,
    /// The nearest recorded context around it; `None` at the root.
    pub parent_id: Option<&'a str>,
    /// Its status.
    pub status: OperationStatus,
    /// When it was started, by the service's clock.
    pub start: Timestamp,
    /// When it was over.
    pub end: Option<Timestamp>,
    /// The result's text, once it has succeeded: as it is recorded, encrypted where records are.
    pub result: Option<&'a str>,
    /// The error as it is recorded, once it has failed; a step's latest while it waits for its next attempt.
    pub error: Option<&'a ErrorObject>,
    /// The latest attempt, from 1. Only for steps and conditions.
    pub attempt: Option<u32>,
    /// Whether this was on record before the invocation began, and is not what the service moved on in between.
    pub is_replay: bool,
}

impl<'a> OperationInfo<'a> {
    pub(crate) fn new(invocation: &'a InvocationInfo, operation: &'a Operation, is_replay: bool) -> Self {
        let (result, error) = recorded_end(operation);
        let status = operation.status;
        let attempt = (operation.operation_type == OperationType::Step).then(|| {
            let finished = operation.step_details.as_ref().map_or(0, |details| details.attempt);
            if status == OperationStatus::Started { finished.saturating_add(1) } else { finished.max(1) }
        });
        Self {
            invocation,
            id: operation.id.as_str(),
            name: operation.name.as_deref(),
            operation_type: operation.operation_type,
            sub_type: operation.sub_type.as_ref().map(crate::wire::SubType::as_str),
            parent_id: operation.parent_id.as_ref().map(OperationId::as_str),
            status,
            start: operation.start_timestamp,
            end: operation.end_timestamp,
            result: result.filter(|_| status == OperationStatus::Succeeded),
            error: error.filter(|_| status != OperationStatus::Succeeded),
            attempt,
            is_replay,
        }
    }

    /// The operation as it was when it was started.
    pub(crate) fn at_its_start(self) -> Self {
        let attempt = self.attempt.map(|_| 1);
        Self { status: OperationStatus::Started, end: None, result: None, error: None, attempt, ..self }
    }
}

/// What the details of an operation say of its end.
fn recorded_end(operation: &Operation) -> (Option<&str>, Option<&ErrorObject>) {
    let context = operation.context_details.as_ref().map(|details| (&details.result, &details.error));
    let step = operation.step_details.as_ref().map(|details| (&details.result, &details.error));
    let callback = operation.callback_details.as_ref().map(|details| (&details.result, &details.error));
    let invoke = operation.chained_invoke_details.as_ref().map(|details| (&details.result, &details.error));
    let details = context.or(step).or(callback).or(invoke);
    details.map_or((None, None), |(result, error)| (result.as_deref(), error.as_ref()))
}

/// Operations have changed.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct OperationChange<'a> {
    /// The invocation.
    pub invocation: &'a InvocationInfo,
    /// Those that have changed.
    pub updated: OperationMap<'a>,
    /// All operations on record, those that have changed among them.
    pub operations: OperationMap<'a>,
}

/// Code of the user's that belongs to an operation begins.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct FunctionInfo<'a> {
    /// The invocation.
    pub invocation: &'a InvocationInfo,
    /// The operation's id.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Its type: a step or a context.
    pub operation_type: OperationType,
    /// Its sub-type.
    pub sub_type: &'a str,
    /// The nearest recorded context around it; `None` at the root.
    pub parent_id: Option<&'a str>,
    /// Which attempt, from 1. Only for steps and conditions.
    pub attempt: Option<u32>,
    /// When the code began, by this process's clock.
    pub start: Timestamp,
    /// Whether the operation was on record before code came to it.
    pub is_replay: bool,
    /// Whether the context was over, and only runs to make a result again that was too large to record.
    pub is_replaying_children: bool,
}

/// Code of the user's that belongs to an operation has ended.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct FunctionEnd<'a> {
    /// What has ended.
    pub function: FunctionInfo<'a>,
    /// When it ended, by this process's clock.
    pub end: Timestamp,
    /// Its error, readable also where records are encrypted; `None` when it succeeded.
    pub error: Option<&'a ErrorObject>,
}

impl FunctionEnd<'_> {
    /// `SUCCEEDED` or `FAILED`.
    #[must_use]
    pub const fn outcome(&self) -> &'static str {
        if self.error.is_none() { "SUCCEEDED" } else { "FAILED" }
    }
}

/// Operations by their ids, in no order. The execution itself is not among them.
#[derive(Clone, Copy)]
pub struct OperationMap<'a> {
    pub(crate) invocation: &'a InvocationInfo,
    pub(crate) known: &'a HashMap<OperationId, Known>,
    /// Only these; all of them without.
    pub(crate) only: Option<&'a [OperationId]>,
}

/// An operation that hooks may be told of.
pub(crate) struct Known {
    pub(crate) operation: Operation,
    pub(crate) is_replay: bool,
}

impl<'a> OperationMap<'a> {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.only.map_or(self.known.len(), <[_]>::len)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The operation of that id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<OperationInfo<'a>> {
        let known = self.known.get(id)?;
        let included = self.only.is_none_or(|only| only.contains(&known.operation.id));
        included.then(|| self.info(known))
    }

    /// Every operation.
    pub fn iter(&self) -> impl Iterator<Item = OperationInfo<'a>> + use<'a> {
        let map = *self;
        let some = map.only.unwrap_or_default().iter().filter_map(move |id| map.known.get(id));
        let all = map.only.is_none().then(|| map.known.values()).into_iter().flatten();
        some.chain(all).map(move |known| map.info(known))
    }

    fn info(&self, known: &'a Known) -> OperationInfo<'a> {
        OperationInfo::new(self.invocation, &known.operation, known.is_replay)
    }
}

impl std::fmt::Debug for OperationMap<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.iter().map(|operation| (operation.id, operation.status))).finish()
    }
}
