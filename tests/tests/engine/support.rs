//! Functions made of a closure that sends raw checkpoints, and short forms of updates.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::FutureExt;

use durable_runtime::clock::{BoxFuture, Clock};
use durable_runtime::engine::{Arn, Engine, ExecutionSummary, StartOptions};
use durable_runtime::function::{Function, Invocation, InvocationOutcome};
use durable_runtime::service::{DurableService, ServiceError};
use durable_runtime::testing::VirtualClock;
use durable_runtime::wire::{
    Action, CallbackOptions, ChainedInvokeOptions, CheckpointRequest, CheckpointResponse, ContextOptions, ErrorObject,
    InvocationEvent, InvocationResponse, Operation, OperationId, OperationStatus, OperationType, OperationUpdate,
    Operations, StatePage, StateRequest, StepOptions, WaitOptions,
};

/// One invocation of a script.
pub(crate) struct Call {
    /// Which invocation of the script this is, from 1.
    pub(crate) number: usize,
    pub(crate) event: InvocationEvent,
    pub(crate) service: Arc<dyn DurableService>,
    pub(crate) clock: Arc<dyn Clock>,
    /// The latest token.
    pub(crate) token: String,
    /// Every operation as last seen.
    pub(crate) operations: Operations,
}

impl Call {
    /// Sends updates that must be accepted.
    pub(crate) async fn send(&mut self, updates: Vec<OperationUpdate>) -> CheckpointResponse {
        self.try_send(updates).await.expect("the checkpoint is accepted")
    }

    /// Asks for news.
    pub(crate) async fn poll(&mut self) -> Operations {
        self.send(Vec::new()).await.new_execution_state.operations
    }

    /// Sends updates; goes on with the new token and the news when they are accepted.
    pub(crate) async fn try_send(&mut self, updates: Vec<OperationUpdate>) -> Result<CheckpointResponse, ServiceError> {
        let response = self.raw(self.token.clone(), None, updates).await?;
        if let Some(token) = &response.checkpoint_token {
            self.token.clone_from(token);
        }
        for operation in &response.new_execution_state.operations {
            match self.operations.iter_mut().find(|known| known.id == operation.id) {
                Some(known) => known.clone_from(operation),
                None => self.operations.push(operation.clone()),
            }
        }
        Ok(response)
    }

    /// Sends a checkpoint as it is given.
    pub(crate) async fn raw(
        &self,
        token: String,
        client_token: Option<&str>,
        updates: Vec<OperationUpdate>,
    ) -> Result<CheckpointResponse, ServiceError> {
        let request = CheckpointRequest {
            durable_execution_arn: self.event.durable_execution_arn.clone(),
            checkpoint_token: token,
            client_token: client_token.map(Into::into),
            updates,
        };
        self.service.checkpoint(request).await
    }

    pub(crate) async fn state(&self, marker: &str, max_items: u32) -> Result<StatePage, ServiceError> {
        let request = StateRequest {
            durable_execution_arn: self.event.durable_execution_arn.clone(),
            checkpoint_token: self.token.clone(),
            marker: marker.into(),
            max_items,
        };
        self.service.state(request).await
    }

    pub(crate) fn operation(&self, id: &str) -> &Operation {
        self.operations.iter().find(|operation| operation.id.as_str() == id).expect("the operation is in the state")
    }

    pub(crate) fn status(&self, id: &str) -> Option<OperationStatus> {
        self.operations.iter().find(|operation| operation.id.as_str() == id).map(|operation| operation.status)
    }

    pub(crate) fn updated(&self) -> Vec<&str> {
        self.event.updated_operation_ids.iter().flatten().map(OperationId::as_str).collect()
    }
}

struct Script<F> {
    body: F,
    calls: AtomicUsize,
}

impl<F, Fut> Function for Script<F>
where
    F: Fn(Call) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = InvocationOutcome> + Send + 'static,
{
    fn invoke(&self, invocation: Invocation) -> BoxFuture<'static, InvocationOutcome> {
        let Invocation { event, service, clock, .. } = invocation;
        let call = Call {
            number: self.calls.fetch_add(1, Ordering::SeqCst) + 1,
            token: event.checkpoint_token.clone(),
            operations: event.initial_execution_state.operations.clone(),
            event,
            service,
            clock,
        };
        let running = AssertUnwindSafe((self.body)(call)).catch_unwind();
        Box::pin(async move {
            running.await.unwrap_or_else(|panic| {
                PANICKED.with(|panicked| panicked.set(true));
                resume_unwind(panic)
            })
        })
    }
}

thread_local! {
    /// Whether an assertion of a script on this test's thread failed: the engine would only see a failed invocation.
    static PANICKED: Cell<bool> = const { Cell::new(false) };
}

/// Waits for an execution whose scripts' assertions must all have held.
pub(crate) async fn finish(engine: &Engine, arn: &Arn) -> ExecutionSummary {
    let summary = engine.wait(arn).await.unwrap();
    assert!(!PANICKED.with(Cell::get), "an assertion inside the script failed");
    summary
}

/// A function out of a closure.
pub(crate) fn script<F, Fut>(body: F) -> Arc<dyn Function>
where
    F: Fn(Call) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = InvocationOutcome> + Send + 'static,
{
    Arc::new(Script { body, calls: AtomicUsize::new(0) })
}

