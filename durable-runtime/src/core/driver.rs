//! Drives one invocation: polls durable code, decides when it is finished, suspended or beyond help, and answers.
//!
//! Every answer waits until nothing is queued or in flight, takes the last news, polls once more, and only then
//! decides.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use super::alarm::Alarm;
use super::ambient::with_context;
use super::checkpointer::{Checkpointer, all_pages};
use super::contained::drop_contained;
use super::context::Context;
use super::divergence::foreign_wait;
use super::fatal::Fatal;
use super::journal::Journal;
use super::observer::Observer;
use super::shared::{ExecutionFacts, Shared};
use super::wakers::HandlerWaker;
use crate::clock::BoxFuture;
use crate::error::StepFailure;
use crate::function::{Invocation, InvocationOutcome};
use crate::plugin::InvocationInfo;
use crate::wire::{
    Action, ErrorObject, InvocationResponse, Operation, OperationId, OperationStatus, OperationType, OperationUpdate,
    escaped_bytes, limits,
};

/// How often durable code is polled again at once before other tasks get their turn.
const POLLS_IN_A_ROW: u32 = 8;

/// How durable code ended: the text of its result, or its error.
pub(crate) type Ended = Result<String, ErrorObject>;

/// What a function gives the driver to run.
pub(crate) struct Root {
    /// The handler's future over its input, the JSON text.
    pub(crate) start: Box<dyn FnOnce(Context, String) -> BoxFuture<'static, Ended> + Send>,
}

/// Runs one invocation.
pub(crate) async fn drive(invocation: Invocation, root: Root) -> InvocationOutcome {
    let Invocation { event, service, clock, function_name, request_id, plugins, deadline, host, on_divergence } =
        invocation;
    let (arn, token) = (event.durable_execution_arn, event.checkpoint_token);
    let changed = event.updated_operation_ids.as_ref().is_some_and(|ids| !ids.is_empty());
    let operations = match all_pages(&*service, &arn, &token, event.initial_execution_state).await {
        Ok(operations) => operations,
        Err(error) => return Fatal::Service(error).outcome(on_divergence),
    };
    let replaying = operations.iter().any(|operation| operation.operation_type != OperationType::Execution);
    // A service that had no news to tell, or a step begun and not ended, means that the last invocation died.
    let begun = |operation: &Operation| {
        operation.operation_type == OperationType::Step && operation.status == OperationStatus::Started
    };
    let impatient = replaying && (!changed || operations.iter().any(|operation| begun(operation)));
    let execution_id = arn.rsplit('/').next().unwrap_or_default().to_owned();
    let execution = execution_of(&operations, &execution_id);
    let input = execution.map_or_else(|| "null".to_owned(), input_of);
    let info = || InvocationInfo {
        execution_arn: arn.clone(),
        function_name: function_name.clone(),
        request_id: request_id.clone(),
        execution_start: execution.map(|execution| execution.start_timestamp).unwrap_or_default(),
        is_first: !replaying,
    };
    let observer = Observer::of(plugins, info, &operations, event.updated_operation_ids);

    let execution = ExecutionFacts { arn, function_name, request_id, deadline, host };
    let alarm = Alarm::set(&*clock, deadline);
    let shared = Arc::new(Shared::new(Journal::new(operations), clock, execution, observer));
    let context = Context::root(shared.clone(), replaying);
    let checkpointer = Checkpointer::new(shared.clone(), service, token, impatient);
    let _stop = StopOnDrop(shared.clone());
    shared.observer.as_ref().inspect(|observer| observer.invocation_started(&context));
    let sender = tokio::spawn(checkpointer.run());
    let root_context = context.clone();

    let mut run = Run {
        waker: Arc::default(),
        handler: Some((root.start)(context.clone(), input)),
        context,
        alarm,
        ended: None,
        first: true,
    };
    let outcome = match poll_fn(|cx| run.poll(cx)).await {
        Verdict::Fatal(fatal) => fatal.outcome(on_divergence),
        Verdict::Suspended => InvocationOutcome::Answered(InvocationResponse::pending()),
        Verdict::Ended(ended) => {
            answer(&shared, &execution_id, ended).await.unwrap_or_else(|fatal| fatal.outcome(on_divergence))
        }
    };
    drop(run);
    shared.lock().closed = true;
    shared.attention.notify_one();
    // The sender has nothing in flight any more, or its answer no longer matters.
    sender.abort();
    shared.observer.as_ref().inspect(|observer| observer.invocation_ended(&root_context, &outcome));
    outcome
}

/// The EXECUTION operation is the first, or the one with the execution's id.
fn execution_of<'a>(operations: &'a [Box<Operation>], execution_id: &str) -> Option<&'a Operation> {
    let by_id = operations.iter().find(|operation| operation.id.as_str() == execution_id);
    by_id.or_else(|| operations.first()).map(Box::as_ref)
}

fn input_of(execution: &Operation) -> String {
    let details = execution.execution_details.as_ref();
    let text = details.and_then(|details| details.input_payload.as_deref()).filter(|text| !text.trim().is_empty());
    text.unwrap_or("null").to_owned()
}

/// Stops the checkpointer also when the invocation itself is dropped.
struct StopOnDrop(Arc<Shared>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.attention.notify_one();
    }
}

