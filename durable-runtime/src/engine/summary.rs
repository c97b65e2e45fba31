//! What the engine tells about executions and operations. Data only.

use std::fmt;
use std::time::Duration;

use super::arn::Arn;
use crate::wire::{ErrorObject, Operation, OperationId, OperationStatus, OperationType, Timestamp};

/// Where an execution is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExecutionStatus {
    /// Not finished.
    Running,
    /// Finished with a result.
    Succeeded,
    /// Finished with an error.
    Failed,
    /// Finished by its timeout.
    TimedOut,
    /// Finished by a stop request.
    Stopped,
}

impl ExecutionStatus {
    const ALL: [Self; 5] = [Self::Running, Self::Succeeded, Self::Failed, Self::TimedOut, Self::Stopped];

    /// The service's word, such as `TIMED_OUT`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::TimedOut => "TIMED_OUT",
            Self::Stopped => "STOPPED",
        }
    }

    /// Reads the service's word, whatever its letter case.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str().eq_ignore_ascii_case(word))
    }

    /// Whether the execution can never change again.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        !matches!(self, Self::Running)
    }
}

impl fmt::Display for ExecutionStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// An execution as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionSummary {
    /// Its ARN.
    pub arn: Arn,
    /// Its name, given at its start or generated.
    pub name: String,
    /// Its function.
    pub function: String,
    /// Its status.
    pub status: ExecutionStatus,
    /// Why it is BLOCKED, if it is: today's code does not fit its history. It stays RUNNING and is tried again by
    /// the next `resume` of a newly opened engine. What `wait` returns also says so of an execution that waits for
    /// nothing but a blocked one, or for one whose function is not registered.
    pub blocked: Option<String>,
    /// Whether its function is registered in this process; always true for finished ones, `None` when the store is
    /// only read.
    pub registered: Option<bool>,
    /// Its input as JSON text.
    pub input: String,
    /// Its result as the function returned it, when SUCCEEDED.
    pub result: Option<String>,
    /// Its error, when FAILED, TIMED_OUT or STOPPED.
    pub error: Option<ErrorObject>,
    /// When it was started.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// How long it may take.
    pub timeout: Option<Duration>,
    /// The execution that invoked it, if one did.
    pub parent: Option<Arn>,
}

/// One operation with what the engine knows about it beyond the service's model.
#[derive(Debug, Clone, PartialEq)]
pub struct OperationSummary {
    /// The operation.
    pub operation: Operation,
    /// Whether it is left out of what the function sees, because a context around it has finished.
    pub pruned: bool,
    /// How long it took, once it has ended. An operation whose START and end came in one request has one time stamp
    /// for both; for such a one this is the time since the function last heard from the engine: the most it can
    /// have taken.
    pub duration: Option<Duration>,
    /// When it is due by itself: a wait, the next attempt of a step, a callback's timeout.
    pub due: Option<Timestamp>,
    /// The target of a chained invoke.
    pub target: Option<String>,
    /// The execution that a chained invoke started.
    pub child: Option<Arn>,
}

/// How to start an execution.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StartOptions {
    /// Its name, an idempotency key within its function: the same name with the same input gives the execution that
    /// exists. Without one a fresh name is generated. 1 to 64 characters of `[a-zA-Z0-9-_]`.
    pub name: Option<String>,
    /// How long it may take, in whole seconds (rounded up), 1 s to 366 days; the engine's default without one.
    pub timeout: Option<Duration>,
}

/// A started execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// Its ARN.
    pub arn: Arn,
    /// Whether it existed already: same function, name and input.
    pub existing: bool,
}

/// Which executions to list, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListFilter {
    /// Only those of this function.
    pub function: Option<String>,
    /// Only those in one of these statuses; all when empty.
    pub statuses: Vec<ExecutionStatus>,
    /// At most this many; all when `None`.
    pub limit: Option<usize>,
}

/// What `resume` found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resumed {
    /// Unfinished executions that run again.
    pub running: Vec<Arn>,
    /// Unfinished executions whose functions are not registered in this process: they wait.
    pub unregistered: Vec<Arn>,
}

/// A change for live progress, published after it was committed.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The execution.
    pub arn: Arn,
    /// What changed.
    pub kind: ChangeKind,
}

/// What changed in an execution.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ChangeKind {
    /// It was started.
    Started,
    /// Its function was invoked.
    Invoked,
    /// An operation has a new status or is new.
    Operation {
        /// The operation's id.
        id: OperationId,
        /// Its parent.
        parent: Option<OperationId>,
        /// Its name.
        name: Option<String>,
        /// Its type.
        operation_type: OperationType,
        /// Its status now.
        status: OperationStatus,
        /// Attempts of a step that have finished.
        attempt: u32,
        /// When it is due by itself, while it is open.
        due: Option<Timestamp>,
    },
    /// Its function answered that it waits.
    Suspended,
    /// An invocation failed and will be repeated.
    InvocationFailed {
        /// Why.
        error: ErrorObject,
        /// When it is invoked again.
        again: Timestamp,
    },
    /// It, or an execution it waits for, is BLOCKED. The text is the report.
    Blocked(String),
    /// It ended.
    Ended(ExecutionStatus),
}