pub(crate) fn succeeded(result: &str) -> InvocationOutcome {
    InvocationOutcome::Answered(InvocationResponse::succeeded(result.into()))
}

pub(crate) fn failed(kind: &str) -> InvocationOutcome {
    InvocationOutcome::Answered(InvocationResponse::failed(Some(ErrorObject::new(kind, "as scripted"))))
}

pub(crate) fn pending() -> InvocationOutcome {
    InvocationOutcome::Answered(InvocationResponse::pending())
}

pub(crate) fn crashed(kind: &str) -> InvocationOutcome {
    InvocationOutcome::Failed(ErrorObject::new(kind, "as scripted"))
}

pub(crate) fn id(text: &str) -> OperationId {
    OperationId::new(text).unwrap()
}

pub(crate) fn update(of: OperationType, operation: &str, action: Action) -> OperationUpdate {
    OperationUpdate::new(id(operation), of, action)
}

pub(crate) fn start(of: OperationType, operation: &str) -> OperationUpdate {
    update(of, operation, Action::Start)
}

pub(crate) fn succeed(of: OperationType, operation: &str, payload: &str) -> OperationUpdate {
    OperationUpdate { payload: Some(payload.into()), ..update(of, operation, Action::Succeed) }
}

pub(crate) fn fail(of: OperationType, operation: &str, kind: &str) -> OperationUpdate {
    OperationUpdate { error: Some(ErrorObject::new(kind, "as scripted")), ..update(of, operation, Action::Fail) }
}

pub(crate) fn retry(operation: &str, seconds: u64) -> OperationUpdate {
    let step_options = Some(StepOptions { next_attempt_delay_seconds: Some(seconds) });
    let error = Some(ErrorObject::new("Flaky", "as scripted"));
    OperationUpdate { step_options, error, ..update(OperationType::Step, operation, Action::Retry) }
}

/// A poll of a condition that goes on with `state`.
pub(crate) fn again(operation: &str, seconds: u64, state: &str) -> OperationUpdate {
    OperationUpdate { error: None, payload: Some(state.into()), ..retry(operation, seconds) }
}

pub(crate) fn wait(operation: &str, seconds: u64) -> OperationUpdate {
    let wait_options = Some(WaitOptions { wait_seconds: Some(seconds) });
    OperationUpdate { wait_options, ..start(OperationType::Wait, operation) }
}

pub(crate) fn callback(operation: &str, timeout: u64, heartbeat: u64) -> OperationUpdate {
    let (timeout_seconds, heartbeat_timeout_seconds) = (Some(timeout), Some(heartbeat));
    let callback_options = Some(CallbackOptions { timeout_seconds, heartbeat_timeout_seconds });
    OperationUpdate { callback_options, ..start(OperationType::Callback, operation) }
}

pub(crate) fn invoke(operation: &str, function: &str, payload: &str) -> OperationUpdate {
    let options = ChainedInvokeOptions { function_name: function.into(), ..ChainedInvokeOptions::default() };
    OperationUpdate {
        chained_invoke_options: Some(options),
        payload: Some(payload.into()),
        ..start(OperationType::ChainedInvoke, operation)
    }
}

pub(crate) fn replay_children(update: OperationUpdate) -> OperationUpdate {
    OperationUpdate { context_options: Some(ContextOptions { replay_children: Some(true) }), ..update }
}

pub(crate) fn inside(parent: &str, update: OperationUpdate) -> OperationUpdate {
    OperationUpdate { parent_id: Some(id(parent)), ..update }
}

pub(crate) fn named(name: &str, update: OperationUpdate) -> OperationUpdate {
    OperationUpdate { name: Some(name.into()), ..update }
}

/// An engine in memory and in virtual time.
pub(crate) async fn engine() -> Engine {
    Engine::options().clock(Arc::new(VirtualClock::new())).open_in_memory().await.unwrap()
}

/// An engine on a file and in virtual time.
pub(crate) async fn open(path: &Path, clock: VirtualClock) -> Engine {
    Engine::options().clock(Arc::new(clock)).open(path).await.unwrap()
}

/// How an execution is started that is called `name`.
pub(crate) fn called(name: &str) -> StartOptions {
    StartOptions { name: Some(name.into()), timeout: None }
}

/// Runs a script to its end in an engine of its own.
pub(crate) async fn run<F, Fut>(body: F) -> (Engine, ExecutionSummary)
where
    F: Fn(Call) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = InvocationOutcome> + Send + 'static,
{
    let engine = engine().await;
    engine.register("scripted", script(body));
    let arn = begin(&engine, "scripted").await;
    let summary = finish(&engine, &arn).await;
    (engine, summary)
}

pub(crate) async fn begin(engine: &Engine, function: &str) -> Arn {
    engine.start(function, "{}", StartOptions::default()).await.unwrap().arn
}

/// The history as `number type`, one line per event.
pub(crate) async fn history(engine: &Engine, arn: &Arn) -> Vec<String> {
    let events = engine.history(arn).await.unwrap();
    for (index, event) in events.iter().enumerate() {
        assert_eq!(event.event_id, index as u64 + 1, "numbers have no gaps");
    }
    events.into_iter().map(|event| event.event_type).collect()
}

/// A fresh directory for a test's files.
pub(crate) fn directory(test: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("engine").join(test);
    drop(std::fs::remove_dir_all(&path));
    std::fs::create_dir_all(&path).unwrap();
    path
}
