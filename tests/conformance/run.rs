//! Runs a requirement's function at a place, and judges what it did.

use std::time::Duration;

use durable_runtime::testing::virtual_time;
use durable_runtime::{App, BoxError};
use serde_json::Value;
use yaml_rust2::Yaml;

use super::endpoint::Endpoint;
use super::in_process::InProcess;
use super::matching::{Bindings, Others, shown};
use super::place::{Place, Standing};
use super::report::Verdict;
use super::requirement::{ExpectedResult, Requirement};
use super::{actions, log_records, logs};

/// How often the runner looks how an execution stands.
const LOOK: Duration = Duration::from_millis(100);
/// How long it waits for an execution.
const PATIENCE: Duration = Duration::from_secs(6 * 60 * 60);
/// How long it waits for a server, where time is real.
const PATIENCE_AT_A_SERVER: Duration = Duration::from_secs(300);
/// How often it looks for lines that are still on their way.
const LOOKS_FOR_LINES: u32 = 30;

/// What an execution did.
struct Done {
    arn: String,
    standing: Standing,
    history: Vec<Value>,
    actions: Result<(), BoxError>,
}

/// Runs one requirement with the functions of `app`, in this process and in virtual time.
#[must_use]
pub fn run(requirement: &Requirement, app: &App) -> Verdict {
    if requirement.kills_the_process() {
        return Verdict::Left("the function's process dies: it needs functions in processes of their own".to_owned());
    }
    if !app.functions().any(|(name, _)| name == requirement.id) {
        return Verdict::Failed(vec!["no function is registered under its id".to_owned()]);
    }
    let judged = logs::capture(|| {
        virtual_time(async {
            let place = InProcess::new(app).await?;
            let done = execute(requirement, &place, PATIENCE).await?;
            Ok::<_, BoxError>(judge(requirement, &done, &place.lines().await?))
        })
    });
    verdict(judged)
}

/// Runs one requirement at a server that has a function under its id.
pub async fn run_at(requirement: &Requirement, endpoint: &Endpoint) -> Verdict {
    verdict(execute_and_judge(requirement, endpoint).await)
}

async fn execute_and_judge(requirement: &Requirement, endpoint: &Endpoint) -> Result<Vec<String>, BoxError> {
    let done = execute(requirement, endpoint, PATIENCE_AT_A_SERVER).await?;
    if requirement.logs.is_empty() {
        return Ok(judge(requirement, &done, &[]));
    }
    let mut differences = judge(requirement, &done, &endpoint.lines().await?);
    // A function's lines reach the server beside its answer, not before it.
    for _ in 0..LOOKS_FOR_LINES {
        if differences.is_empty() {
            break;
        }
        tokio::time::sleep(LOOK).await;
        differences = judge(requirement, &done, &endpoint.lines().await?);
    }
    Ok(differences)
}

fn verdict(judged: Result<Vec<String>, BoxError>) -> Verdict {
    match judged {
        Ok(differences) if differences.is_empty() => Verdict::Passed,
        Ok(differences) => Verdict::Failed(differences),
        Err(error) => Verdict::Failed(vec![format!("the service: {error}")]),
    }
}

async fn execute(requirement: &Requirement, place: &impl Place, patience: Duration) -> Result<Done, BoxError> {
    let arn = place.start(&requirement.id, &requirement.input).await?;
    let settled = tokio::time::timeout(patience, settle(requirement, place, &arn));
    let (settled, actions) = tokio::join!(settled, actions::perform(place, &arn, &requirement.actions));
    let history = place.history(&arn).await?;
    let standing = match settled {
        Ok(standing) => standing?,
        Err(_) => place.standing(&arn).await?,
    };
    if !standing.is_over() {
        place.stop(&arn).await?;
    }
    Ok(Done { arn, standing, history, actions })
}

/// Waits until the execution is over; where the requirement does not say how it ends, until it has shown all events
/// that the requirement names.
async fn settle(requirement: &Requirement, place: &impl Place, arn: &str) -> Result<Standing, BoxError> {
    loop {
        let standing = place.standing(arn).await?;
        if standing.is_over() {
            return Ok(standing);
        }
        if requirement.result.is_none() {
            let history = place.history(arn).await?;
            let shown = |expected: &Yaml| found(expected, &history).is_some();
            if requirement.history.iter().all(shown) {
                return Ok(standing);
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn judge(requirement: &Requirement, done: &Done, lines: &[String]) -> Vec<String> {
    let mut bindings = Bindings::default();
    let mut differences = Vec::new();
    differences.extend(done.standing.blocked.as_ref().map(|report| format!("the execution is BLOCKED: {report}")));
    differences.extend(done.actions.as_ref().err().map(|error| format!("callback actions: {error}")));
    if let Some(expected) = &requirement.result {
        differences.extend(compare_result(expected, &done.standing, &mut bindings));
    }
    for expected in &requirement.history {
        differences.extend(compare_event(expected, &done.history, &mut bindings));
    }
    let records = log_records::records(lines, &done.arn);
    differences.extend(log_records::compare(&requirement.logs, &records, &bindings.texts()));
    if !differences.is_empty() {
        differences.push(format!("what happened: {}", outline(done)));
    }
    differences
}

/// A result is compared only when the execution succeeded, after one JSON decoding.
fn compare_result(expected: &ExpectedResult, standing: &Standing, bindings: &mut Bindings) -> Vec<String> {
    let status = standing.status.as_str();
    if status != expected.status {
        let error = standing.error.as_ref().map(|error| format!(" ({error})")).unwrap_or_default();
        return vec![format!("the execution: expected {}, found {status}{error}", expected.status)];
    }
    let (Some(expected), "SUCCEEDED") = (&expected.result, status) else { return Vec::new() };
    let text = standing.result.as_deref().unwrap_or("null");
    let result = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
    bindings.compare(expected, &result, Others::Refused, "the result")
}

/// Events are found by their number; those that nobody expects are ignored.
fn compare_event(expected: &Yaml, history: &[Value], bindings: &mut Bindings) -> Vec<String> {
    let number = expected["EventId"].as_i64().unwrap_or_default();
    let event_type = expected["EventType"].as_str().unwrap_or("event");
    let place = format!("event {number}");
    let Some(event) = found(expected, history) else {
        return vec![format!("{place}: expected {event_type}, and there is none")];
    };
    if event["EventType"].as_str() != Some(event_type) {
        return vec![format!("{place}: expected {event_type}, found {}", shown(&event["EventType"]))];
    }
    bindings.compare(expected, event, Others::Ignored, &place)
}

fn found<'a>(expected: &Yaml, history: &'a [Value]) -> Option<&'a Value> {
    let number = expected["EventId"].as_i64().unwrap_or_default();
    history.iter().find(|event| event["EventId"].as_i64() == Some(number))
}

/// The events in a line, for whoever looks for the cause.
fn outline(done: &Done) -> String {
    let event = |event: &Value| {
        let name = event["Name"].as_str().map(|name| format!(" {name}")).unwrap_or_default();
        format!("{} {}{name}", event["EventId"], shown(&event["EventType"]))
    };
    done.history.iter().map(event).collect::<Vec<_>>().join(", ")
}
