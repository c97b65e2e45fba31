//! What a step runs: a closure of which every attempt but the last runs a clone.

use std::future::Future;

use tokio::task::JoinHandle;

use crate::__private::Attempt;

/// The body of a [`Step`](super::Step), named so that `#[step]` can write a return type.
pub trait StepBody: Send + Sync + Sized {
    /// What an attempt gives.
    type Output: Send;
    /// Runs an attempt on a clone of the body.
    fn attempt(&self) -> impl Future<Output = Self::Output> + Send;
    /// Runs the last permitted attempt on the body itself.
    fn last_attempt(self) -> impl Future<Output = Self::Output> + Send;
}

/// An async closure, polled with everything else of the invocation.
pub struct StepFn<F>(pub(super) F);

impl<F, Fut> StepBody for StepFn<F>
where
    F: FnOnce() -> Fut + Attempt + Send + Sync,
    Fut: Future + Send,
    Fut::Output: Send,
{
    type Output = Fut::Output;

    fn attempt(&self) -> impl Future<Output = Fut::Output> + Send {
        (self.0.clone())()
    }

    fn last_attempt(self) -> impl Future<Output = Fut::Output> + Send {
        (self.0)()
    }
}

/// An async closure on a task of its own.
pub struct SpawnedFn<F>(pub(super) F);

impl<F, Fut> StepBody for SpawnedFn<F>
where
    F: FnOnce() -> Fut + Attempt + Send + Sync + 'static,
    Fut: Future + Send + 'static,
    Fut::Output: Send + 'static,
{
    type Output = Fut::Output;

    fn attempt(&self) -> impl Future<Output = Fut::Output> + Send {
        Self(self.0.clone()).last_attempt()
    }

    async fn last_attempt(self) -> Fut::Output {
        joined(tokio::spawn(crate::core::carried((self.0)()))).await
    }
}

/// A blocking closure on the blocking pool.
pub struct BlockingFn<F>(pub(super) F);

impl<F, R> StepBody for BlockingFn<F>
where
    F: FnOnce() -> R + Attempt + Send + Sync + 'static,
    R: Send + 'static,
{
    type Output = R;

    fn attempt(&self) -> impl Future<Output = R> + Send {
        Self(self.0.clone()).last_attempt()
    }

    async fn last_attempt(self) -> R {
        joined(tokio::task::spawn_blocking(crate::core::carried_call(self.0))).await
    }
}

/// The task's output. Its panic goes on here; dropped early, the task is told to stop.
async fn joined<R>(handle: JoinHandle<R>) -> R {
    struct Abort<R>(JoinHandle<R>);
    impl<R> Drop for Abort<R> {
        fn drop(&mut self) {
            self.0.abort();
        }
    }
    let mut task = Abort(handle);
    match (&mut task.0).await {
        Ok(output) => output,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Cancelled: the tokio runtime is going down, and this task with it.
            Err(_) => std::future::pending().await,
        },
    }
}
