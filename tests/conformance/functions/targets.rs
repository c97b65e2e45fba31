//! Functions that the functions of the invoke suite call: durable ones, and a plain one.

use std::sync::Arc;

use durable_runtime::App;
use durable_runtime::clock::BoxFuture;
use durable_runtime::function::{Function, Invocation, InvocationOutcome};
use durable_runtime::prelude::*;
use durable_runtime::wire::{ErrorObject, InvocationResponse};
use serde_json::Value;

/// Gives back what it gets.
pub const ECHO: &str = "echo";
/// Fails.
pub const ERROR: &str = "error";
/// Gives back what it gets, after a while.
pub const SLOW: &str = "slow";
/// Gives back what it gets, and is no durable function.
pub const PLAIN: &str = "plain";
/// Tells how long the text is that it gets.
pub const LENGTH: &str = "length";

/// Adds the targets.
pub fn register(app: App) -> App {
    app.register(ECHO, echo)
        .register(ERROR, error)
        .register(SLOW, slow)
        .register(LENGTH, length)
        .register_function(PLAIN, Arc::new(Plain))
}

#[durable]
async fn echo(input: Value) -> Result<Value> {
    Ok(input)
}

#[durable]
async fn error(_: Value) -> Result<Value> {
    Err("the target has failed")?
}

#[durable]
async fn slow(input: Value) -> Result<Value> {
    sleep(seconds(2)).await?;
    Ok(input)
}

#[durable]
async fn length(input: String) -> Result<usize> {
    Ok(input.chars().count())
}

/// A function without durable operations: it answers an event, and knows nothing of executions.
struct Plain;

impl Function for Plain {
    fn invoke(&self, invocation: Invocation) -> BoxFuture<'static, InvocationOutcome> {
        let operations = invocation.event.initial_execution_state.operations;
        let execution = operations.into_iter().next().and_then(|execution| execution.execution_details);
        let answer = match execution.and_then(|details| details.input_payload) {
            Some(input) => InvocationResponse::succeeded(input),
            None => InvocationResponse::failed(Some(ErrorObject::new("NoInput", "the event has no input"))),
        };
        Box::pin(async { InvocationOutcome::Answered(answer) })
    }
}
