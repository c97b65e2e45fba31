//! The service in memory, without an engine: one execution, one-time tokens, timers that are due at once.
//!
//! It shares no code with the engine, so that the runtime is tested against two readings of the protocol.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use durable_runtime::clock::{BoxFuture, Clock, SystemClock};
use durable_runtime::function::{Function, HostFacts, Invocation, InvocationOutcome};
use durable_runtime::service::{DurableService, ServiceError};
use durable_runtime::wire::{
    Action, CheckpointRequest, CheckpointResponse, ContextDetails, ExecutionDetails, InvocationEvent, InvocationStatus,
    Operation, OperationId, OperationStatus, OperationType, OperationUpdate, StatePage, StateRequest, StepDetails,
    Timestamp, WaitDetails,
};

/// What goes wrong with a request.
#[derive(Clone, Debug)]
pub enum Fault {
    /// It is refused or lost before it is applied.
    Refused(ServiceError),
    /// It is applied, and its answer is lost.
    AnswerLost(ServiceError),
}

#[derive(Default)]
struct State {
    operations: Vec<Operation>,
    index: HashMap<OperationId, usize>,
    requests: Vec<Vec<OperationUpdate>>,
    state_calls: Vec<String>,
    faults: HashMap<usize, Fault>,
    in_flight: usize,
    tokens: u64,
    page: Option<usize>,
    latency: Duration,
}

/// One execution's service. Clones share it.
#[derive(Clone, Default)]
pub struct Scripted(Arc<Mutex<State>>);

const ARN: &str = "arn:aws:lambda:local:000000000000:function:scripted:$LATEST/durable-execution/scripted/0000-0001";

/// The ARN that scripted executions have.
#[must_use]
pub const fn durable_execution() -> &'static str {
    ARN
}

impl Scripted {
    /// A service that holds a fresh execution with this input.
    #[must_use]
    pub fn new(input: &str) -> Self {
        let service = Self::default();
        let details = ExecutionDetails { input_payload: Some(input.into()) };
        let id = OperationId::new("0000-0001").unwrap();
        let mut execution = blank(id, OperationType::Execution);
        execution.execution_details = Some(details);
        service.state().put(execution);
        service
    }

    /// The request of this number, from 1, goes wrong.
    #[must_use]
    pub fn fault(self, request: usize, fault: Fault) -> Self {
        self.state().faults.insert(request, fault);
        self
    }

    /// Answers hold at most this many operations per page.
    #[must_use]
    pub fn paged(self, operations: usize) -> Self {
        self.state().page = Some(operations);
        self
    }

    /// Every request takes this long.
    #[must_use]
    pub fn latency(self, latency: Duration) -> Self {
        self.state().latency = latency;
        self
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// The requests so far, by their updates.
    #[must_use]
    pub fn requests(&self) -> Vec<Vec<OperationUpdate>> {
        self.state().requests.clone()
    }

    /// The tokens that pages of state were asked with.
    #[must_use]
    pub fn state_calls(&self) -> Vec<String> {
        self.state().state_calls.clone()
    }

    /// The operations so far.
    #[must_use]
    pub fn operations(&self) -> Vec<Operation> {
        self.state().operations.clone()
    }

    /// The operation of this name, if it was recorded.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<Operation> {
        self.state().operations.iter().find(|operation| operation.name.as_deref() == Some(name)).cloned()
    }

    /// Changes what is recorded, as an edit of the history or a service of another opinion would.
    pub fn edit(&self, change: impl FnOnce(&mut Vec<Operation>)) {
        let mut state = self.state();
        change(&mut state.operations);
        state.index = state.operations.iter().enumerate().map(|(at, operation)| (operation.id, at)).collect();
    }

    /// Everything that waits is due: timers end, retries become ready.
    pub fn time_passes(&self) {
        for operation in &mut self.state().operations {
            match (operation.operation_type, operation.status) {
                (OperationType::Wait, OperationStatus::Started) => operation.status = OperationStatus::Succeeded,
                (OperationType::Step, OperationStatus::Pending) => operation.status = OperationStatus::Ready,
                _ => {}
            }
        }
    }

