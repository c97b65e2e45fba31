//! Every type of event that the engine writes, with the members that the service's model requires of it.

use std::collections::BTreeSet;
use std::time::Duration;

use durable_runtime::engine::{Engine, StartOptions};
use durable_runtime::server::ServerOptions;
use serde_json::{Value, json};

use crate::client::{Served, callback, execution};
use crate::functions::{Calls, Invoked, echo, fails, operation, remote};

/// What a member has to be.
#[derive(Debug, Clone, Copy)]
enum Is {
    Text,
    Count,
    /// Seconds since 1970, with a fraction.
    Time,
    /// `{Payload?: string, Truncated?: boolean}`
    Data,
    /// `{Payload?: ErrorObject, Truncated?: boolean}`
    Error,
    /// `{CurrentAttempt?: number, NextAttemptDelaySeconds?: number}`
    Retry,
}

/// The required members of each type's details.
const EVENTS: [(&str, &[(&str, Is)]); 24] = [
    ("ExecutionStarted", &[("Input", Is::Data), ("ExecutionTimeout", Is::Count)]),
    ("ExecutionSucceeded", &[("Result", Is::Data)]),
    ("ExecutionFailed", &[("Error", Is::Error)]),
    ("ExecutionTimedOut", &[]),
    ("ExecutionStopped", &[("Error", Is::Error)]),
    ("InvocationCompleted", &[("StartTimestamp", Is::Time), ("EndTimestamp", Is::Time), ("RequestId", Is::Text)]),
    ("ContextStarted", &[]),
    ("ContextSucceeded", &[("Result", Is::Data)]),
    ("ContextFailed", &[("Error", Is::Error)]),
    ("StepStarted", &[]),
    ("StepSucceeded", &[("Result", Is::Data), ("RetryDetails", Is::Retry)]),
    ("StepFailed", &[("Error", Is::Error), ("RetryDetails", Is::Retry)]),
    ("WaitStarted", &[("Duration", Is::Count), ("ScheduledEndTimestamp", Is::Time)]),
    ("WaitSucceeded", &[("Duration", Is::Count)]),
    ("WaitCancelled", &[]),
    ("CallbackStarted", &[("CallbackId", Is::Text)]),
    ("CallbackSucceeded", &[("Result", Is::Data)]),
    ("CallbackFailed", &[("Error", Is::Error)]),
    ("CallbackTimedOut", &[("Error", Is::Error)]),
    ("ChainedInvokeStarted", &[("FunctionName", Is::Text)]),
    ("ChainedInvokeSucceeded", &[("Result", Is::Data)]),
    ("ChainedInvokeFailed", &[("Error", Is::Error)]),
    ("ChainedInvokeTimedOut", &[("Error", Is::Error)]),
    ("ChainedInvokeStopped", &[("Error", Is::Error)]),
];

type Check = fn(&Value) -> bool;

/// Whether a value is an object that has these members at most, each as it has to be.
fn has_only(value: &Value, allowed: [(&str, Check); 2]) -> bool {
    let fits = |(name, value): (&String, &Value)| allowed.iter().any(|(known, check)| known == name && check(value));
    value.as_object().is_some_and(|members| members.iter().all(fits))
}

fn fits(is: Is, value: &Value) -> bool {
    match is {
        Is::Text => value.as_str().is_some_and(|text| !text.is_empty()),
        Is::Count => value.is_u64(),
        Is::Time => value.as_f64().is_some_and(|seconds| (1.7e9..2e9).contains(&seconds)),
        Is::Data => has_only(value, [("Payload", Value::is_string), ("Truncated", Value::is_boolean)]),
        Is::Error => has_only(value, [("Payload", Value::is_object), ("Truncated", Value::is_boolean)]),
        Is::Retry => has_only(value, [("CurrentAttempt", Value::is_u64), ("NextAttemptDelaySeconds", Value::is_u64)]),
    }
}

#[track_caller]
fn check(event: &Value) -> String {
    let name = event["EventType"].as_str().unwrap();
    let row = EVENTS.iter().find(|(known, _)| *known == name);
    let (_, required) = row.unwrap_or_else(|| panic!("a type that the model does not have: {event}"));
    let key = format!("{name}Details");
    let details = event.get(&key).and_then(Value::as_object).unwrap_or_else(|| panic!("no {key}: {event}"));
    assert!(fits(Is::Time, &event["EventTimestamp"]) && event["EventId"].is_u64(), "{event}");
    let others = event.as_object().unwrap().keys().filter(|other| other.ends_with("Details"));
    assert_eq!(others.count(), 1, "{event}");
    assert_eq!(event.get("Id").is_none(), name == "InvocationCompleted", "{event}");
    for (member, is) in *required {
        assert!(details.get(*member).is_some_and(|value| fits(*is, value)), "{member} is no {is:?}: {event}");
    }
    name.to_owned()
}

