//! One live execution: a task that owns its state and takes its requests one after the other. Decides when the
//! function is invoked; what anything means is the machine's business.

mod blocked;
mod loading;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::select;
use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;

use super::alarm::Alarm;
use super::arn::Arn;
use super::error::EngineError;
use super::guards::Counted;
use super::machine::{Execution, Held, Next, PageSize, RetryPolicy, Settlement, Surroundings};
use super::service::{EngineService, Message, Phase};
use super::shared::{Shared, random_id};
use super::store;
use super::summary::{ChangeKind, ExecutionStatus};
use crate::clock::BoxFuture;
use crate::function::{HostFacts, Invocation, InvocationOutcome};
use crate::service::ServiceError;
use crate::wire::{ErrorObject, Timestamp};
use blocked::BlockedTargets;
use loading::Loaded;

/// What the task does about its function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dispatch {
    /// Not before it is activated.
    Inactive,
    /// It rests; invoke it when something changes.
    Resting,
    /// Invoke it at once.
    Due,
    /// Invoke it once the backoff is over: the last invocation failed.
    BackingOff,
    Invoking,
    /// Not in this process: its code does not fit.
    Blocked,
    /// Not before its function is registered and it is activated again. Its time goes on.
    Missing,
    /// Never: its operations cannot be read. It can be stopped, and its time goes on.
    Unreadable,
    Ended,
}

struct Live {
    shared: Arc<Shared>,
    execution: Execution,
    dispatch: Dispatch,
    requests: mpsc::UnboundedReceiver<Message>,
    own: mpsc::UnboundedSender<Message>,
    phase: watch::Sender<Phase>,
    /// The function's task; aborted with this one.
    function: Option<AbortOnDrop>,
    blocked: BlockedTargets,
    backoff: Option<BoxFuture<'static, ()>>,
}

struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Runs an execution from what the store holds to its end, or to the engine's.
pub(crate) async fn run(
    shared: Arc<Shared>,
    arn: Arn,
    own: mpsc::UnboundedSender<Message>,
    mut requests: mpsc::UnboundedReceiver<Message>,
    phase: watch::Sender<Phase>,
) {
    match loading::load(&shared, &arn).await {
        Ok(None) => {}
        Ok(Some(Loaded { execution, damage })) => {
            let dispatch = if damage.is_none() { Dispatch::Inactive } else { Dispatch::Unreadable };
            let shared = Arc::clone(&shared);
            let mut live = Live {
                shared,
                execution,
                dispatch,
                requests,
                own,
                phase,
                function: None,
                blocked: BlockedTargets::default(),
                backoff: None,
            };
            if let Err(error) = live.serve(damage).await {
                live.shared.fail(error);
            }
        }
        Err(error @ EngineError::Unreadable { .. }) => {
            // Nothing can be done for it, and nobody is to wait for it. Whoever asks gets no answer.
            let _ = phase.send_replace(Phase::Unreadable(error));
            while requests.recv().await.is_some() {}
        }
        Err(error) => shared.fail(error),
    }
    shared.forget(&arn);
}

impl Live {
    async fn serve(&mut self, damage: Option<EngineError>) -> Result<(), EngineError> {
        self.catch_up(damage).await?;
        let mut alarm = Alarm::new(Arc::clone(&self.shared.options.clock));
        loop {
            if self.execution.status.is_terminal() && self.function.is_none() {
                return Ok(());
            }
            self.invoke_if_due().await?;
            let at = self.next_alarm();
            tokio::select! {
                biased;
                message = self.requests.recv() => match message {
                    Some(message) => self.take(message).await?,
                    None => return Ok(()),
                },
                () = alarm.ring(at) => self.commit(|execution, now| execution.promote(now)).await?,
                () = over(&mut self.backoff) => {
                    self.backoff = None;
                    self.dispatch = Dispatch::Due;
                }
            }
        }
    }

    /// When to look at the clock: nothing moves by itself before the execution is activated or after its end.
    fn next_alarm(&self) -> Option<Timestamp> {
        match self.dispatch {
            _ if self.execution.status.is_terminal() => None,
            Dispatch::Inactive | Dispatch::Ended => None,
            _ => Some(self.execution.next_due()),
        }
    }

