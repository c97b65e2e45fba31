//! `commit`: waits until everything so far is recorded. For code with effects of its own between operations.

use crate::core::Context;
use crate::operation::Operation;

/// A barrier. Made by [`commit`].
#[must_use = "an operation does nothing unless it is awaited in a `#[durable]` function"]
#[derive(Debug)]
pub struct Commit(());

/// Waits until the service has acknowledged everything that this execution recorded so far. Records nothing.
///
/// Durable code may run ahead of the acknowledgement of what it recorded; steps wait by themselves before they begin.
/// Plain code with effects of its own needs this barrier before them.
pub fn commit() -> Commit {
    Commit(())
}

impl Operation for Commit {
    type Output = ();

    async fn run(self, cx: &Context) {
        cx.all_acknowledged().await;
    }
}