fn update(id: &str, of: &str, action: &str, more: Value) -> Value {
    let mut update = json!({"Id": id, "Type": of, "Action": action});
    update.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    update
}

/// An execution that meets everything that can happen to an operation; returns its ARN.
async fn everything(served: &Served, calls: &mut Calls, slow: &mut Calls) -> String {
    let day = Some(Duration::from_secs(86_400));
    let started = served.engine.start("remote", "{}", StartOptions { timeout: day, ..StartOptions::default() }).await;
    let arn = started.unwrap().arn.to_string();
    let call = calls.recv().await.unwrap();
    let error = json!({"Error": {"ErrorType": "Busy", "ErrorMessage": "later"}});
    let mut retry = update("1", "STEP", "RETRY", error.clone());
    retry["StepOptions"] = json!({"NextAttemptDelaySeconds": 1});
    let target = |id: &str, function: &str| {
        let options = json!({"ChainedInvokeOptions": {"FunctionName": function}, "Payload": "{}"});
        update(id, "CHAINED_INVOKE", "START", options)
    };
    let updates = json!([
        update("1", "STEP", "START", json!({})),
        retry,
        update("2", "STEP", "SUCCEED", json!({"Payload": "1"})),
        update("3", "STEP", "FAIL", error.clone()),
        update("4", "CONTEXT", "START", json!({"Name": "ship"})),
        update("4", "CONTEXT", "SUCCEED", json!({"Payload": "1"})),
        update("5", "CONTEXT", "FAIL", error),
        update("6", "WAIT", "START", json!({"WaitOptions": {"WaitSeconds": 1}})),
        update("7", "WAIT", "START", json!({"WaitOptions": {"WaitSeconds": 90}})),
        update("8", "CALLBACK", "START", json!({"CallbackOptions": {"HeartbeatTimeoutSeconds": 60}})),
        update("9", "CALLBACK", "START", json!({})),
        update("10", "CALLBACK", "START", json!({"CallbackOptions": {"TimeoutSeconds": 1}})),
        target("11", "echo"),
        target("12", "fails"),
        target("13", "slow"),
        target("14", "slow"),
    ]);
    let answer = call.checkpoint(served, updates).await;
    let operations = &answer["NewExecutionState"]["Operations"];
    let id = |of: &str| operation(operations, of)["CallbackDetails"]["CallbackId"].as_str().unwrap().to_owned();
    let _ = served.post(&callback(&id("8"), "succeed"), "1").await.ok();
    let _ = served.post(&callback(&id("9"), "fail"), "{}").await.ok();
    let token = answer["CheckpointToken"].as_str().unwrap();
    let cancel = json!([update("7", "WAIT", "CANCEL", json!({}))]);
    let _ = call.checkpoint_with(served, token, cancel).await.ok();
    call.pending();
    // Of the two slow ones the first to come is stopped, the other times out.
    let (stopped, timed_out) = (slow.recv().await.unwrap(), slow.recv().await.unwrap());
    let _ = served.post(&execution(stopped.arn(), "/stop"), "").await.ok();
    served.clock.advance(3600);
    let last = until_all_ended(calls).await;
    last.succeed("\"done\"");
    drop((stopped, timed_out));
    let found = served.engine.find(&arn).await.unwrap();
    let _ = served.engine.wait(&found).await.unwrap();
    arn
}

/// Answers PENDING until every chained invoke has ended.
async fn until_all_ended(calls: &mut Calls) -> Invoked {
    loop {
        let call = calls.recv().await.unwrap();
        let open = call
            .operations()
            .iter()
            .any(|operation| operation["Type"] == "CHAINED_INVOKE" && operation["Status"] == "STARTED");
        if !open {
            return call;
        }
        call.pending();
    }
}

#[tokio::test]
async fn every_event_has_the_members_that_the_model_requires() {
    let ((function, mut calls), (slowly, mut slow)) = (remote(), remote());
    let functions = vec![("remote", function), ("slow", slowly), ("echo", echo()), ("fails", fails())];
    let engine = Engine::options().execution_timeout(Duration::from_secs(3600));
    let served = Served::with(functions, ServerOptions::default(), engine).await;
    let arn = everything(&served, &mut calls, &mut slow).await;
    let mut seen = BTreeSet::new();
    let all = served.engine.list(Default::default()).await.unwrap();
    assert!(all.iter().any(|summary| summary.arn.as_str() == arn));
    for summary in all {
        for query in ["", "?IncludeExecutionData=false"] {
            let history = served.get(&execution(summary.arn.as_str(), &format!("/history{query}"))).await.ok();
            seen.extend(history["Events"].as_array().unwrap().iter().map(check));
        }
    }
    let expected: BTreeSet<_> = EVENTS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(seen, expected);
}