    async fn take(&mut self, message: Message) -> Result<(), EngineError> {
        match message {
            Message::Checkpoint(request, reply) => {
                let shared = Arc::clone(&self.shared);
                let answered = self.commit(|execution, now| execution.checkpoint(request, &around(&shared, now))).await;
                match answered {
                    Ok(answer) => drop(reply.send(answer)),
                    Err(error) => {
                        drop(reply.send(Err(ServiceError::unavailable(error.to_string()))));
                        return Err(error);
                    }
                }
            }
            Message::State(request, reply) => {
                let _ = reply.send(self.execution.state(&request, page(&self.shared)));
            }
            Message::Answer { request_id, outcome } => self.answer(request_id, outcome).await?,
            Message::Settle { operation, settlement, reply } => {
                self.blocked.forget(&operation);
                let settled = self.commit(|execution, now| {
                    execution.promote(now);
                    execution.settle_outside(&operation, &settlement, now)
                });
                let settled = settled.await?;
                if let Some(reply) = reply {
                    let _ = reply.send(settled);
                }
            }
            Message::Heartbeat { operation, reply } => {
                let taken = self.commit(|execution, now| {
                    execution.promote(now);
                    execution.heartbeat(&operation, now)
                });
                let taken = taken.await?;
                let _ = reply.send(taken);
            }
            Message::Stop { error, reply } => {
                let stopped = self.commit(|execution, now| {
                    execution.expire(now);
                    execution.stop(&error, now);
                });
                stopped.await?;
                let _ = reply.send(());
            }
            Message::Activate => {
                if matches!(self.dispatch, Dispatch::Inactive | Dispatch::Missing) {
                    self.dispatch = Dispatch::Due;
                    let _ = self.phase.send_replace(Phase::Running);
                    // Its targets run with it, however it came to run: not everybody who starts one resumes all.
                    for child in self.execution.open_invokes().into_iter().filter_map(|(_, child)| child) {
                        self.shared.activate(&child);
                    }
                    self.commit(|execution, now| execution.promote(now)).await?;
                }
            }
            Message::TargetBlocked { operation, report } => self.take_target(operation, report),
        }
        Ok(())
    }

    async fn answer(&mut self, request_id: String, outcome: InvocationOutcome) -> Result<(), EngineError> {
        let options = &self.shared.options;
        let policy = RetryPolicy {
            runtime: options.runtime_retries,
            handler: options.invocation_retries,
            // Virtual time is the same in every run.
            jitter: !options.clock.is_virtual(),
        };
        let next = self.commit(|execution, now| execution.answer(&request_id, outcome, policy, now)).await?;
        if next == Next::Ignored {
            return Ok(());
        }
        self.function = None;
        self.dispatch = match next {
            Next::Ignored | Next::Ended => Dispatch::Ended,
            Next::Rest => {
                self.publish(ChangeKind::Suspended);
                Dispatch::Resting
            }
            Next::Retry { after, error } => {
                let clock = Arc::clone(&self.shared.options.clock);
                let again = clock.now().plus(after);
                self.publish(ChangeKind::InvocationFailed { error, again });
                // By the wall clock, as timers go on while a machine is suspended; and never longer than it is, even
                // if that clock is set back.
                let wait = select(clock.sleep_until(again), clock.sleep(after)).map(|_| ());
                self.backoff = Some(wait.boxed());
                Dispatch::BackingOff
            }
            Next::Blocked(report) => {
                self.report_blocked(report);
                Dispatch::Blocked
            }
        };
        self.report_if_stuck();
        Ok(())
    }

    /// Invokes the function when it is its time: at most once at a time, and never without need.
    async fn invoke_if_due(&mut self) -> Result<(), EngineError> {
        let due = match self.dispatch {
            Dispatch::Due => true,
            Dispatch::Resting => self.execution.records.has_news(),
            Dispatch::Inactive | Dispatch::BackingOff | Dispatch::Invoking | Dispatch::Ended => false,
            Dispatch::Blocked | Dispatch::Missing | Dispatch::Unreadable => false,
        };
        if !due || self.execution.status.is_terminal() {
            return Ok(());
        }
        let Some(function) = self.shared.function(&self.execution.function) else {
            self.dispatch = Dispatch::Missing;
            let _ = self.phase.send_replace(Phase::Inactive);
            let (arn, function) = (self.execution.arn.clone(), self.execution.function.clone());
            self.tell_caller(Some(EngineError::NotRegistered { arn, function }.to_string()));
            return Ok(());
        };
        let request_id = random_id();
        let shared = Arc::clone(&self.shared);
        let id = request_id.clone();
        // A blocked execution is tried again: until it says so itself, it runs.
        self.commit(|execution, _| execution.unblock()).await?;
        let event = self.execution.begin(id, &around(&shared, self.shared.options.clock.now()));
        if let Some(trace) = self.execution.take_writes() {
            // Only a crash is to find it, so the function need not wait for the disk. What it sends comes after it.
            drop(self.shared.store.write(move |connection| store::write(connection, &trace)));
        }
        let _ = self.phase.send_replace(Phase::Running);
        self.tell_caller(None);
        self.publish(ChangeKind::Invoked);
        let invocation = Invocation {
            event,
            service: Arc::new(EngineService::new(self.own.clone(), self.phase.subscribe())),
            clock: Arc::clone(&self.shared.options.clock),
            function_name: self.execution.function.clone(),
            request_id: request_id.clone(),
            plugins: Vec::new(),
            deadline: None,
            host: HostFacts::default(),
            on_divergence: None,
        };
        let own = self.own.clone();
        let counted = Counted::by(&self.shared);
        let task = tokio::spawn(async move {
            let _counted = counted;
            let invoked = AssertUnwindSafe(async move { function.invoke(invocation).await }).catch_unwind().await;
            let outcome = invoked.unwrap_or_else(|panic| {
                let message = format!("the function panicked: {}", panic_text(&*panic));
                InvocationOutcome::Failed(ErrorObject::new("Runtime.ExitError", message))
            });
            // The engine may be gone: then the next one invokes again.
            let _ = own.send(Message::Answer { request_id, outcome });
        });
        self.function = Some(AbortOnDrop(task.abort_handle()));
        self.dispatch = Dispatch::Invoking;
        Ok(())
    }

