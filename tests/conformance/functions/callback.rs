//! The functions of suite `callback`: answers from the outside, created and awaited apart.

use durable_runtime::prelude::*;
use durable_runtime::wire::Timestamp;
use durable_runtime::{App, Serdes, SerdesPlace};
use serde::{Deserialize, Serialize};

/// Adds the suite's functions.
pub fn register(app: App) -> App {
    app.register("4-1", answered)
        .register("4-2", named)
        .register("4-3", times_out)
        .register("4-4", loses_its_heartbeat)
        .register("4-5", keeps_its_heartbeat)
        .register("4-6", answered)
        .register("4-8", times_out_behind_a_step)
        .register("4-9", answered_during_a_wait)
        .register("4-10", answered_during_a_wait)
        .register("4-12", before_a_wait)
        .register("4-13", failure_is_caught)
        .register("4-15", with_a_serdes)
        .register("4-17", one_after_the_other)
        .register("4-18", both_at_once)
}

#[durable]
async fn answered(name: String) -> Result<String> {
    let callback = callback::<String>(name).await?;
    Ok(callback.result().await?)
}

#[durable]
async fn named(_: ()) -> Result<String> {
    let approval = callback::<String>("approval").await?;
    Ok(approval.result().await?)
}

#[durable]
async fn times_out(name: String) -> Result<String> {
    let callback = callback::<String>(name).timeout(seconds(5)).await?;
    Ok(callback.result().await?)
}

#[durable]
async fn loses_its_heartbeat(name: String) -> Result<String> {
    let callback = callback::<String>(name).heartbeat(seconds(5)).await?;
    Ok(callback.result().await?)
}

#[durable]
async fn keeps_its_heartbeat(name: String) -> Result<String> {
    let callback = callback::<String>(name).heartbeat(seconds(10)).await?;
    Ok(callback.result().await?)
}

#[step]
async fn send(callback_id: &str) -> Result<usize> {
    Ok(callback_id.len())
}

#[durable]
async fn times_out_behind_a_step(name: String) -> Result<String> {
    let callback = callback::<String>(name).timeout(seconds(5)).await?;
    send(callback.id()).await?;
    Ok(callback.result().await?)
}

#[durable]
async fn answered_during_a_wait(name: String) -> Result<String> {
    let callback = callback::<String>(name).await?;
    sleep(seconds(5)).await?;
    Ok(callback.result().await?)
}

#[durable]
async fn before_a_wait(name: String) -> Result<String> {
    let callback = callback::<String>(name).await?;
    let answer = callback.result().await?;
    sleep(seconds(2)).await?;
    Ok(answer)
}

#[durable]
async fn failure_is_caught(name: String) -> Result<String> {
    let callback = callback::<String>(name).await?;
    let message = match callback.result().await {
        Ok(answer) => answer,
        Err(error) => error.to_string(),
    };
    sleep(seconds(2)).await?;
    Ok(message)
}

#[derive(Debug, Serialize, Deserialize)]
struct Message {
    id: String,
    message: String,
    /// Seconds since 1970.
    timestamp: i64,
}

/// Reads messages whose time is a text, as in `2026-01-01T00:00:00.000Z`.
struct DatedJson;

impl Serdes<Message> for DatedJson {
    fn serialize(&self, value: &Message, _: SerdesPlace<'_>) -> Result<String, BoxError> {
        Ok(serde_json::to_string(value)?)
    }

    fn deserialize(&self, text: &str, _: SerdesPlace<'_>) -> Result<Message, BoxError> {
        #[derive(Deserialize)]
        struct Dated {
            id: String,
            message: String,
            timestamp: Timestamp,
        }
        let Dated { id, message, timestamp } = serde_json::from_str(text)?;
        Ok(Message { id, message, timestamp: timestamp.as_millis() / 1000 })
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Received {
    received: Message,
}

#[durable]
async fn with_a_serdes(name: String) -> Result<Received> {
    let callback = callback::<Message>(name).serdes(DatedJson).await?;
    Ok(Received { received: callback.result().await? })
}

#[durable]
async fn one_after_the_other(names: (String, String)) -> Result<(String, String)> {
    let a = callback::<String>(names.0).await?;
    let a = a.result().await?;
    let b = callback::<String>(names.1).await?;
    let b = b.result().await?;
    Ok((a, b))
}

#[durable]
async fn both_at_once(names: (String, String)) -> Result<(String, String)> {
    let a = callback::<String>(names.0).await?;
    let b = callback::<String>(names.1).await?;
    Ok((a.result().await?, b.result().await?))
}
