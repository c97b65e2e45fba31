//! `retrying`: tries a whole block again, with fresh operations each time and durable waits in between.

use std::hash::Hasher;
use std::time::Duration;

use siphasher::sip::SipHasher13;

use super::branch::run_context;
use super::builder::naming;
use super::sleep::sleep;
use crate::core::{Context, Name};
use crate::operation::{Operation, Recordable};
use crate::retry::RetryPolicy;
use crate::wire::OperationId;

/// A block with a retry policy. Made by [`retrying`].
#[must_use = "an operation does nothing unless it is awaited in a `#[durable]` function"]
pub struct Retrying<F> {
    name: Name,
    policy: RetryPolicy,
    operation: F,
}

/// Runs the operation that `operation` makes, and makes another one when it fails, as `policy` says. Waits in between are
/// durable timers.
///
/// What succeeded in a failed attempt is not undone and runs again in the next one, as operations of their own.
///
/// ```no_run
/// # use durable_runtime::prelude::*;
/// #[step]
/// async fn reserve(seat: &str) -> Result<String> { Ok(seat.into()) }
/// #[step]
/// async fn pay(reservation: &str) -> Result<u64> { Ok(1) }
///
/// #[durable]
/// async fn book(seat: String) -> Result<u64> {
///     retrying(RetryPolicy::fixed(minutes(1)).max_attempts(3), || {
///         child!(async {
///             let reservation = reserve(&seat).await?;
///             pay(&reservation).await
///         })
///     })
///     .await
/// }
/// ```
pub fn retrying<F, O>(policy: RetryPolicy, operation: F) -> Retrying<F>
where
    F: Fn() -> O + Send,
    O: Operation,
    O::Output: Recordable,
{
    Retrying { name: Name::default_of("retrying"), policy, operation }
}

naming!(impl [F] Retrying<F>);

impl<F, O> Operation for Retrying<F>
where
    F: Fn() -> O + Send,
    O: Operation,
    O::Output: Recordable,
{
    type Output = O::Output;

    async fn run(self, cx: &Context) -> O::Output {
        let Self { name, policy, operation } = self;
        run_context(cx, name, |inside, id| attempts(inside, id, policy, operation)).await
    }
}

async fn attempts<F, O>(cx: Context, id: OperationId, policy: RetryPolicy, operation: F) -> O::Output
where
    F: Fn() -> O + Send,
    O: Operation,
    O::Output: Recordable,
{
    let mut attempt = 1;
    loop {
        let operation = operation();
        let output = operation.run(&cx).await;
        let delay = output.error().and_then(|_| policy.delay_seconds(attempt, chance(&cx, &id, attempt)));
        let Some(delay) = delay else { return output };
        drop(output);
        let backoff = sleep(Duration::from_secs(delay)).named(format!("backoff-{attempt}"));
        // A wait that the policy permits cannot be refused.
        let _ = backoff.run(&cx).await;
        attempt += 1;
    }
}

/// A number from 0 to 1 that looks random and is the same on every replay.
#[allow(clippy::cast_precision_loss)]
fn chance(cx: &Context, id: &OperationId, attempt: u32) -> f64 {
    let mut hasher = SipHasher13::new();
    hasher.write(cx.execution_arn().as_bytes());
    hasher.write(id.as_str().as_bytes());
    hasher.write_u32(attempt.to_le());
    (hasher.finish() >> 11) as f64 / (1_u64 << 53) as f64
}