    /// The event of the next invocation. Children of finished contexts are left out, as the service does.
    #[must_use]
    pub fn event(&self) -> InvocationEvent {
        let mut state = self.state();
        let token = state.next_token();
        let mut kept: Vec<Operation> = Vec::new();
        for operation in &state.operations {
            let parent = operation.parent_id.map(|parent| kept.iter().find(|known| known.id == parent));
            let pruned = match parent {
                None => false,
                Some(None) => true,
                Some(Some(parent)) => {
                    let replays = parent.context_details.as_ref().and_then(|details| details.replay_children);
                    parent.status.is_terminal() && replays != Some(true)
                }
            };
            if !pruned {
                kept.push(operation.clone());
            }
        }
        InvocationEvent {
            durable_execution_arn: ARN.into(),
            checkpoint_token: token,
            initial_execution_state: StatePage {
                operations: kept.into_iter().map(Box::new).collect(),
                next_marker: None,
            },
            updated_operation_ids: None,
        }
    }

    /// One invocation.
    pub async fn invoke(&self, function: &Arc<dyn Function>) -> InvocationOutcome {
        self.invoke_at(function, Arc::new(SystemClock)).await
    }

    /// One invocation by another clock.
    pub async fn invoke_at(&self, function: &Arc<dyn Function>, clock: Arc<dyn Clock>) -> InvocationOutcome {
        let invocation = Invocation {
            event: self.event(),
            service: Arc::new(self.clone()),
            clock,
            function_name: "scripted".into(),
            request_id: "request".into(),
            plugins: Vec::new(),
            deadline: None,
            host: HostFacts::default(),
            on_divergence: None,
        };
        let outcome = function.invoke(invocation).await;
        if let InvocationOutcome::Answered(response) = &outcome {
            let pending = |operation: &Operation| match operation.operation_type {
                OperationType::Step => operation.status == OperationStatus::Pending,
                OperationType::Wait => !operation.status.is_terminal(),
                _ => false,
            };
            let may_wait = self.state().operations.iter().any(pending);
            assert!(response.status != InvocationStatus::Pending || may_wait, "PENDING with nothing to wait for");
        }
        outcome
    }

    /// Invocations until the function answers something else than PENDING, with all the time in between.
    pub async fn run(&self, function: &Arc<dyn Function>) -> InvocationOutcome {
        for _ in 0..100 {
            let outcome = self.invoke(function).await;
            match &outcome {
                InvocationOutcome::Answered(response) if response.status == InvocationStatus::Pending => {
                    self.time_passes();
                }
                _ => return outcome,
            }
        }
        panic!("the function never ends");
    }
}

impl State {
    fn next_token(&mut self) -> String {
        self.tokens += 1;
        format!("token{}", self.tokens)
    }

    fn put(&mut self, operation: Operation) {
        self.index.insert(operation.id, self.operations.len());
        self.operations.push(operation);
    }

