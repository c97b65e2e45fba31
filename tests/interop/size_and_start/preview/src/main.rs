//! One step that says hello, with the official preview of a Rust SDK.

use aws_durable_execution_sdk::{DurableContext, run};
use serde_json::Value;

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    run(|_: Value, context: DurableContext| async move {
        let greeting: String = context.step(|_| async move { Ok("hello".to_owned()) }).name("greet").await?;
        Ok(greeting)
    })
    .await
}
