//! The functions of suite `invoke`: functions that call others, and those that they call.

use durable_runtime::prelude::*;
use durable_runtime::{App, Serdes, SerdesPlace, invoke_with};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::targets;

/// Adds the suite's functions and their targets.
pub fn register(app: App) -> App {
    targets::register(app)
        .register("5-1", echoed)
        .register("5-2", named)
        .register("5-3", echoed)
        .register("5-4", echoed)
        .register("5-5", a_target_that_fails)
        .register("5-7", a_large_payload)
        .register("5-8", for_a_tenant)
        .register("5-9", then_a_wait)
        .register("5-11", after_a_step)
        .register("5-12", before_a_step)
        .register("5-13", inside_a_child)
        .register("5-15", a_payload_of_another_shape)
}

#[durable]
async fn echoed(input: Value) -> Result<Value> {
    Ok(invoke(targets::ECHO, &input).await?)
}

/// What the invocation is to be called.
#[derive(Debug, Serialize, Deserialize)]
struct Named {
    name: String,
    payload: Value,
}

#[durable]
async fn named(input: Named) -> Result<Value> {
    Ok(invoke(targets::ECHO, &input.payload).named(input.name).await?)
}

#[durable]
async fn a_target_that_fails(_: ()) -> Result<Value> {
    Ok(invoke(targets::ERROR, &()).await?)
}

#[durable]
async fn a_large_payload(_: ()) -> Result<usize> {
    let payload = "x".repeat(200_000);
    Ok(invoke(targets::LENGTH, &payload).await?)
}

/// Who the invocation is for.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ForTenant {
    tenant_id: String,
    payload: Value,
}

#[durable]
async fn for_a_tenant(input: ForTenant) -> Result<Value> {
    Ok(invoke(targets::PLAIN, &input.payload).tenant(input.tenant_id).await?)
}

#[durable]
async fn then_a_wait(_: ()) -> Result<Value> {
    let answer = invoke(targets::SLOW, "answer").await?;
    sleep(seconds(1)).await?;
    Ok(answer)
}

#[step]
async fn prepare() -> Result<String> {
    Ok("prepared".to_owned())
}

#[step]
async fn process(answer: String) -> Result<String> {
    Ok(format!("processed {answer}"))
}

#[durable]
async fn after_a_step(_: ()) -> Result<String> {
    let prepared = prepare().await?;
    Ok(invoke(targets::ECHO, &prepared).await?)
}

#[durable]
async fn before_a_step(_: ()) -> Result<String> {
    let answer: String = invoke(targets::PLAIN, "answer").await?;
    process(answer).await
}

#[durable]
async fn inside_a_child(_: ()) -> Result<String> {
    child!(async { Ok(invoke(targets::ECHO, "from the child").await?) }).await
}

/// Sends JSON in upper case, which the target takes as it is.
struct Shouted;

impl Serdes<Value> for Shouted {
    fn serialize(&self, value: &Value, _: SerdesPlace<'_>) -> Result<String, BoxError> {
        Ok(serde_json::to_string(value)?.to_uppercase())
    }

    fn deserialize(&self, text: &str, _: SerdesPlace<'_>) -> Result<Value, BoxError> {
        Ok(serde_json::from_str(&text.to_lowercase())?)
    }
}

#[durable]
async fn a_payload_of_another_shape(input: Value) -> Result<Value> {
    Ok(invoke_with(targets::ECHO, &input, &Shouted).await?)
}
