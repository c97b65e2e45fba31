//! The transition tables, as data: what may happen to an operation, what becomes of it, which event tells of it,
//! and what the service says to everything else.

use crate::wire::OperationStatus::{self, Cancelled, Failed, Pending, Ready, Started, Stopped, Succeeded, TimedOut};
use crate::wire::OperationType::{self, Callback, ChainedInvoke, Context, Execution, Step, Wait};
use crate::wire::{Action, OperationUpdate};

/// What makes an operation change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// It begins.
    Start,
    /// It ends with a result.
    Succeed,
    /// It ends with an error.
    Fail,
    /// An attempt of a step failed and another follows.
    RetryAfterError,
    /// A poll of a condition ended and another follows.
    RetryWithState,
    /// The function cancels it.
    Cancel,
    /// Its time has come.
    Due,
    /// Its timeout has passed.
    TimeOut,
    /// Somebody stopped it.
    Stop,
}

/// One row: an operation of type `of` in one of the states `from` (`None`: it does not exist) goes to `to`.
#[derive(Debug)]
pub(crate) struct Transition {
    pub(crate) of: OperationType,
    pub(crate) from: &'static [Option<OperationStatus>],
    pub(crate) cause: Cause,
    pub(crate) to: OperationStatus,
    /// The history event, if the transition writes one.
    pub(crate) event: Option<&'static str>,
}

const fn row(
    of: OperationType,
    from: &'static [Option<OperationStatus>],
    cause: Cause,
    to: OperationStatus,
    event: &'static str,
) -> Transition {
    Transition { of, from, cause, to, event: Some(event) }
}

const ABSENT: &[Option<OperationStatus>] = &[None];
const OPEN: &[Option<OperationStatus>] = &[Some(Started)];
const ABSENT_OR_OPEN: &[Option<OperationStatus>] = &[None, Some(Started)];
const STARTABLE_STEP: &[Option<OperationStatus>] = &[None, Some(Ready)];
/// A step may end without a START: an at-least-once one that was over before anything was sent.
const RUNNING_STEP: &[Option<OperationStatus>] = &[None, Some(Started), Some(Ready)];

/// What functions may do, by checkpoint or, for EXECUTION, by their answer.
static UPDATES: &[Transition] = &[
    row(Execution, OPEN, Cause::Succeed, Succeeded, "ExecutionSucceeded"),
    row(Execution, OPEN, Cause::Fail, Failed, "ExecutionFailed"),
    row(Context, ABSENT, Cause::Start, Started, "ContextStarted"),
    row(Context, ABSENT_OR_OPEN, Cause::Succeed, Succeeded, "ContextSucceeded"),
    row(Context, ABSENT_OR_OPEN, Cause::Fail, Failed, "ContextFailed"),
    row(Step, STARTABLE_STEP, Cause::Start, Started, "StepStarted"),
    row(Step, RUNNING_STEP, Cause::Succeed, Succeeded, "StepSucceeded"),
    row(Step, RUNNING_STEP, Cause::Fail, Failed, "StepFailed"),
    row(Step, RUNNING_STEP, Cause::RetryAfterError, Pending, "StepFailed"),
    row(Step, RUNNING_STEP, Cause::RetryWithState, Pending, "StepSucceeded"),
    row(Wait, ABSENT, Cause::Start, Started, "WaitStarted"),
    row(Wait, OPEN, Cause::Cancel, Cancelled, "WaitCancelled"),
    row(Callback, ABSENT, Cause::Start, Started, "CallbackStarted"),
    row(ChainedInvoke, ABSENT, Cause::Start, Started, "ChainedInvokeStarted"),
];

