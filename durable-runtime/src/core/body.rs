//! Runs what is not durable: step bodies and untracked futures. They may wait for anything, and they may panic.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use super::ambient::{StepInfo, with_step};
use super::context::Context;
use super::wakers::BodyWakers;
use crate::error::StepFailure;

/// Which attempt of which step.
pub(crate) struct StepAttempt<'a> {
    pub(crate) context: &'a Context,
    pub(crate) info: StepInfo,
}

/// Counts a live body for as long as it exists: while one does, the invocation is not suspended.
struct Live<'a>(&'a Context);

impl<'a> Live<'a> {
    fn begin(context: &'a Context) -> Self {
        context.shared().lock().live += 1;
        context.gate().inspect(|gate| gate.body_begins());
        Self(context)
    }
}

impl Drop for Live<'_> {
    fn drop(&mut self) {
        self.0.shared().lock().live -= 1;
        self.0.gate().inspect(|gate| gate.body_ends());
    }
}

/// Runs one attempt. A panic at any poll ends it as a failure.
pub(crate) async fn run_body<T>(attempt: StepAttempt<'_>, body: impl Future<Output = T>) -> Result<T, StepFailure> {
    let _live = Live::begin(attempt.context);
    let mut body = pin!(body);
    let mut wakers = BodyWakers::default();
    poll_fn(|cx| {
        wakers.poll(cx, |cx| {
            let poll = AssertUnwindSafe(|| with_step(&attempt.info, || body.as_mut().poll(cx)));
            match catch_unwind(poll) {
                Err(panic) => Poll::Ready(Err(StepFailure::panicked(&*panic))),
                Ok(result) => result.map(Ok),
            }
        })
    })
    .await
}

/// Runs a future that is not recorded. Its panics are those of the code around it.
pub(crate) async fn run_untracked<T>(context: &Context, future: impl Future<Output = T>) -> T {
    let _live = Live::begin(context);
    let mut future = pin!(future);
    let mut wakers = BodyWakers::default();
    poll_fn(|cx| wakers.poll(cx, |cx| future.as_mut().poll(cx))).await
}