    fn apply(&mut self, update: &OperationUpdate) {
        let known = self.index.get(&update.id).copied();
        if let Some(parent) = update.parent_id {
            let parent = &self.operations[self.index[&parent]];
            assert_eq!(parent.operation_type, OperationType::Context, "{update:?}");
            assert!(!parent.status.is_terminal(), "an update under a finished context: {update:?}");
        }
        let at = known.unwrap_or_else(|| {
            let mut operation = blank(update.id, update.operation_type);
            operation.parent_id = update.parent_id;
            operation.name.clone_from(&update.name);
            operation.sub_type.clone_from(&update.sub_type);
            self.put(operation);
            self.operations.len() - 1
        });
        let operation = &mut self.operations[at];
        let open = matches!(operation.status, OperationStatus::Started | OperationStatus::Ready);
        match update.action {
            Action::Start => {
                assert!(known.is_none() || operation.status == OperationStatus::Ready, "started again: {update:?}");
                operation.status = OperationStatus::Started;
                if let Some(wait) = &update.wait_options {
                    let seconds = wait.wait_seconds.unwrap();
                    let due = operation.start_timestamp.plus(Duration::from_secs(seconds));
                    operation.wait_details = Some(WaitDetails { scheduled_end_timestamp: Some(due) });
                }
            }
            _ => assert!(open, "changed after its end: {update:?}"),
        }
        let (result, error) = (update.payload.clone(), update.error.clone());
        match (update.operation_type, update.action) {
            (_, Action::Start) => return,
            (OperationType::Step, action) => {
                let details = operation.step_details.get_or_insert_with(StepDetails::default);
                details.attempt += 1;
                (details.result, details.error) = (result, error);
                operation.status = match action {
                    Action::Succeed => OperationStatus::Succeeded,
                    Action::Fail => OperationStatus::Failed,
                    _ => OperationStatus::Pending,
                };
                return;
            }
            _ => {
                let replay_children = update.context_options.as_ref().and_then(|options| options.replay_children);
                operation.context_details = Some(ContextDetails { replay_children, result, error });
            }
        }
        let failed = update.action == Action::Fail;
        operation.status = if failed { OperationStatus::Failed } else { OperationStatus::Succeeded };
    }

    /// The changed operations from `from` on, as many as a page holds.
    fn page(&self, changed: Vec<Operation>) -> StatePage {
        let held = self.page.unwrap_or(usize::MAX);
        let next_marker = (changed.len() > held)
            .then(|| changed[held..].iter().map(|operation| operation.id.to_string()).collect::<Vec<_>>().join(","));
        StatePage { operations: changed.into_iter().take(held).map(Box::new).collect(), next_marker }
    }
}

fn blank(id: OperationId, operation_type: OperationType) -> Operation {
    Operation {
        id,
        parent_id: None,
        name: None,
        operation_type,
        sub_type: None,
        status: OperationStatus::Started,
        start_timestamp: Timestamp::from_millis(1_767_225_600_000),
        end_timestamp: None,
        execution_details: None,
        context_details: None,
        step_details: None,
        wait_details: None,
        callback_details: None,
        chained_invoke_details: None,
    }
}

impl DurableService for Scripted {
    fn checkpoint(&self, request: CheckpointRequest) -> BoxFuture<'_, Result<CheckpointResponse, ServiceError>> {
        Box::pin(async move {
            let (latency, fault) = {
                let mut state = self.state();
                state.in_flight += 1;
                assert_eq!(state.in_flight, 1, "two requests in flight with one token");
                state.requests.push(request.updates.clone());
                let number = state.requests.len();
                (state.latency, state.faults.get(&number).cloned())
            };
            if !latency.is_zero() {
                tokio::time::sleep(latency).await;
            }
            let mut state = self.state();
            state.in_flight -= 1;
            if let Some(Fault::Refused(error)) = fault {
                return Err(error);
            }
            if request.checkpoint_token != format!("token{}", state.tokens) {
                return Err(ServiceError::stale_token());
            }
            assert!(request.updates.len() <= 250, "{} updates in one request", request.updates.len());
            request.updates.iter().for_each(|update| state.apply(update));
            let token = state.next_token();
            if let Some(Fault::AnswerLost(error)) = fault {
                return Err(error);
            }
            let mut changed: Vec<Operation> = Vec::new();
            for update in &request.updates {
                if !changed.iter().any(|known| known.id == update.id) {
                    changed.push(state.operations[state.index[&update.id]].clone());
                }
            }
            Ok(CheckpointResponse { checkpoint_token: Some(token), new_execution_state: state.page(changed) })
        })
    }

    fn state(&self, request: StateRequest) -> BoxFuture<'_, Result<StatePage, ServiceError>> {
        Box::pin(async move {
            let mut state = Scripted::state(self);
            state.state_calls.push(request.checkpoint_token.clone());
            if request.checkpoint_token != format!("token{}", state.tokens) {
                return Err(ServiceError::stale_token());
            }
            let asked = request.marker.split(',').map(|id| state.operations[state.index[id]].clone()).collect();
            Ok(state.page(asked))
        })
    }
}