/// What only the service does: time, the outside, other executions.
static SETTLEMENTS: &[Transition] = &[
    row(Execution, OPEN, Cause::TimeOut, TimedOut, "ExecutionTimedOut"),
    row(Execution, OPEN, Cause::Stop, Stopped, "ExecutionStopped"),
    Transition { of: Step, from: &[Some(Pending)], cause: Cause::Due, to: Ready, event: None },
    row(Wait, OPEN, Cause::Due, Succeeded, "WaitSucceeded"),
    row(Callback, OPEN, Cause::Succeed, Succeeded, "CallbackSucceeded"),
    row(Callback, OPEN, Cause::Fail, Failed, "CallbackFailed"),
    row(Callback, OPEN, Cause::TimeOut, TimedOut, "CallbackTimedOut"),
    row(ChainedInvoke, OPEN, Cause::Succeed, Succeeded, "ChainedInvokeSucceeded"),
    row(ChainedInvoke, OPEN, Cause::Fail, Failed, "ChainedInvokeFailed"),
    row(ChainedInvoke, OPEN, Cause::TimeOut, TimedOut, "ChainedInvokeTimedOut"),
    row(ChainedInvoke, OPEN, Cause::Stop, Stopped, "ChainedInvokeStopped"),
];

/// What the service says to an allowed action in the wrong state.
static REFUSALS: &[(OperationType, Action, &str)] = &[
    (Context, Action::Start, "Cannot start a CONTEXT that already exist."),
    (Context, Action::Succeed, "Invalid current CONTEXT state to close."),
    (Context, Action::Fail, "Invalid current CONTEXT state to close."),
    (Step, Action::Start, "Invalid current STEP state to start."),
    (Step, Action::Succeed, "Invalid current STEP state to close."),
    (Step, Action::Fail, "Invalid current STEP state to close."),
    (Step, Action::Retry, "Invalid current STEP state to re-attempt."),
    (Wait, Action::Start, "Cannot start a WAIT that already exist."),
    (Wait, Action::Cancel, "Cannot cancel a WAIT that does not exist or has already completed."),
    (Callback, Action::Start, "Cannot start a CALLBACK that already exist."),
    (ChainedInvoke, Action::Start, "Cannot start a CHAINED_INVOKE that already exist."),
    (Execution, Action::Succeed, "Invalid current EXECUTION state to close."),
    (Execution, Action::Fail, "Invalid current EXECUTION state to close."),
];

fn find(
    table: &'static [Transition],
    of: OperationType,
    from: Option<OperationStatus>,
    cause: Cause,
) -> Option<&'static Transition> {
    table.iter().find(|row| row.of == of && row.cause == cause && row.from.contains(&from))
}

/// What an update wants to happen.
fn cause(update: &OperationUpdate) -> Cause {
    match update.action {
        Action::Start => Cause::Start,
        Action::Succeed => Cause::Succeed,
        Action::Fail => Cause::Fail,
        Action::Retry if update.error.is_some() => Cause::RetryAfterError,
        Action::Retry => Cause::RetryWithState,
        Action::Cancel => Cause::Cancel,
    }
}

/// Whether functions may ever do this to an operation of this type.
pub(crate) fn is_action_of(update: &OperationUpdate) -> bool {
    let cause = cause(update);
    UPDATES.iter().any(|row| row.of == update.operation_type && row.cause == cause)
}

/// The transition that `update` makes on an operation in state `from`, or the service's refusal.
pub(crate) fn for_update(
    update: &OperationUpdate,
    from: Option<OperationStatus>,
) -> Result<&'static Transition, &'static str> {
    find(UPDATES, update.operation_type, from, cause(update)).ok_or_else(|| {
        let refused = REFUSALS.iter().find(|(of, action, _)| *of == update.operation_type && *action == update.action);
        refused.map_or("Invalid action for the given operation type.", |(_, _, message)| message)
    })
}

/// The transition by which an answer ends the execution.
pub(crate) fn for_answer(from: OperationStatus, cause: Cause) -> Option<&'static Transition> {
    find(UPDATES, Execution, Some(from), cause)
}

/// Whether an event tells of something that the service itself did.
pub(crate) fn is_settlement(event: &str) -> bool {
    SETTLEMENTS.iter().any(|row| row.event == Some(event))
}

/// The transition that the service itself makes, if the operation is in a state for it.
pub(crate) fn for_settlement(of: OperationType, from: OperationStatus, cause: Cause) -> Option<&'static Transition> {
    find(SETTLEMENTS, of, Some(from), cause)
}
