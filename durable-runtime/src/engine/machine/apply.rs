//! Applying what was found valid: updates of the function and settlements of the service, each through one row of
//! the transition tables.

use std::time::Duration;

use super::super::arn::{Arn, function_name};
use super::super::token;
use super::checkpoint::Surroundings;
use super::execution::{Execution, Held, NewExecution, Parent};
use super::history::Given;
use super::records::{By, CallbackTimes, Extra, Invoke, Record};
use super::transitions::{Cause, Transition};
use super::validation::Planned;
use crate::wire::{
    CallbackDetails, ChainedInvokeDetails, ContextDetails, ErrorObject, Operation, OperationStatus, OperationType,
    OperationUpdate, StepDetails, Timestamp, WaitDetails,
};

fn seconds(count: Option<u64>) -> Option<Duration> {
    count.filter(|count| *count > 0).map(Duration::from_secs)
}

impl Execution {
    /// Applies a plan. An update of EXECUTION is not among it: that one ends the execution.
    pub(crate) fn apply(&mut self, plan: Vec<Planned>, around: &Surroundings<'_>) {
        for Planned { update, transition } in plan {
            let position = match self.records.position(&update.id) {
                Some(position) => position,
                None => self.create(&update, around),
            };
            let event = transition.event;
            let delay = update.step_options.as_ref().and_then(|options| options.next_attempt_delay_seconds);
            let delay = delay.filter(|_| transition.to == OperationStatus::Pending);
            let timeout = update.callback_options.as_ref().and_then(|options| options.timeout_seconds);
            let replay_children = update.context_options.as_ref().and_then(|options| options.replay_children);
            let change = Effect {
                transition,
                payload: update.payload.as_ref(),
                error: update.error.as_ref(),
                delay,
                replay_children,
                now: around.now,
            };
            self.records.change(position, By::Function, |record| change.on(record));
            if let Some(event) = event {
                let given = Given {
                    payload: update.payload.as_ref(),
                    error: update.error.as_ref(),
                    delay,
                    timeout: timeout.filter(|seconds| *seconds > 0),
                };
                self.push_operation_event(position, event, given, around.now);
            }
        }
    }

    /// Lets the service change an operation; false when it is in no state for that.
    pub(crate) fn settle(
        &mut self,
        position: usize,
        cause: Cause,
        payload: Option<&String>,
        error: Option<&ErrorObject>,
        now: Timestamp,
    ) -> bool {
        let Some(record) = self.records.get(position) else { return false };
        let (of, status) = (record.operation.operation_type, record.operation.status);
        let Some(transition) = super::transitions::for_settlement(of, status, cause) else { return false };
        let change = Effect { transition, payload, error, delay: None, replay_children: None, now };
        self.records.change(position, By::Service, |record| change.on(record));
        if let Some(event) = transition.event {
            self.push_operation_event(position, event, Given { payload, error, ..Given::default() }, now);
        }
        true
    }

