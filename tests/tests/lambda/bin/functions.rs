//! A program as it is deployed: the functions that the tests of AWS Lambda invoke.

use durable_runtime::aws_sdk_lambda::Client;
use durable_runtime::aws_sdk_lambda::config::Credentials;
use durable_runtime::function::Divergence;
use durable_runtime::prelude::*;
use durable_runtime::service::AwsService;
use durable_runtime::{App, Execution};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[step]
async fn greet(name: &str) -> Result<String> {
    Ok(format!("hello {name}"))
}

#[durable]
async fn greeting(name: String) -> Result<String> {
    let greeting = greet(&name).await?;
    sleep(seconds(60)).await?;
    Ok(greeting)
}

/// What `greeting` became in a later build.
#[durable]
async fn greeting_renamed(name: String) -> Result<String> {
    let greeting = greet(&name).named("salute").await?;
    sleep(seconds(60)).await?;
    Ok(greeting)
}

#[durable]
async fn many(count: u32) -> Result<usize> {
    let numbers: Vec<u32> = (0..count).collect();
    let texts = parallel_map(&numbers, |number, _| record!(untroubled(*number))).await?;
    sleep(seconds(60)).await?;
    Ok(texts.iter().map(String::len).sum())
}

async fn untroubled(number: u32) -> Result<String> {
    Ok(number.to_string())
}

#[durable]
async fn panics(_: Value) -> Result<()> {
    greet("nobody").await?;
    std::panic::panic_any("durable code panics")
}

#[derive(Debug, Serialize, Deserialize)]
struct Declined {
    card: String,
}

impl std::fmt::Display for Declined {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the card {} was declined", self.card)
    }
}

#[durable]
async fn declined(card: String) -> Result<(), Declined> {
    Err(Declined { card })
}

/// A text whose quotes double when it stands in an answer.
#[durable]
async fn large(bytes: usize) -> Result<String> {
    Ok("\"".repeat(bytes))
}

#[step]
async fn look_around() -> Result<Value> {
    let execution = Execution::current().ok_or("no execution")?;
    let remaining = execution.remaining_time().ok_or("no end")?;
    Ok(json!({
        "remains": remaining > seconds(1) && remaining < seconds(61),
        "function": execution.function_arn(),
        "name": execution.function_name(),
        "request": execution.request_id(),
        "tenant": execution.tenant_id(),
        "trace": execution.trace_header(),
    }))
}

#[durable]
async fn surroundings(_: Value) -> Result<Value> {
    look_around().await
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let app = App::new()
        .register("greeting", greeting)
        .register("greeting-renamed", greeting_renamed)
        .register("many", many)
        .register("panics", panics)
        .register("declined", declined)
        .register("large", large)
        .register("surroundings", surroundings);
    let app = match std::env::var("OWN_KEY") {
        Ok(key) => {
            let credentials = Credentials::new(key, "secret", None, None, "the test");
            let config = AwsService::config_from_environment().credentials_provider(credentials);
            app.aws_client(Client::from_conf(config.build()))
        }
        Err(_) => app,
    };
    let saved = std::env::var_os("SAVED_BY_A_ROLLBACK").is_some();
    if saved { app.on_divergence(Divergence::FailInvocation) } else { app }.run().await
}