    /// Changes the execution, writes what changed, and only then lets anybody know.
    async fn commit<T>(&mut self, change: impl FnOnce(&mut Execution, Timestamp) -> T) -> Result<T, EngineError> {
        let was = self.execution.status;
        let value = change(&mut self.execution, self.shared.options.clock.now());
        if let Some(writes) = self.execution.take_writes() {
            let changes = if self.shared.has_watchers() { writes.changes() } else { Vec::new() };
            self.shared.store.write(move |connection| store::write(connection, &writes)).await?;
            changes.into_iter().for_each(|change| self.publish(change));
        }
        self.run_released().await?;
        if was != self.execution.status {
            self.tell_ended();
        }
        Ok(value)
    }

    /// Starts the children whose caller rests, and fails the invokes of functions that do not exist.
    async fn run_released(&mut self) -> Result<(), EngineError> {
        for held in self.execution.take_released() {
            match held {
                Held::Child(arn) => self.shared.activate(&arn),
                Held::Missing(operation) => {
                    let missing = Settlement::Failed(not_found(self.execution.target(&operation)));
                    let _ = self.own.send(Message::Settle { operation, settlement: missing, reply: None });
                }
            }
        }
        Ok(())
    }

    fn tell_ended(&mut self) {
        let execution = &self.execution;
        self.shared.published(&execution.arn, ChangeKind::Ended(execution.status));
        if let Some(parent) = &execution.parent {
            let outcome = settlement(execution.status, execution.result.clone(), execution.error.clone());
            if let Some(settlement) = outcome {
                let operation = parent.operation;
                self.shared.tell(&parent.arn, Message::Settle { operation, settlement, reply: None });
            }
        }
        let _ = self.phase.send_replace(Phase::Ended);
    }

    fn publish(&self, kind: ChangeKind) {
        self.shared.published(&self.execution.arn, kind);
    }
}

/// Resolves when the backoff is over; never without one.
async fn over(backoff: &mut Option<BoxFuture<'static, ()>>) {
    match backoff {
        Some(backoff) => backoff.as_mut().await,
        None => std::future::pending().await,
    }
}

fn page(shared: &Shared) -> PageSize {
    PageSize { operations: shared.options.page_operations, bytes: shared.options.page_bytes }
}

fn around(shared: &Arc<Shared>, now: Timestamp) -> Surroundings<'_> {
    Surroundings {
        now,
        timeout_seconds: shared.timeout_seconds(),
        page: page(shared),
        max_operations: shared.options.max_operations,
        fresh_id: &random_id,
        registry: shared,
    }
}

/// How a chained invoke ends whose target ended so.
fn settlement(status: ExecutionStatus, result: Option<String>, error: Option<ErrorObject>) -> Option<Settlement> {
    let error = error.unwrap_or_default();
    match status {
        ExecutionStatus::Running => None,
        ExecutionStatus::Succeeded => Some(Settlement::Succeeded(result)),
        ExecutionStatus::Failed => Some(Settlement::Failed(error)),
        ExecutionStatus::TimedOut => Some(Settlement::TimedOut(error)),
        ExecutionStatus::Stopped => Some(Settlement::Stopped(error)),
    }
}

fn not_found(target: &str) -> ErrorObject {
    ErrorObject::new("ResourceNotFoundException", format!("Function not found: {target}"))
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let literal = panic.downcast_ref::<&str>().copied();
    literal.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
