//! Every way to write a retry policy.
use durable_runtime::prelude::*;

type Result<T, E = durable_runtime::Error> = std::result::Result<T, E>;

#[step]
async fn one(n: u32) -> Result<u32> {
    Ok(n)
}

#[step]
async fn reserve(item: &str) -> Result<String> {
    Ok(item.to_owned())
}

use durable_runtime::RetryPolicy;
use std::time::Duration;

const ATTEMPTS: u32 = 4;

fn usual() -> RetryPolicy {
    RetryPolicy::exponential(Duration::from_secs(2)).max_attempts(3)
}

#[step(retry = exponential(max_attempts = ATTEMPTS, first = "1s", max = "60s", factor = 2, jitter = full))]
async fn exponentially(n: u32) -> Result<u32> {
    Ok(n)
}

#[step(retry = linear(max_attempts = 3, first = "1s", increment = "1.5m", max = "1h30m", jitter = half))]
async fn linearly(n: u32) -> Result<u32> {
    Ok(n)
}

#[step(retry = fixed(max_attempts = 3, delay = Duration::from_secs(5)), name = "fixed step")]
async fn fixed(n: u32) -> Result<u32> {
    Ok(n)
}

#[step(retry = every(delay = "5s", jitter = none), retry_if = |error| error.to_string().contains("busy"))]
async fn every(n: u32) -> Result<u32> {
    Ok(n)
}

#[step(retry = usual(), at_most_once)]
async fn usually(n: u32) -> Result<u32> {
    Ok(n)
}

#[durable(name = "all of them", write_through)]
async fn all() -> Result<u32> {
    let sum = exponentially(1).await? + linearly(2).await? + fixed(3).await? + every(4).await?;
    usually(sum).retry(RetryPolicy::none()).key("x").await
}

fn main() {
    drop(all());
}
