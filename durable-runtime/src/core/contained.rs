//! Drops what is the user's and keeps the panics of that inside. Knows nothing of what it drops.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

/// Drops `value`. A guard of the user's that panics then is logged and harms nobody else.
pub(crate) fn drop_contained<T>(value: T) {
    contain(|| drop(value));
}

/// Empties `slot`, as [`drop_contained`] does.
pub(crate) fn clear_contained<T>(slot: &mut Pin<&mut Option<T>>) {
    contain(|| slot.set(None));
}

fn contain(drop: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(drop)).is_err() {
        tracing::error!("a value in durable code panicked while it was dropped");
    }
}

/// A future that may be dropped beside others: its panics then do not keep them from being dropped.
pub(crate) struct Contained<F>(Option<F>);

impl<F> Contained<F> {
    pub(crate) const fn new(future: F) -> Self {
        Self(Some(future))
    }
}

impl<F: Future + Unpin> Future for Contained<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        match &mut self.0 {
            Some(future) => Pin::new(future).poll(cx),
            None => Poll::Pending,
        }
    }
}

impl<F> Drop for Contained<F> {
    fn drop(&mut self) {
        drop_contained(self.0.take());
    }
}
