//! Runs a requirement's function on the embedded engine in virtual time, and judges what it did.

use std::sync::Arc;

use durable_runtime::engine::{Engine, ExecutionSummary, StartOptions};
use durable_runtime::testing::{VirtualClock, virtual_time};
use durable_runtime::wire::HistoryEvent;
use durable_runtime::{App, BoxError};
use serde_json::Value;
use yaml_rust2::Yaml;

use super::matching::{Bindings, Others, shown};
use super::report::Verdict;
use super::requirement::{ExpectedResult, Requirement};
use super::{actions, log_records, logs};

/// What an execution did.
struct Done {
    summary: ExecutionSummary,
    history: Vec<Value>,
    actions: Result<(), BoxError>,
}

/// Runs one requirement with the functions of `app`.
#[must_use]
pub fn run(requirement: &Requirement, app: &App) -> Verdict {
    if requirement.kills_the_process() {
        return Verdict::Left("the function's process dies: it needs functions in processes of their own".to_owned());
    }
    if !app.functions().any(|(name, _)| name == requirement.id) {
        return Verdict::Failed(vec!["no function is registered under its id".to_owned()]);
    }
    let (done, lines) = logs::capture(|| virtual_time(execute(requirement, app)));
    let differences = match done {
        Ok(done) => judge(requirement, &done, &lines),
        Err(error) => vec![format!("the engine: {error}")],
    };
    if differences.is_empty() { Verdict::Passed } else { Verdict::Failed(differences) }
}

async fn execute(requirement: &Requirement, app: &App) -> Result<Done, BoxError> {
    let engine = Engine::options().clock(Arc::new(VirtualClock::new())).open_in_memory().await?;
    for (name, function) in app.functions() {
        engine.register(name, function.clone());
    }
    let arn = engine.start(&requirement.id, &requirement.input, StartOptions::default()).await?.arn;
    let (summary, actions) = tokio::join!(engine.wait(&arn), actions::perform(&engine, &arn, &requirement.actions));
    let history = engine.history(&arn).await?;
    Ok(Done { summary: summary?, history: history.iter().map(HistoryEvent::to_json).collect(), actions })
}

fn judge(requirement: &Requirement, done: &Done, lines: &[String]) -> Vec<String> {
    let mut bindings = Bindings::default();
    let mut differences = Vec::new();
    differences.extend(done.summary.blocked.as_ref().map(|report| format!("the execution is BLOCKED: {report}")));
    differences.extend(done.actions.as_ref().err().map(|error| format!("callback actions: {error}")));
    if let Some(expected) = &requirement.result {
        differences.extend(compare_result(expected, &done.summary, &mut bindings));
    }
    for expected in &requirement.history {
        differences.extend(compare_event(expected, &done.history, &mut bindings));
    }
    let records = log_records::records(lines, done.summary.arn.as_str());
    differences.extend(log_records::compare(&requirement.logs, &records, &bindings.texts()));
    if !differences.is_empty() {
        differences.push(format!("what happened: {}", outline(done)));
    }
    differences
}

/// A result is compared only when the execution succeeded, after one JSON decoding.
fn compare_result(expected: &ExpectedResult, summary: &ExecutionSummary, bindings: &mut Bindings) -> Vec<String> {
    let status = summary.status.as_str();
    if status != expected.status {
        let error = summary.error.as_ref().map(|error| format!(" ({error})")).unwrap_or_default();
        return vec![format!("the execution: expected {}, found {status}{error}", expected.status)];
    }
    let (Some(expected), "SUCCEEDED") = (&expected.result, status) else { return Vec::new() };
    let text = summary.result.as_deref().unwrap_or("null");
    let result = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
    bindings.compare(expected, &result, Others::Refused, "the result")
}

/// Events are found by their number; those that nobody expects are ignored.
fn compare_event(expected: &Yaml, history: &[Value], bindings: &mut Bindings) -> Vec<String> {
    let number = expected["EventId"].as_i64().unwrap_or_default();
    let event_type = expected["EventType"].as_str().unwrap_or("event");
    let place = format!("event {number}");
    let Some(event) = history.iter().find(|event| event["EventId"].as_i64() == Some(number)) else {
        return vec![format!("{place}: expected {event_type}, and there is none")];
    };
    if event["EventType"].as_str() != Some(event_type) {
        return vec![format!("{place}: expected {event_type}, found {}", shown(&event["EventType"]))];
    }
    bindings.compare(expected, event, Others::Ignored, &place)
}

/// The events in a line, for whoever looks for the cause.
fn outline(done: &Done) -> String {
    let event = |event: &Value| {
        let name = event["Name"].as_str().map(|name| format!(" {name}")).unwrap_or_default();
        format!("{} {}{name}", event["EventId"], shown(&event["EventType"]))
    };
    done.history.iter().map(event).collect::<Vec<_>>().join(", ")
}
