//! Runs what is not durable: step bodies and untracked futures. They may wait for anything, and they may panic.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use super::ambient::{StepInfo, with_step};
use super::context::Context;
use super::wakers::BodyWakers;
use crate::error::StepFailure;

/// Counts a live body for as long as it exists: while one does, the invocation is not suspended, and no batch around
/// it closes. A step keeps it until the end of the attempt is queued: work that is done is never left unrecorded.
pub(crate) struct Live<'a>(&'a Context);

impl<'a> Live<'a> {
    pub(crate) fn begin(context: &'a Context) -> Self {
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
pub(crate) async fn run_body<T>(attempt: StepInfo, body: impl Future<Output = T>) -> Result<T, StepFailure> {
    let mut body = pin!(body);
    let mut wakers = BodyWakers::default();
    poll_fn(|cx| {
        wakers.poll(cx, |cx| {
            let poll = AssertUnwindSafe(|| with_step(&attempt, || body.as_mut().poll(cx)));
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
