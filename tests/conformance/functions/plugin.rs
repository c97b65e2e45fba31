//! The functions of suite `plugin`: each has plugins of its own, which tell of every hook by a line of JSON.

use durable_runtime::App;
use durable_runtime::handler::{function, with_plugins};
use durable_runtime::plugin::{
    FunctionEnd, FunctionInfo, InvocationEnd, InvocationInfo, InvocationStart, OperationChange, OperationInfo, Plugin,
};
use durable_runtime::prelude::*;
use durable_runtime::wire::OperationType;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use std::sync::Arc;

use crate::conformance::logs::write_line;

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

// The functions.

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
    sleep(seconds(2)).await
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

// The plugins.

/// Writes a record of an execution: the members that have a value.
fn emit(invocation: &InvocationInfo, plugin: &str, hook: &str, members: Value) {
    let mut record = Map::new();
    record.insert("durableExecutionArn".to_owned(), json!(invocation.execution_arn));
    record.insert("plugin".to_owned(), json!(plugin));
    record.insert("hook".to_owned(), json!(hook));
    let members = members.as_object().cloned().unwrap_or_default();
    record.extend(members.into_iter().filter(|(_, value)| !value.is_null()));
    write_line(&Value::Object(record).to_string());
}

fn tell(invocation: &InvocationInfo, hook: &str, members: Value) {
    emit(invocation, "CONFPLUGIN", hook, members);
}

/// A type or a status as the service spells it.
fn token(word: impl Serialize) -> Value {
    json!(word)
}

fn is_step(operation: &OperationInfo<'_>) -> bool {
    operation.operation_type == OperationType::Step
}

struct Invocations;

impl Plugin for Invocations {
    fn invocation_start(&self, start: &InvocationStart<'_>) {
        tell(start.invocation, "invocation-start", json!({"first": start.invocation.is_first}));
    }

    fn invocation_end(&self, end: &InvocationEnd<'_>) {
        tell(end.invocation, "invocation-end", json!({"status": end.status.as_str()}));
    }
}

/// Tells of operations of one type.
struct Operations {
    of: OperationType,
}

impl Plugin for Operations {
    fn operation_start(&self, operation: &OperationInfo<'_>) {
        if operation.operation_type == self.of {
            let members = json!({"op": operation.id, "type": token(operation.operation_type)});
            tell(operation.invocation, "operation-start", members);
        }
    }

    fn operation_end(&self, operation: &OperationInfo<'_>) {
        if operation.operation_type == self.of {
            let (kind, status) = (token(operation.operation_type), token(operation.status));
            let members = json!({"op": operation.id, "type": kind, "status": status});
            tell(operation.invocation, "operation-end", members);
        }
    }
}

struct Attempts;

impl Plugin for Attempts {
    fn attempt_start(&self, attempt: &FunctionInfo<'_>) {
        tell(attempt.invocation, "attempt-start", json!({"n": attempt.attempt, "op": attempt.id}));
    }

    fn attempt_end(&self, end: &FunctionEnd<'_>) {
        let attempt = &end.function;
        let members = json!({"n": attempt.attempt, "outcome": end.outcome(), "op": attempt.id});
        tell(attempt.invocation, "attempt-end", members);
    }
}

