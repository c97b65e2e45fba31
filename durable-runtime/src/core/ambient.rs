//! What code can ask for without an argument: the execution it runs in, and the step attempt.
//!
//! Set around every poll, so that branches which interleave on one thread never see each other's.

use std::cell::{Cell, RefCell};
use std::time::{Duration, SystemTime};

use super::context::Context;
use crate::wire::OperationId;

thread_local! {
    static CONTEXT: RefCell<Option<Context>> = const { RefCell::new(None) };
    static STEP: RefCell<Option<StepInfo>> = const { RefCell::new(None) };
}

thread_local! {
    /// Whether a plugin runs: its events are no repetition, whatever the code around it does.
    static OBSERVING: Cell<bool> = const { Cell::new(false) };
}

/// Runs a plugin's hook on behalf of `context`.
pub(crate) fn observing<R>(context: &Context, hook: impl FnOnce() -> R) -> R {
    let before = OBSERVING.replace(true);
    let result = with_context(context, hook);
    OBSERVING.set(before);
    result
}

/// Restores what was set before, also when the poll in between panics.
struct Restore<T: 'static>(&'static std::thread::LocalKey<RefCell<Option<T>>>, Option<T>);

impl<T> Drop for Restore<T> {
    fn drop(&mut self) {
        self.0.replace(self.1.take());
    }
}

/// Runs `poll` inside `context`.
pub(crate) fn with_context<R>(context: &Context, poll: impl FnOnce() -> R) -> R {
    let _restore = Restore(&CONTEXT, CONTEXT.replace(Some(context.clone())));
    poll()
}

/// Runs `poll` as part of a step attempt.
pub(crate) fn with_step<R>(step: &StepInfo, poll: impl FnOnce() -> R) -> R {
    let _restore = Restore(&STEP, STEP.replace(Some(step.clone())));
    with_context(&step.context, poll)
}

/// The durable execution that the calling code belongs to.
///
/// Available in durable functions, their helpers and step bodies, without an argument.
#[derive(Clone, Debug)]
pub struct Execution(Context);

impl Execution {
    /// The execution that this code runs in, or `None` outside of one.
    ///
    /// ```
    /// assert!(durable_runtime::Execution::current().is_none());
    /// ```
    #[must_use]
    pub fn current() -> Option<Self> {
        // Asked by loggers too, which may run while a thread ends.
        CONTEXT.try_with(|context| context.borrow().clone()).ok().flatten().map(Self)
    }

    /// The execution's ARN, its id at the service.
    #[must_use]
    pub fn arn(&self) -> &str {
        self.0.execution_arn()
    }

    /// The execution's name, which is its idempotency key.
    #[must_use]
    pub fn name(&self) -> &str {
        self.arn().rsplit('/').nth(1).unwrap_or_default()
    }

    /// The function's name.
    #[must_use]
    pub fn function_name(&self) -> &str {
        &self.0.shared().execution.function_name
    }

    /// The id of this invocation. It differs between invocations of one execution: never decide anything by it.
    #[must_use]
    pub fn request_id(&self) -> &str {
        &self.0.shared().execution.request_id
    }

    /// The ARN of the function with its version, which is the same in every invocation of one execution.
    #[must_use]
    pub fn function_arn(&self) -> &str {
        let arn = self.arn();
        arn.split_once("/durable-execution/").map_or(arn, |(function, _)| function)
    }

    /// How much time is left of this invocation, by the host's clock; zero once it is over, `None` where the host sets no
    /// end. For logs, and for a step body that wants to stop in time; durable code never decides anything by it.
    #[must_use]
    pub fn remaining_time(&self) -> Option<Duration> {
        let shared = self.0.shared();
        Some(shared.execution.deadline?.since(shared.clock.now()))
    }

    /// The tenant that the function was invoked for, where the host isolates tenants.
    #[must_use]
    pub fn tenant_id(&self) -> Option<&str> {
        self.0.shared().execution.host.tenant_id.as_deref()
    }

    /// The X-Ray trace header of this invocation, where the host sends one. It differs between invocations.
    #[must_use]
    pub fn trace_header(&self) -> Option<&str> {
        self.0.shared().execution.host.trace_header.as_deref()
    }