    /// Adds the operation that `update` is the first to name, before the update itself is applied to it.
    fn create(&mut self, update: &OperationUpdate, around: &Surroundings<'_>) -> usize {
        let now = around.now;
        let mut operation = Operation {
            id: update.id,
            parent_id: update.parent_id,
            name: update.name.clone(),
            operation_type: update.operation_type,
            sub_type: update.sub_type.clone(),
            status: OperationStatus::Started,
            start_timestamp: now,
            end_timestamp: None,
            execution_details: None,
            context_details: None,
            step_details: None,
            wait_details: None,
            callback_details: None,
            chained_invoke_details: None,
        };
        let mut extra = Extra::None;
        match update.operation_type {
            OperationType::Context => operation.context_details = Some(ContextDetails::default()),
            OperationType::Step => operation.step_details = Some(StepDetails::default()),
            OperationType::Wait => {
                let wait = update.wait_options.as_ref().and_then(|options| options.wait_seconds);
                let scheduled_end_timestamp = seconds(wait).map(|wait| now.plus(wait));
                operation.wait_details = Some(WaitDetails { scheduled_end_timestamp });
            }
            OperationType::Callback => {
                let options = update.callback_options.clone().unwrap_or_default();
                let heartbeat = seconds(options.heartbeat_timeout_seconds);
                extra = Extra::Callback(CallbackTimes {
                    timeout_at: seconds(options.timeout_seconds).map(|timeout| now.plus(timeout)),
                    heartbeat_at: heartbeat.map(|heartbeat| now.plus(heartbeat)),
                    heartbeat_seconds: heartbeat.map(|heartbeat| heartbeat.as_secs()),
                });
                let callback_id = Some(token::callback_id(self.arn.id(), update.id.as_str()));
                operation.callback_details = Some(CallbackDetails { callback_id, ..CallbackDetails::default() });
            }
            OperationType::ChainedInvoke => {
                operation.chained_invoke_details = Some(ChainedInvokeDetails::default());
                extra = Extra::Invoke(Box::new(self.launch(update, around)));
            }
            OperationType::Execution | OperationType::Unknown => {}
        }
        let contact = self.contact().unwrap_or(now);
        self.records.create(Record::new(operation, extra, contact))
    }

    /// Creates a chained invoke's child with it, to be run once the caller rests. A target that is not registered
    /// fails then, as on AWS.
    fn launch(&mut self, update: &OperationUpdate, around: &Surroundings<'_>) -> Invoke {
        let options = update.chained_invoke_options.clone().unwrap_or_default();
        let function = function_name(&options.function_name);
        let mut invoke = Invoke { target: options.function_name.clone(), tenant: options.tenant_id, child: None };
        if around.registry.is_registered(function) {
            let name = (around.fresh_id)();
            let arn = Arn::compose(function, &name, &(around.fresh_id)());
            self.children.push(NewExecution {
                arn: arn.clone(),
                function: function.to_owned(),
                input: update.payload.clone().unwrap_or_else(|| "null".to_owned()),
                started: around.now,
                timeout_seconds: around.timeout_seconds,
                parent: Some(Parent { arn: self.arn.clone(), operation: update.id }),
            });
            self.held.push(Held::Child(arn.clone()));
            invoke.child = Some(arn);
        } else {
            self.held.push(Held::Missing(update.id));
        }
        invoke
    }
}

/// What a transition does to its record.
struct Effect<'a> {
    transition: &'static Transition,
    payload: Option<&'a String>,
    error: Option<&'a ErrorObject>,
    delay: Option<u64>,
    replay_children: Option<bool>,
    now: Timestamp,
}

impl Effect<'_> {
    fn on(&self, record: &mut Record) {
        let operation = &mut record.operation;
        operation.status = self.transition.to;
        if self.transition.to.is_terminal() {
            operation.end_timestamp = Some(self.now);
        }
        let (result, error) = (self.payload.cloned(), self.error.cloned());
        let ends = self.transition.cause != Cause::Start;
        if let Some(details) = &mut operation.step_details {
            match self.transition.cause {
                // Result and Attempt outlive START: a polled condition carries its state there.
                Cause::Start => {}
                Cause::Due => details.next_attempt_timestamp = None,
                _ => {
                    details.attempt += 1;
                    details.next_attempt_timestamp = self.delay.map(|delay| self.now.plus(Duration::from_secs(delay)));
                    (details.result, details.error) = (result, error);
                }
            }
        } else if let Some(details) = operation.context_details.as_mut().filter(|_| ends) {
            details.replay_children = self.replay_children;
            (details.result, details.error) = (result, error);
        } else if let Some(details) = operation.callback_details.as_mut().filter(|_| ends) {
            (details.result, details.error) = (result, error);
        } else if let Some(details) = operation.chained_invoke_details.as_mut().filter(|_| ends) {
            (details.result, details.error) = (result, error);
        }
    }
}
