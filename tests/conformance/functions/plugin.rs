//! The functions of suite `plugin`. Each has plugins of its own.

mod dumps;
mod record;
mod tells;

use std::sync::Arc;

use durable_runtime::App;
use durable_runtime::handler::{function, with_plugins};
use durable_runtime::plugin::Plugin;
use durable_runtime::prelude::*;
use durable_runtime::wire::OperationType;
use serde::de::DeserializeOwned;

use dumps::{AttemptDump, ChangeDump, InvocationDump, OperationDump};
use tells::{
    Attempts, Branches, Changes, Ends, Faulty, Healthy, Invocations, Named, Operations, Parents, Statuses, Terminal,
};

/// Adds the suite's functions.
pub fn register(app: App) -> App {
    let app = watched(app, "10-1", greeting, [plugin(Invocations)]);
    let app = watched(app, "10-2", greeting, [plugin(Operations { of: OperationType::Step })]);
    let app = watched(app, "10-3", second_attempt_succeeds, [plugin(Attempts)]);
    let app = watched(app, "10-5", greeting, [plugin(Named("CONFPLUGIN-A")), plugin(Named("CONFPLUGIN-B"))]);
    let app = watched(app, "10-6", pause, [plugin(Invocations)]);
    let app = watched(app, "10-7", fails, [plugin(Invocations)]);
    let app = watched(app, "10-8", greeting, [plugin(Changes)]);
    let app = watched(app, "10-10", pause, [plugin(Operations { of: OperationType::Wait })]);
    let app = watched(app, "10-11", greeting_inside, [plugin(Parents)]);
    let app = watched(app, "10-12", two_branches, [plugin(Branches)]);
    let app = watched(app, "10-14", second_step_fails, [plugin(Ends)]);
    let app = watched(app, "10-15", all_attempts_fail, [plugin(Attempts), plugin(Statuses)]);
    let app = watched(app, "10-16", pause, [plugin(Terminal)]);
    let app = watched(app, "10-17", greeting, [plugin(Faulty), plugin(Healthy)]);
    let app = watched(app, "10-19", done_after_a_pause, [plugin(InvocationDump)]);
    let app = watched(app, "10-20", task_a, [plugin(OperationDump)]);
    let app = watched(app, "10-21", flaky, [plugin(AttemptDump)]);
    watched(app, "10-22", task_a, [plugin(ChangeDump)])
}

fn plugin(plugin: impl Plugin) -> Arc<dyn Plugin> {
    Arc::new(plugin)
}

fn watched<F, In, O, const N: usize>(app: App, id: &str, handler: F, plugins: [Arc<dyn Plugin>; N]) -> App
where
    F: Fn(In) -> O + Send + Sync + 'static,
    In: DeserializeOwned + Send + 'static,
    O: Operation<Output: durable_runtime::Recordable> + 'static,
{
    app.register_function(id, with_plugins(function(handler), plugins))
}

#[step]
async fn greet(name: &str) -> Result<String> {
    tracing::info!("Greeting step running for: {name}");
    Ok(format!("Hello, {name}!"))
}

#[durable]
async fn greeting(name: String) -> Result<String> {
    greet(&name).await
}

#[durable]
async fn greeting_inside(name: String) -> Result<String> {
    child!(async { greet(&name).await }).await
}

#[step(retry = fixed(delay = "1s", max_attempts = 3))]
async fn unreliable(result: &str) -> Result<String> {
    match StepInfo::current().map(|step| step.attempt()) {
        Some(2..) => Ok(result.to_owned()),
        _ => Err("the first attempt fails")?,
    }
}

#[durable]
async fn second_attempt_succeeds(_: ()) -> Result<String> {
    unreliable("Operation succeeded").await
}

#[durable]
async fn flaky(_: ()) -> Result<String> {
    unreliable("ok").named("flaky").await
}

#[durable]
async fn all_attempts_fail(_: ()) -> Result<String> {
    let fail = record!("always_fail", async { Err("it always fails")? });
    fail.retry(RetryPolicy::fixed(seconds(1)).max_attempts(2)).await
}

#[durable]
async fn pause(_: ()) -> Result<()> {
    sleep(seconds(2)).await?;
    Ok(())
}

#[durable]
async fn done_after_a_pause(input: String) -> Result<String> {
    sleep(seconds(2)).await?;
    Ok(format!("done-{input}"))
}

#[step(retry = none)]
async fn failing(message: &str) -> Result<String> {
    Err(message)?
}

#[durable]
async fn fails(_: ()) -> Result<String> {
    failing("it fails").await
}

#[step]
async fn constant(value: &str) -> Result<String> {
    Ok(value.to_owned())
}

#[durable]
async fn second_step_fails(_: ()) -> Result<String> {
    constant("task-a").await?;
    failing("boom").await
}

#[durable]
async fn task_a(_: ()) -> Result<String> {
    constant("task-a").named("greet").await
}

#[durable]
async fn two_branches(_: ()) -> Result<Vec<String>> {
    let branch = |number: u32| child!(async move { Ok(format!("task-{number}")) });
    parallel_all([1, 2].map(branch)).named("parallel").max_concurrency(1).await
}
