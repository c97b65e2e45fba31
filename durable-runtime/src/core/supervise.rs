//! Runs a context's body to its end: its result, a panic, or a failure that its code could not express.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use super::ambient::with_context;
use super::contained::clear_contained;
use super::context::Context;
use crate::error::StepFailure;

/// Makes the body and polls it inside `context`. The body is dropped before this returns, and with it what it had
/// begun to wait for.
pub(crate) async fn supervise<F: Future + Send>(
    context: &Context,
    make: impl FnOnce() -> F + Send,
) -> Result<F::Output, StepFailure> {
    let mut body = pin!(Some(with_context(context, make)));
    let ended = poll_fn(|cx| {
        let Some(running) = body.as_mut().as_pin_mut() else { return Poll::Pending };
        // A panicked body is never polled again, so no broken state can be seen.
        match catch_unwind(AssertUnwindSafe(|| with_context(context, || running.poll(cx)))) {
            Err(panic) => Poll::Ready(Err(StepFailure::panicked(&*panic))),
            Ok(Poll::Ready(result)) => Poll::Ready(Ok(result)),
            Ok(Poll::Pending) => match context.escalated() {
                Some(failure) => Poll::Ready(Err(failure.clone())),
                None => Poll::Pending,
            },
        }
    })
    .await;
    // One that a failure ended still holds what its code held where it stands.
    clear_contained(&mut body);
    ended
}
