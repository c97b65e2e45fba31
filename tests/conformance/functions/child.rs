//! The functions of suite `child`: contexts of their own, as blocks and as functions.

use durable_runtime::App;
use durable_runtime::prelude::*;
use serde::{Deserialize, Serialize};

use super::step::Uppercase;

/// Adds the suite's functions.
pub fn register(app: App) -> App {
    app.register("3-1", basic)
        .register("3-2", named)
        .register("3-3", steps_in_sequence)
        .register("3-4", fails)
        .register("3-5", failure_is_caught)
        .register("3-6", nested)
        .register("3-8", retries_run_out)
        .register("3-9", before_a_wait)
        .register("3-10", step_and_wait_inside)
        .register("3-11", large_result)
        .register("3-13", only_a_wait_inside)
        .register("3-14", with_a_serdes)
        .register("3-16", null)
        .register("3-17", only_a_log_inside)
}

#[step]
async fn echo(input: &str) -> Result<String> {
    Ok(input.to_owned())
}

#[durable]
async fn basic(input: String) -> Result<String> {
    child!(async { echo(&input).await }).await
}

#[derive(Debug, Serialize, Deserialize)]
struct Named {
    name: String,
    value: String,
}

#[durable]
async fn named(input: Named) -> Result<String> {
    let Named { name, value } = input;
    child!(async { echo(&value).await }).named(name).await
}

#[durable]
async fn steps_in_sequence(input: String) -> Result<String> {
    child!(async {
        let first = echo(&input).await?;
        echo(&first).named("echo_again").await
    })
    .await
}

#[step(retry = none)]
async fn fail() -> Result<String> {
    Err("the step fails")?
}

#[durable]
async fn fails(_: ()) -> Result<String> {
    child!(async { fail().await }).await
}

#[step]
async fn recover(input: &str) -> Result<String> {
    Ok(input.to_owned())
}

#[durable]
async fn failure_is_caught(input: String) -> Result<String> {
    match child!(async { fail().await }).await {
        Ok(value) => Ok(value),
        Err(_) => recover(&input).await,
    }
}

#[durable]
async fn inner(input: &str) -> Result<String> {
    echo(input).await
}

#[durable]
async fn outer(input: &str) -> Result<String> {
    echo(input).await?;
    inner(input).await
}

#[durable]
async fn nested(input: String) -> Result<String> {
    outer(&input).await
}

#[step(retry = fixed(max_attempts = 2, delay = "1s"))]
async fn always_fail() -> Result<()> {
    Err("never")?
}

#[durable]
async fn retries_run_out(_: ()) -> Result<()> {
    child!(async { always_fail().await }).await
}

#[durable]
async fn before_a_wait(input: String) -> Result<String> {
    let value = child!(async { echo(&input).await }).await?;
    sleep(seconds(1)).await?;
    Ok(value)
}

#[durable]
async fn step_and_wait_inside(input: String) -> Result<String> {
    child!(async {
        let value = echo(&input).await?;
        sleep(seconds(1)).await?;
        Ok(value)
    })
    .await
}

/// The result of the block is over 256 KiB: it is not stored, replay makes it again.
#[durable]
async fn large_result(input: String) -> Result<usize> {
    let large = child!(async {
        tracing::info!("making a large result of {input}");
        let small = echo(&input).await?;
        Ok(small.repeat(300 * 1024 / small.len().max(1)))
    })
    .await?;
    sleep(seconds(1)).await?;
    Ok(large.len())
}

#[durable]
async fn only_a_wait_inside(input: String) -> Result<String> {
    let value = child!(async {
        sleep(seconds(1)).await?;
        Ok(input.clone())
    })
    .await?;
    echo(&value).await
}

#[durable]
async fn with_a_serdes(input: String) -> Result<String> {
    child!(async { echo(&input).await }).serdes(Uppercase).await
}

#[durable]
async fn null(_: ()) -> Result<()> {
    child!(async { Ok(()) }).await
}

#[durable]
async fn only_a_log_inside(input: String) -> Result<String> {
    let value = child!(async {
        tracing::info!("the block runs with {input}");
        Ok(input.clone())
    })
    .await?;
    sleep(seconds(1)).await?;
    Ok(value)
}
