//! One step that says hello, with this repository's runtime.

use durable_runtime::prelude::*;
use serde_json::Value;

#[step]
async fn greet() -> Result<String> {
    Ok("hello".to_owned())
}

#[durable]
async fn hello(_: Value) -> Result<String> {
    greet().await
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    durable_runtime::run(hello).await
}
