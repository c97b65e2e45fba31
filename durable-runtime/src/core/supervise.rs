//! Runs a context's body to its end: its result, a panic, or a failure that its code could not express.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;

use super::ambient::with_context;
use super::context::Context;
use crate::clock::BoxFuture;
use crate::error::StepFailure;

/// Polls `body` inside `context`. The body is dropped before this returns, and with it what it had begun to wait
/// for.
pub(crate) async fn supervise<T>(context: &Context, mut body: BoxFuture<'_, T>) -> Result<T, StepFailure> {
    poll_fn(|cx| {
        // A panicked body is never polled again, so no broken state can be seen.
        match catch_unwind(AssertUnwindSafe(|| with_context(context, || body.as_mut().poll(cx)))) {
            Err(panic) => Poll::Ready(Err(StepFailure::panicked(&*panic))),
            Ok(Poll::Ready(result)) => Poll::Ready(Ok(result)),
            Ok(Poll::Pending) => match context.escalated() {
                Some(failure) => Poll::Ready(Err(failure.clone())),
                None => Poll::Pending,
            },
        }
    })
    .await
}
