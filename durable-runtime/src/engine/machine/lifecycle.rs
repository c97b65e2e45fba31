//! The execution's own life: what an invocation's outcome means for it, what time does to it, how it ends.

use std::time::Duration;

use super::super::summary::ExecutionStatus;
use super::execution::{Execution, Failures};
use super::history::Given;
use super::records::{By, Extra, Record};
use super::transitions::{self, Cause, Transition};
use crate::function::InvocationOutcome;
use crate::wire::{
    ErrorObject, InvocationResponse, InvocationStatus, OperationId, OperationStatus, OperationType, Timestamp, limits,
};

/// The wait before the first repetition; each further one doubles it.
const FIRST_BACKOFF: Duration = Duration::from_secs(1);
/// The longest wait between two invocations.
const MAX_BACKOFF: Duration = Duration::from_secs(15 * 60);
/// How long an execution is tried again that fails in its handler. The service says "several hours".
const KEEP_TRYING: Duration = Duration::from_secs(4 * 60 * 60);

/// What follows an invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Next {
    /// Nothing: a superseded invocation decides nothing.
    Ignored,
    /// Wait for something to change that the function has not seen; it may have already.
    Rest,
    /// Invoke after that time: the invocation failed.
    Retry { after: Duration, error: ErrorObject },
    /// Do not invoke: the code does not fit.
    Blocked(String),
    /// The execution is over.
    Ended,
}

/// How something outside ended: a callback, or a chained invoke's target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Settlement {
    Succeeded(Option<String>),
    Failed(ErrorObject),
    TimedOut(ErrorObject),
    Stopped(ErrorObject),
}

/// How often failed invocations are repeated.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RetryPolicy {
    pub(crate) runtime: u32,
    pub(crate) handler: u32,
    /// Whether executions that failed together are kept from coming back together.
    pub(crate) jitter: bool,
}

impl Execution {
    /// Takes an invocation's outcome.
    pub(crate) fn answer(
        &mut self,
        request_id: &str,
        outcome: InvocationOutcome,
        policy: RetryPolicy,
        now: Timestamp,
    ) -> Next {
        if self.invocation.as_ref().is_none_or(|open| open.request_id != request_id) {
            // A checkpoint that ended the execution ended its invocation too: only the function's task was left.
            return if self.status.is_terminal() { Next::Ended } else { Next::Ignored };
        }
        let failure = match &outcome {
            InvocationOutcome::Answered(_) => None,
            InvocationOutcome::Failed(error) => Some(error.clone()),
            InvocationOutcome::Blocked(report) => Some(ErrorObject::new("NonDeterministicExecution", report)),
        };
        self.complete_invocation(failure.as_ref(), now);
        self.release_held();
        if self.status.is_terminal() {
            // Ended by a checkpoint, by its timeout or by a stop: whatever the function says comes too late.
            return Next::Ended;
        }
        match outcome {
            InvocationOutcome::Answered(response) => self.take_response(response, now),
            InvocationOutcome::Failed(error) => self.take_failure(error, policy, now),
            InvocationOutcome::Blocked(report) => {
                self.blocked = Some(report.clone());
                Next::Blocked(report)
            }
        }
    }

    fn take_response(&mut self, response: InvocationResponse, now: Timestamp) -> Next {
        self.failures = Failures::default();
        if let Err(fault) = self.check_response(&response) {
            let error = ErrorObject::new("InvalidFunctionResponse", fault);
            self.end_by(Cause::Fail, None, Some(&error), now);
            return Next::Ended;
        }
        match response.status {
            InvocationStatus::Succeeded => self.end_by(Cause::Succeed, response.result.as_ref(), None, now),
            InvocationStatus::Failed => {
                self.end_by(Cause::Fail, None, Some(&response.error.unwrap_or_default()), now);
            }
            InvocationStatus::Pending => return Next::Rest,
        }
        Next::Ended
    }