enum Verdict {
    Ended(Ended),
    Suspended,
    Fatal(Fatal),
}

struct Run {
    waker: Arc<HandlerWaker>,
    handler: Option<BoxFuture<'static, Ended>>,
    context: Context,
    alarm: Alarm,
    ended: Option<Ended>,
    first: bool,
}

impl Run {
    fn poll(&mut self, cx: &mut TaskContext<'_>) -> Poll<Verdict> {
        let shared = self.context.shared().clone();
        self.waker.forward_to(cx.waker());
        self.alarm.look(cx, &shared);
        let mut polls = 0;
        loop {
            if self.handler.is_some() && (std::mem::take(&mut self.first) || self.waker.take_woken()) {
                shared.lock().idle = false;
                self.poll_handler();
                let mut state = shared.lock();
                // Woken again already, it only gave way to others: nothing is sent early for that.
                state.idle = self.ended.is_some() || !self.waker.is_woken();
                state.draining = self.ended.is_some();
                drop(state);
                shared.attention.notify_one();
            }
            let mut state = shared.lock();
            state.driver = Some(cx.waker().clone());
            if let Some(fatal) = &state.fatal {
                let fatal = fatal.clone();
                drop(state);
                self.drop_handler();
                // What is known is recorded first: a result that was made must not be lost to an edit.
                let state = shared.lock();
                if !state.cut_off && !state.outbox.is_drained() {
                    drop(state);
                    shared.attention.notify_one();
                    return Poll::Pending;
                }
                return Poll::Ready(Verdict::Fatal(fatal));
            }
            // News are merged and woken for under this lock, so none can slip in between here and the verdict.
            if self.handler.is_some() && self.waker.is_woken() {
                polls += 1;
                if polls < POLLS_IN_A_ROW {
                    continue;
                }
                // A future that gives way by waking itself wants others to run: they get their turn.
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            if !state.outbox.is_drained() || state.live > 0 {
                return Poll::Pending;
            }
            if let Some(ended) = self.ended.take() {
                return Poll::Ready(Verdict::Ended(ended));
            }
            if state.parked.is_any_waiting() {
                drop(state);
                self.drop_handler();
                return Poll::Ready(Verdict::Suspended);
            }
            drop(state);
            shared.end_with(Fatal::Diverged(foreign_wait(&self.context)));
        }
    }

    /// One poll of durable code; its end, by whatever way, lands in `ended` and its future is dropped.
    fn poll_handler(&mut self) {
        let Some(handler) = self.handler.as_mut() else { return };
        let waker = self.waker.clone().into();
        let mut cx = TaskContext::from_waker(&waker);
        let polled = catch_unwind(AssertUnwindSafe(|| with_context(&self.context, || handler.as_mut().poll(&mut cx))));
        if self.waker.take_foreign() {
            tracing::error!(report = foreign_wait(&self.context), "a wake from outside the runtime");
        }
        let ended = match polled {
            Err(panic) => Some(Err(StepFailure::panicked(&*panic).to_object())),
            Ok(Poll::Ready(ended)) => Some(ended),
            Ok(Poll::Pending) => self.context.escalated().map(|failure| Err(failure.to_object())),
        };
        if ended.is_some() {
            self.ended = ended;
            self.drop_handler();
        }
    }

    /// Drops durable code where it stands. A guard of the user's that panics then must not take the answer along.
    fn drop_handler(&mut self) {
        drop_contained(self.handler.take());
    }
}

/// Answers with the end of durable code. What does not fit into an answer is checkpointed first.
async fn answer(shared: &Arc<Shared>, execution_id: &str, ended: Ended) -> Result<InvocationOutcome, Fatal> {
    let bytes = match &ended {
        // As it stands in the answer: a text inside JSON.
        Ok(result) => escaped_bytes(result),
        Err(error) => error.json_bytes(),
    };
    if bytes <= limits::RESPONSE_BYTES {
        return Ok(InvocationOutcome::Answered(match ended {
            Ok(result) => InvocationResponse::succeeded(result),
            Err(error) => InvocationResponse::failed(Some(error)),
        }));
    }
    let (action, empty) = match &ended {
        Ok(_) => (Action::Succeed, InvocationResponse::succeeded(String::new())),
        Err(_) => (Action::Fail, InvocationResponse::failed(None)),
    };
    // The service applies it to the execution whatever id it carries; the real one is the honest one.
    let id = OperationId::new(execution_id).unwrap_or_default();
    let mut update = OperationUpdate::new(id, OperationType::Execution, action);
    match ended {
        Ok(result) => update.payload = Some(result),
        Err(error) => update.error = Some(error),
    }
    let sequence = shared.lock().outbox.push(Box::new(update), true);
    shared.attention.notify_one();
    poll_fn(|cx| {
        let mut state = shared.lock();
        state.driver = Some(cx.waker().clone());
        match &state.fatal {
            // The execution has its result: no token is the service's way to say that nothing more is taken.
            Some(Fatal::Ended) => Poll::Ready(Ok(())),
            Some(fatal) => Poll::Ready(Err(fatal.clone())),
            None if state.outbox.is_settled(sequence) => Poll::Ready(Ok(())),
            None => Poll::Pending,
        }
    })
    .await?;
    Ok(InvocationOutcome::Answered(empty))
}