/// One of several plugins, under its name.
struct Named(&'static str);

impl Plugin for Named {
    fn invocation_start(&self, start: &InvocationStart<'_>) {
        emit(start.invocation, self.0, "invocation-start", json!({}));
    }

    fn invocation_end(&self, end: &InvocationEnd<'_>) {
        emit(end.invocation, self.0, "invocation-end", json!({"status": end.status.as_str()}));
    }
}

struct Changes;

impl Plugin for Changes {
    fn operation_change(&self, change: &OperationChange<'_>) {
        for operation in change.updated.iter().filter(is_step) {
            let in_full_map = change.operations.get(operation.id).is_some();
            let members = json!({"op": operation.id, "status": token(operation.status), "in_full_map": in_full_map});
            tell(change.invocation, "operation-change", members);
        }
    }
}

struct Parents;

impl Plugin for Parents {
    fn operation_end(&self, operation: &OperationInfo<'_>) {
        let parent = operation.parent_id.unwrap_or("NONE");
        let members = json!({"op": operation.id, "parent": parent, "status": token(operation.status)});
        tell(operation.invocation, "operation-end", members);
    }
}

struct Branches;

impl Plugin for Branches {
    fn function_start(&self, function: &FunctionInfo<'_>) {
        if function.sub_type == "ParallelBranch" {
            let members = json!({"op": function.id, "parent": function.parent_id.unwrap_or("NONE")});
            tell(function.invocation, "fn-start", members);
        }
    }

    fn function_end(&self, end: &FunctionEnd<'_>) {
        let function = &end.function;
        if function.sub_type == "ParallelBranch" {
            let parent = function.parent_id.unwrap_or("NONE");
            tell(function.invocation, "fn-end", json!({"op": function.id, "parent": parent, "outcome": end.outcome()}));
        }
    }
}

struct Ends;

impl Plugin for Ends {
    fn operation_end(&self, operation: &OperationInfo<'_>) {
        if is_step(operation) {
            let error = operation.error.and_then(|error| error.error_message.as_deref());
            let members = json!({
                "op": operation.id,
                "status": token(operation.status),
                "result": operation.result.unwrap_or("NONE"),
                "error": error.unwrap_or("NONE"),
            });
            tell(operation.invocation, "operation-end", members);
        }
    }
}

struct Statuses;

impl Plugin for Statuses {
    fn operation_end(&self, operation: &OperationInfo<'_>) {
        if is_step(operation) {
            let members = json!({"op": operation.id, "status": token(operation.status)});
            tell(operation.invocation, "operation-end", members);
        }
    }
}

struct Terminal;

impl Plugin for Terminal {
    fn invocation_start(&self, start: &InvocationStart<'_>) {
        tell(start.invocation, "invocation-start", json!({"first": start.invocation.is_first}));
    }

    fn invocation_end(&self, end: &InvocationEnd<'_>) {
        let (first, terminal) = (end.invocation.is_first, end.status.is_terminal());
        let members = json!({"first": first, "terminal": terminal, "status": end.status.as_str()});
        tell(end.invocation, "invocation-end", members);
    }
}

/// Tells of each hook, then panics.
struct Faulty;

impl Faulty {
    fn fail(invocation: &InvocationInfo, hook: &str) {
        emit(invocation, "CONFPLUGIN-FAULTY", hook, json!({}));
        panic!("the faulty plugin fails in {hook}");
    }
}

impl Plugin for Faulty {
    fn invocation_start(&self, start: &InvocationStart<'_>) {
        Self::fail(start.invocation, "invocation-start");
    }

    fn invocation_end(&self, end: &InvocationEnd<'_>) {
        Self::fail(end.invocation, "invocation-end");
    }

    fn operation_start(&self, operation: &OperationInfo<'_>) {
        Self::fail(operation.invocation, "operation-start");
    }

    fn operation_end(&self, operation: &OperationInfo<'_>) {
        Self::fail(operation.invocation, "operation-end");
    }

    fn attempt_start(&self, attempt: &FunctionInfo<'_>) {
        Self::fail(attempt.invocation, "attempt-start");
    }

    fn attempt_end(&self, end: &FunctionEnd<'_>) {
        Self::fail(end.function.invocation, "attempt-end");
    }
}

struct Healthy;

impl Healthy {
    fn tell(invocation: &InvocationInfo, hook: &str, members: Value) {
        emit(invocation, "CONFPLUGIN-HEALTHY", hook, members);
    }
}

impl Plugin for Healthy {
    fn invocation_start(&self, start: &InvocationStart<'_>) {
        Self::tell(start.invocation, "invocation-start", json!({"first": start.invocation.is_first}));
    }

    fn invocation_end(&self, end: &InvocationEnd<'_>) {
        Self::tell(end.invocation, "invocation-end", json!({"status": end.status.as_str()}));
    }

    fn operation_start(&self, operation: &OperationInfo<'_>) {
        if is_step(operation) {
            Self::tell(operation.invocation, "operation-start", json!({"op": operation.id}));
        }
    }

    fn operation_end(&self, operation: &OperationInfo<'_>) {
        if is_step(operation) {
            let members = json!({"op": operation.id, "status": token(operation.status)});
            Self::tell(operation.invocation, "operation-end", members);
        }
    }

    fn attempt_start(&self, attempt: &FunctionInfo<'_>) {
        Self::tell(attempt.invocation, "attempt-start", json!({"op": attempt.id}));
    }

    fn attempt_end(&self, end: &FunctionEnd<'_>) {
        let members = json!({"op": end.function.id, "outcome": end.outcome()});
        Self::tell(end.function.invocation, "attempt-end", members);
    }
}

struct InvocationDump;

impl Plugin for InvocationDump {
    fn invocation_start(&self, start: &InvocationStart<'_>) {
        let invocation = start.invocation;
        let members = json!({
            "isFirstInvocation": invocation.is_first,
            "requestId": invocation.request_id,
            "operationsCount": start.operations.len(),
            "updatedOperationsCount": start.updated.len(),
            "executionStartTimestamp": invocation.execution_start.to_string(),
        });
        tell(invocation, "invocation-start", members);
    }

    fn invocation_end(&self, end: &InvocationEnd<'_>) {
        let invocation = end.invocation;
        let members = json!({
            "isFirstInvocation": invocation.is_first,
            "requestId": invocation.request_id,
            "operationsCount": end.operations.len(),
            "executionStartTimestamp": invocation.execution_start.to_string(),
            "status": end.status.as_str(),
            "terminal": end.status.is_terminal(),
            "executionError": end.error.and_then(|error| error.error_message.as_deref()),
        });
        tell(invocation, "invocation-end", members);
    }
}

/// Everything that is told of an operation.
fn dump(operation: &OperationInfo<'_>) -> Value {
    json!({
        "id": operation.id,
        "name": operation.name,
        "type": token(operation.operation_type),
        "subType": operation.sub_type,
        "parentId": operation.parent_id,
        "status": token(operation.status),
        "startTimestamp": operation.start.to_string(),
        "endTimestamp": operation.end.map(|end| end.to_string()),
        "error": operation.error.and_then(|error| error.error_message.as_deref()),
        "attempt": operation.attempt,
        "isReplay": operation.is_replay,
    })
}

struct OperationDump;

impl Plugin for OperationDump {
    fn operation_start(&self, operation: &OperationInfo<'_>) {
        if is_step(operation) {
            tell(operation.invocation, "operation-start", dump(operation));
        }
    }

    fn operation_end(&self, operation: &OperationInfo<'_>) {
        if is_step(operation) {
            tell(operation.invocation, "operation-end", dump(operation));
        }
    }
}

/// Everything that is told of an attempt.
fn dump_attempt(attempt: &FunctionInfo<'_>) -> Map<String, Value> {
    let members = json!({
        "id": attempt.id,
        "name": attempt.name,
        "type": token(attempt.operation_type),
        "subType": attempt.sub_type,
        "parentId": attempt.parent_id,
        "attempt": attempt.attempt,
        "startTimestamp": attempt.start.to_string(),
        "isReplay": attempt.is_replay,
    });
    members.as_object().cloned().unwrap_or_default()
}

struct AttemptDump;

impl Plugin for AttemptDump {
    fn attempt_start(&self, attempt: &FunctionInfo<'_>) {
        tell(attempt.invocation, "attempt-start", dump_attempt(attempt).into());
    }

    fn attempt_end(&self, end: &FunctionEnd<'_>) {
        let mut members = dump_attempt(&end.function);
        members.insert("endTimestamp".to_owned(), json!(end.end.to_string()));
        members.insert("outcome".to_owned(), json!(end.outcome()));
        members.insert("error".to_owned(), json!(end.error.and_then(|error| error.error_message.as_deref())));
        tell(end.function.invocation, "attempt-end", members.into());
    }
}

struct ChangeDump;

impl Plugin for ChangeDump {
    fn operation_change(&self, change: &OperationChange<'_>) {
        for operation in change.updated.iter().filter(is_step) {
            let mut members = dump(&operation).as_object().cloned().unwrap_or_default();
            members.insert("executionArn".to_owned(), json!(change.invocation.execution_arn));
            members.insert("updatedOperationsCount".to_owned(), json!(change.updated.len()));
            members.insert("operationsCount".to_owned(), json!(change.operations.len()));
            members.insert("inFullMap".to_owned(), json!(change.operations.get(operation.id).is_some()));
            tell(change.invocation, "operation-change", members.into());
        }
    }
}
