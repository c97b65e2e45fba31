//! The functions of suite `wait_for_callback`: a callback, a submitter that hands its id out, and the answer.

use durable_runtime::App;
use durable_runtime::prelude::*;
use serde::{Deserialize, Serialize};

/// Adds the suite's functions.
pub fn register(app: App) -> App {
    app.register("7-1", answered)
        .register("7-2", named)
        .register("7-3", anonymous)
        .register("7-4", answered)
        .register("7-5", times_out)
        .register("7-7", cannot_be_submitted)
        .register("7-8", inside_a_child)
        .register("7-10", behind_a_wait_and_a_step)
        .register("7-11", structured_answer)
        .register("7-12", loses_its_heartbeat)
        .register("7-14", timeout_is_caught)
}

/// Would hand the id to whoever answers.
#[step]
async fn submit(callback_id: String) -> Result<usize> {
    Ok(callback_id.len())
}

#[durable]
async fn answered(name: String) -> Result<String> {
    Ok(wait_for_callback(name, submit).await?)
}

#[durable]
async fn named(_: ()) -> Result<String> {
    Ok(wait_for_callback("approval", submit).await?)
}

#[durable]
async fn anonymous(_: ()) -> Result<String> {
    Ok(wait_for_callback("wait_for_callback", |id| record!(async move { Ok(id.len()) })).await?)
}

#[durable]
async fn times_out(name: String) -> Result<String> {
    Ok(wait_for_callback(name, submit).timeout(seconds(3)).await?)
}

#[step(retry = fixed(max_attempts = 2, delay = "1s"))]
async fn unsendable(_callback_id: String) -> Result<()> {
    Err("nobody is there")?
}

#[durable]
async fn cannot_be_submitted(name: String) -> Result<String> {
    Ok(wait_for_callback(name, unsendable).await?)
}

#[durable]
async fn inside_a_child(name: String) -> Result<String> {
    child!("wrapper", async move { Ok(wait_for_callback(name, submit).await?) }).await
}

#[step]
async fn fetch_data() -> Result<String> {
    Ok("data".to_owned())
}

#[durable]
async fn behind_a_wait_and_a_step(name: String) -> Result<String> {
    sleep(seconds(1)).await?;
    fetch_data().await?;
    Ok(wait_for_callback(name, submit).await?)
}

#[derive(Debug, Serialize, Deserialize)]
struct Decision {
    status: String,
}

#[durable]
async fn structured_answer(name: String) -> Result<String> {
    let decision: Decision = wait_for_callback(name, submit).await?;
    Ok(decision.status)
}

#[durable]
async fn loses_its_heartbeat(name: String) -> Result<String> {
    Ok(wait_for_callback(name, submit).heartbeat(seconds(5)).await?)
}

#[durable]
async fn timeout_is_caught(name: String) -> Result<String> {
    match wait_for_callback(name, submit).timeout(seconds(3)).await {
        Err(CallbackError::TimedOut) => Ok("timed-out-handled".to_owned()),
        answered => Ok(answered?),
    }
}