    /// The id of the context that this code runs in: a child context or a branch, also one without a record of its own.
    /// `None` in the handler itself.
    #[must_use]
    pub fn context_id(&self) -> Option<&str> {
        self.0.id().map(OperationId::as_str)
    }

    /// The name of the context that this code runs in; the function's in the handler itself.
    #[must_use]
    pub fn context_name(&self) -> &str {
        self.0.name()
    }

    /// The time by the clock that the execution goes by: the machine's, or a virtual one in tests. For logs and metrics;
    /// what code decides by the time has to be recorded with [`current_time`](crate::current_time).
    #[must_use]
    pub fn clock_time(&self) -> SystemTime {
        now(&self.0)
    }

    /// Whether what runs now ran before and is only repeated: its next operation is on record.
    ///
    /// For logs and metrics. A decision on it makes the run differ from its history.
    #[must_use]
    pub fn is_replaying(&self) -> bool {
        !OBSERVING.get() && self.0.is_replaying()
    }
}

/// The step attempt that the calling code runs in.
///
/// ```no_run
/// # use durable_runtime::prelude::*;
/// # struct Gateway; impl Gateway { async fn pay(&self, key: &str) -> Result<()> { Ok(()) } }
/// # async fn body(gateway: &Gateway) -> Result<()> {
/// let key = StepInfo::current().map(|step| step.idempotency_key()).unwrap_or_default();
/// gateway.pay(&key).await
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct StepInfo {
    context: Context,
    id: OperationId,
    name: String,
    attempt: u32,
}

impl StepInfo {
    pub(crate) const fn new(context: Context, id: OperationId, name: String, attempt: u32) -> Self {
        Self { context, id, name, attempt }
    }

    /// The attempt that this code runs in, or `None` outside of a step body.
    #[must_use]
    pub fn current() -> Option<Self> {
        STEP.try_with(|step| step.borrow().clone()).ok().flatten()
    }

    /// The attempt's number, from 1.
    #[must_use]
    pub const fn attempt(&self) -> u32 {
        self.attempt
    }

    /// The operation's id, unique in its execution and the same in every attempt.
    #[must_use]
    pub fn operation_id(&self) -> &str {
        self.id.as_str()
    }

    /// The id of the nearest recorded context around the step; `None` at the root.
    #[must_use]
    pub fn parent_id(&self) -> Option<&str> {
        self.context.recorded_parent().map(OperationId::as_str)
    }

    /// The operation's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The names from the handler down to this step: `checkout / parallel / label / quote`.
    #[must_use]
    pub fn path(&self) -> String {
        self.context.path_to(&self.name)
    }

    /// A key that is the same in every attempt of this step and differs from every other step's: what to give to
    /// a service that must not do the work twice. Printable ASCII without spaces.
    #[must_use]
    pub fn idempotency_key(&self) -> String {
        let arn = self.context.execution_arn();
        let execution = arn.split_once("/durable-execution/").map_or(arn, |(_, execution)| execution);
        format!("{execution}/{}", self.id)
    }
}

/// The time that the runtime's clock shows.
pub(crate) fn now(context: &Context) -> SystemTime {
    context.shared().clock.now().into()
}

/// A future for another task that sees the same execution and attempt as the calling code.
pub(crate) fn carried<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let (context, step) = captured();
    async move {
        let mut future = std::pin::pin!(future);
        std::future::poll_fn(|cx| within(context.as_ref(), step.as_ref(), || future.as_mut().poll(cx))).await
    }
}

/// A call for another thread that sees the same execution and attempt as the calling code.
pub(crate) fn carried_call<R>(call: impl FnOnce() -> R) -> impl FnOnce() -> R {
    let (context, step) = captured();
    move || within(context.as_ref(), step.as_ref(), call)
}

fn captured() -> (Option<Context>, Option<StepInfo>) {
    (CONTEXT.with_borrow(Clone::clone), STEP.with_borrow(Clone::clone))
}

fn within<R>(context: Option<&Context>, step: Option<&StepInfo>, call: impl FnOnce() -> R) -> R {
    match (context, step) {
        (_, Some(step)) => with_step(step, call),
        (Some(context), None) => with_context(context, call),
        (None, None) => call(),
    }
}
