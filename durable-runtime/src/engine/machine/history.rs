//! History events: which members each carries. Numbers them without gaps.

use super::execution::{Execution, NewExecution, OpenInvocation};
use super::records::{CallbackTimes, Extra, Record};
use crate::wire::{
    ErrorObject, HistoryDetails, HistoryError, HistoryEvent, HistoryPayload, OperationStatus, OperationType,
    RetryDetails, Timestamp,
};

use super::super::arn::VERSION;

fn payload(text: Option<&String>) -> Option<HistoryPayload> {
    Some(HistoryPayload { payload: text.cloned(), truncated: false })
}

fn error(object: Option<&ErrorObject>) -> Option<HistoryError> {
    Some(HistoryError { payload: Some(object.cloned().unwrap_or_default()), truncated: false })
}

/// The first event of an execution.
pub(crate) fn execution_started(new: &NewExecution) -> HistoryEvent {
    HistoryEvent {
        event_type: "ExecutionStarted".into(),
        sub_type: None,
        event_id: 1,
        id: new.operation().map(|operation| operation.id),
        name: Some(new.arn.name().to_owned()),
        parent_id: None,
        event_timestamp: new.started,
        details: HistoryDetails {
            input: payload(Some(&new.input)),
            execution_timeout: Some(new.timeout_seconds),
            ..HistoryDetails::default()
        },
    }
}

impl Execution {
    fn push_event(&mut self, mut event: HistoryEvent) {
        self.last_event += 1;
        event.event_id = self.last_event;
        self.events.push(event);
    }

    /// Writes that an invocation is over.
    pub(crate) fn push_invocation_completed(
        &mut self,
        invocation: OpenInvocation,
        failure: Option<&ErrorObject>,
        now: Timestamp,
    ) {
        self.push_event(HistoryEvent {
            event_type: "InvocationCompleted".into(),
            sub_type: None,
            event_id: 0,
            id: None,
            name: None,
            parent_id: None,
            event_timestamp: now,
            details: HistoryDetails {
                start_timestamp: Some(invocation.started),
                end_timestamp: Some(now),
                request_id: Some(invocation.request_id),
                error: failure.and_then(|failure| error(Some(failure))),
                ..HistoryDetails::default()
            },
        });
    }

    /// Writes what just happened to the operation at `position`. `given` is what the change brought along.
    pub(crate) fn push_operation_event(&mut self, position: usize, event: &str, given: Given<'_>, now: Timestamp) {
        let Some(record) = self.records.get(position) else { return };
        let operation = &record.operation;
        let event = HistoryEvent {
            event_type: event.to_owned(),
            sub_type: operation.sub_type.clone(),
            event_id: 0,
            id: Some(operation.id),
            name: operation.name.clone(),
            parent_id: operation.parent_id,
            event_timestamp: now,
            details: details(record, given),
        };
        self.push_event(event);
    }
}

/// What came with a change and is not all kept in the operation's state.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Given<'a> {
    pub(crate) payload: Option<&'a String>,
    pub(crate) error: Option<&'a ErrorObject>,
    /// Seconds to a step's next attempt.
    pub(crate) delay: Option<u64>,
    /// Seconds of a callback's timeout.
    pub(crate) timeout: Option<u64>,
}

fn details(record: &Record, given: Given<'_>) -> HistoryDetails {
    let operation = &record.operation;
    let started = operation.status == OperationStatus::Started;
    let mut details = HistoryDetails::default();
    match operation.operation_type {
        OperationType::Step if !started => {
            let current_attempt = operation.step_details.as_ref().map_or(0, |step| step.attempt);
            details.retry_details = Some(RetryDetails { current_attempt, next_attempt_delay_seconds: given.delay });
        }
        // A cancelled wait says only why, if anybody did.
        OperationType::Wait if operation.status == OperationStatus::Cancelled => {
            details.error = given.error.and_then(|given| error(Some(given)));
            return details;
        }
        OperationType::Wait => {
            let scheduled = operation.wait_details.as_ref().and_then(|wait| wait.scheduled_end_timestamp);
            details.duration = scheduled.map(|end| end.since(operation.start_timestamp).as_secs());
            details.scheduled_end_timestamp = scheduled.filter(|_| started);
            return details;
        }
        _ if !started => {}
        OperationType::Callback => {
            let times = match &record.extra {
                Extra::Callback(times) => times.clone(),
                _ => CallbackTimes::default(),
            };
            details.callback_id = operation.callback_details.as_ref().and_then(|callback| callback.callback_id.clone());
            details.timeout = given.timeout;
            details.heartbeat_timeout = times.heartbeat_seconds;
        }
        OperationType::ChainedInvoke => {
            if let Extra::Invoke(invoke) = &record.extra {
                details.function_name = Some(invoke.target.clone());
                details.tenant_id.clone_from(&invoke.tenant);
                details.executed_version = invoke.child.as_ref().map(|_| VERSION.to_owned());
                details.durable_execution_arn = invoke.child.as_ref().map(ToString::to_string);
            }
            details.input = payload(given.payload);
        }
        _ => {}
    }
    if started {
        return details;
    }
    let unhappy =
        matches!(operation.status, OperationStatus::Failed | OperationStatus::TimedOut | OperationStatus::Stopped);
    if unhappy || given.error.is_some() {
        details.error = error(given.error);
    } else {
        details.result = payload(given.payload);
    }
    details
}
