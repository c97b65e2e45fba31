//! The functions of suite `step`: one step, or a few in a row, and what becomes of their results and errors.

use std::fmt;

use durable_runtime::prelude::*;
use durable_runtime::{App, Serdes, SerdesPlace};
use serde::{Deserialize, Serialize};

/// Adds the suite's functions.
pub fn register(app: App) -> App {
    app.register("1-1", basic)
        .register("1-2", named)
        .register("1-3", second_depends_on_first)
        .register("1-4", nested_object)
        .register("1-5", null)
        .register("1-6", with_a_serdes)
        .register("1-7", logging)
        .register("1-8", before_a_wait)
        .register("1-9", skipped_on_replay)
        .register("1-10", failed_again_on_replay)
        .register("1-11", second_attempt_succeeds)
        .register("1-12", all_attempts_fail)
        .register("1-13", default_retries)
        .register("1-15", retried_for_its_error)
        .register("1-17", interrupted_for_good)
        .register("1-19", fails_for_good)
}

fn attempt() -> u32 {
    StepInfo::current().map_or(1, |step| step.attempt())
}

#[step]
async fn greet(name: &str) -> Result<String> {
    Ok(format!("Hello, {name}!"))
}

#[durable]
async fn basic(name: String) -> Result<String> {
    greet(&name).await
}

#[durable]
async fn named(name: String) -> Result<String> {
    greet(&name).named("custom_step_name").await
}

#[step]
async fn step_one() -> Result<String> {
    Ok("first".to_owned())
}

#[step]
async fn step_two(first: &str) -> Result<String> {
    Ok(format!("{first}_second"))
}

#[durable]
async fn second_depends_on_first(_: ()) -> Result<String> {
    let first = step_one().await?;
    step_two(&first).await
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct User {
    name: String,
    tags: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Response {
    user: User,
    count: usize,
}

#[step]
async fn build_response(user: &User) -> Result<Response> {
    Ok(Response { user: user.clone(), count: user.tags.len() })
}

#[durable]
async fn nested_object(user: User) -> Result<Response> {
    build_response(&user).await
}

#[step]
async fn do_nothing() -> Result<()> {
    Ok(())
}

#[durable]
async fn null(_: ()) -> Result<()> {
    do_nothing().await
}

/// Records texts in upper case.
pub(super) struct Uppercase;

impl Serdes<String> for Uppercase {
    fn serialize(&self, value: &String, _: SerdesPlace<'_>) -> Result<String, BoxError> {
        Ok(value.to_uppercase())
    }

    fn deserialize(&self, text: &str, _: SerdesPlace<'_>) -> Result<String, BoxError> {
        Ok(text.to_owned())
    }
}

#[step]
async fn return_input(input: &str) -> Result<String> {
    Ok(input.to_owned())
}

#[durable]
async fn with_a_serdes(input: String) -> Result<String> {
    return_input(&input).serdes(Uppercase).await
}

#[step]
async fn greet_and_log(name: &str) -> Result<String> {
    tracing::info!("Greeting step started for: {name}");
    let greeting = format!("Hello, {name}!");
    tracing::info!("Greeting step completed with: {greeting}");
    Ok(greeting)
}

#[durable]
async fn logging(name: String) -> Result<String> {
    greet_and_log(&name).await
}

#[step]
async fn compute(result: &str) -> Result<String> {
    tracing::info!("step executed");
    Ok(result.to_owned())
}

#[durable]
async fn before_a_wait(_: ()) -> Result<String> {
    let computed = compute("computed").await?;
    sleep(seconds(2)).await?;
    Ok(computed)
}

#[durable]
async fn skipped_on_replay(_: ()) -> Result<String> {
    let value = compute("cached_value").await?;
    sleep(seconds(1)).await?;
    Ok(value)
}

#[step(retry = none)]
async fn fail() -> Result<()> {
    tracing::info!("step executed");
    Err("the step fails")?
}

#[durable]
async fn failed_again_on_replay(_: ()) -> Result<String> {
    let caught = match fail().await {
        Ok(()) => "nothing was caught".to_owned(),
        Err(error) => error.message().to_owned(),
    };
    sleep(seconds(1)).await?;
    Ok(caught)
}

#[step(retry = fixed(max_attempts = 3, delay = "1s"))]
async fn unreliable() -> Result<String> {
    if attempt() < 2 { Err("not yet")? } else { Ok("Operation succeeded".to_owned()) }
}

#[durable]
async fn second_attempt_succeeds(_: ()) -> Result<String> {
    unreliable().await
}

#[step(retry = fixed(max_attempts = 4, delay = "1s"))]
async fn always_fail() -> Result<()> {
    Err("never")?
}

#[durable]
async fn all_attempts_fail(_: ()) -> Result<()> {
    always_fail().await
}

#[step]
async fn third_time_lucky() -> Result<u32> {
    let attempt = attempt();
    if attempt < 3 { Err(format!("attempt {attempt} fails"))? } else { Ok(attempt) }
}

#[durable]
async fn default_retries(_: ()) -> Result<u32> {
    third_time_lucky().await
}

/// An error that passes by itself.
#[derive(Debug)]
struct TransientError;

impl fmt::Display for TransientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the service is busy")
    }
}

impl std::error::Error for TransientError {}

fn is_transient(error: &Error) -> bool {
    error.type_name() == "TransientError"
}

#[step(retry = fixed(max_attempts = 3, delay = "1s"), retry_if = is_transient)]
async fn busy_at_first() -> Result<String> {
    if attempt() == 1 { Err(TransientError)? } else { Ok("done".to_owned()) }
}

#[durable]
async fn retried_for_its_error(_: ()) -> Result<String> {
    busy_at_first().await
}

#[durable]
async fn fails_for_good(_: ()) -> Result<()> {
    fail().await
}

#[step(at_most_once, retry = none)]
async fn at_most_once_flaky_step(input: &str) -> Result<()> {
    tracing::info!("{input}");
    exit()
}

/// The end of the process, whatever else it runs: only for functions that have one to themselves.
fn exit() -> Result<()> {
    std::process::exit(1)
}

#[durable]
async fn interrupted_for_good(input: String) -> Result<()> {
    at_most_once_flaky_step(&input).await
}
