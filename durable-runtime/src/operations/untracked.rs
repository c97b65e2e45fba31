//! `untracked`: awaits a future without recording it. The one hole in the wall, and easy to find.

use crate::core::{Context, run_untracked};
use crate::operation::Operation;

/// A future that is not recorded. Made by [`untracked`].
#[must_use = "an operation does nothing unless it is awaited in a `#[durable]` function"]
#[derive(Debug)]
pub struct Untracked<F>(F);

/// Awaits `future` without recording its result: it runs again on every replay, and may then give something else.
///
/// It begins, like a step body, only after what it depends on is recorded. Decide nothing by its result.
pub fn untracked<F: Future + Send>(future: F) -> Untracked<F> {
    Untracked(future)
}

impl<F: Future + Send> Operation for Untracked<F>
where
    F::Output: Send,
{
    type Output = F::Output;

    async fn run(self, cx: &Context) -> F::Output {
        cx.effect_may_begin().await;
        run_untracked(cx, self.0).await
    }
}