    fn check_response(&self, response: &InvocationResponse) -> Result<(), &'static str> {
        let too_long = response.result.as_ref().is_some_and(|result| result.len() > limits::RESPONSE_BYTES);
        match response.status {
            InvocationStatus::Succeeded if response.error.is_some() => {
                Err("Cannot provide an Error for SUCCEEDED status.")
            }
            InvocationStatus::Succeeded if too_long => {
                Err("The result exceeds the response size limit; a larger one is sent by an EXECUTION checkpoint.")
            }
            InvocationStatus::Failed if response.result.is_some() => Err("Cannot provide a Result for FAILED status."),
            // Something may have ended between the last news and this answer: then the function could not know.
            InvocationStatus::Pending if self.pending().next().is_none() && !self.records.has_news() => {
                Err("Cannot return PENDING status with no pending operations.")
            }
            _ => Ok(()),
        }
    }

    /// The operations that the function waits for.
    pub(crate) fn pending(&self) -> impl Iterator<Item = &Record> {
        let pending = self.records.iter().enumerate().filter(|(_, record)| record.is_pending());
        pending.filter(|(position, _)| !self.records.is_hidden(*position)).map(|(_, record)| record)
    }

    fn take_failure(&mut self, error: ErrorObject, policy: RetryPolicy, now: Timestamp) -> Next {
        let since = *self.failures.since.get_or_insert(now);
        let (count, gives_up) = if is_runtime_error(&error) {
            self.failures.runtime += 1;
            self.failures.handler = 0;
            (self.failures.runtime, self.failures.runtime > policy.runtime)
        } else {
            self.failures.handler += 1;
            self.failures.runtime = 0;
            let count = self.failures.handler;
            (count, count > policy.handler || now.since(since) >= KEEP_TRYING)
        };
        if gives_up {
            self.end_by(Cause::Fail, None, Some(&error), now);
            return Next::Ended;
        }
        let backoff = FIRST_BACKOFF.saturating_mul(1 << (count - 1).min(20)).min(MAX_BACKOFF);
        let jitter = if policy.jitter { jitter(self.arn.id(), count, backoff) } else { Duration::ZERO };
        Next::Retry { after: backoff + jitter, error }
    }

    /// Writes that the invocation in flight is over; its token is stale from here on.
    pub(crate) fn complete_invocation(&mut self, failure: Option<&ErrorObject>, now: Timestamp) {
        self.current = None;
        if let Some(open) = self.invocation.take() {
            self.push_invocation_completed(open, failure, now);
            self.unwritten = true;
        }
    }

    /// Ends the execution as a function may end it.
    pub(crate) fn end_by(
        &mut self,
        cause: Cause,
        result: Option<&String>,
        error: Option<&ErrorObject>,
        now: Timestamp,
    ) {
        if let Some(transition) = transitions::for_answer(OperationStatus::Started, cause) {
            self.end(transition, result, error, now);
        }
    }

    /// Ends the execution. Open operations stay as they are.
    pub(crate) fn end(
        &mut self,
        transition: &'static Transition,
        result: Option<&String>,
        error: Option<&ErrorObject>,
        now: Timestamp,
    ) {
        self.status = match transition.to {
            OperationStatus::Succeeded => ExecutionStatus::Succeeded,
            OperationStatus::TimedOut => ExecutionStatus::TimedOut,
            OperationStatus::Stopped => ExecutionStatus::Stopped,
            _ => ExecutionStatus::Failed,
        };
        self.result = result.cloned();
        self.error = error.cloned();
        self.ended = Some(now);
        self.blocked = None;
        self.current = None;
        self.unwritten = true;
        self.records.change(0, By::Nobody, |record| {
            record.operation.status = transition.to;
            record.operation.end_timestamp = Some(now);
        });
        if let Some(event) = transition.event {
            self.push_operation_event(0, event, Given { payload: result, error, ..Given::default() }, now);
        }
        self.release_held();
    }

    /// Stops the execution; nothing happens to one that is over.
    pub(crate) fn stop(&mut self, error: &ErrorObject, now: Timestamp) {
        self.end_early(Cause::Stop, error, now);
    }

    fn end_early(&mut self, cause: Cause, error: &ErrorObject, now: Timestamp) {
        let open = OperationStatus::Started;
        let found = transitions::for_settlement(OperationType::Execution, open, cause);
        if let Some(transition) = found.filter(|_| !self.status.is_terminal()) {
            self.end(transition, None, Some(error), now);
        }
    }

    /// Does what time has brought by `now`.
    pub(crate) fn promote(&mut self, now: Timestamp) {
        if self.status.is_terminal() {
            return;
        }
        // What is due after the execution's timeout never comes, however late it is that anybody looks.
        while let Some(position) = self.records.due_at(now.min(self.timeout_at())) {
            let callback = match self.records.get(position).map(|record| &record.extra) {
                Some(Extra::Callback(times)) => Some(times.times_out_first()),
                _ => None,
            };
            let settled = match callback {
                Some(timed_out) => {
                    let (kind, message) = if timed_out {
                        ("Callback.Timeout", "Callback timed out")
                    } else {
                        ("Callback.Heartbeat", "Callback timed out on heartbeat")
                    };
                    self.settle(position, Cause::TimeOut, None, Some(&ErrorObject::new(kind, message)), now)
                }
                None => self.settle(position, Cause::Due, None, None, now),
            };
            if !settled {
                break;
            }
        }
        if now >= self.timeout_at() {
            let message = format!("Execution timed out after {} seconds.", self.timeout_seconds);
            let error = ErrorObject { error_message: Some(message), ..ErrorObject::default() };
            self.end_early(Cause::TimeOut, &error, now);
        }
    }

    /// Ends an execution whose timeout has passed while nobody ran it. Before that nothing happens.
    pub(crate) fn expire(&mut self, now: Timestamp) {
        if now >= self.timeout_at() {
            self.promote(now);
        }
    }

    /// Ends a callback or a chained invoke; false when it is not open.
    pub(crate) fn settle_outside(&mut self, id: &OperationId, settlement: &Settlement, now: Timestamp) -> bool {
        let Some(position) = self.records.position(id).filter(|_| !self.status.is_terminal()) else { return false };
        match settlement {
            Settlement::Succeeded(result) => self.settle(position, Cause::Succeed, result.as_ref(), None, now),
            Settlement::Failed(error) => self.settle(position, Cause::Fail, None, Some(error), now),
            Settlement::TimedOut(error) => self.settle(position, Cause::TimeOut, None, Some(error), now),
            Settlement::Stopped(error) => self.settle(position, Cause::Stop, None, Some(error), now),
        }
    }

    /// Puts a callback's heartbeat timer back; false when it is not open.
    pub(crate) fn heartbeat(&mut self, id: &OperationId, now: Timestamp) -> bool {
        let Some(position) = self.records.position(id).filter(|_| !self.status.is_terminal()) else { return false };
        let open = |record: &Record| record.operation.status == OperationStatus::Started;
        if !self.records.get(position).is_some_and(open) {
            return false;
        }
        self.records.change(position, By::Nobody, |record| {
            if let Extra::Callback(times) = &mut record.extra {
                times.heartbeat_at = times.heartbeat_seconds.map(|seconds| now.plus(Duration::from_secs(seconds)));
            }
        });
        true
    }
}

/// Errors of the environment rather than of the handler: they are tried again briefly.
fn is_runtime_error(error: &ErrorObject) -> bool {
    let kind = error.error_type.as_deref().unwrap_or_default();
    kind != "Sandbox.Timedout" && ["Runtime", "Sandbox", "Extension"].iter().any(|prefix| kind.starts_with(prefix))
}

/// Up to a quarter of the backoff, drawn from the execution's random id.
fn jitter(id: &str, count: u32, backoff: Duration) -> Duration {
    let seed = id.bytes().fold(count, |seed, byte| seed.wrapping_mul(31).wrapping_add(u32::from(byte)));
    backoff / 4 * (seed % 1000) / 1000
}
