use std::time::Duration;

use durable_runtime::engine::{Arn, Engine, ExecutionStatus, StartOptions};
use durable_runtime::function::InvocationOutcome;
use durable_runtime::testing::VirtualClock;
use durable_runtime::wire::OperationStatus::{Failed, Started, Stopped, Succeeded, TimedOut};
use durable_runtime::wire::{ErrorObject, OperationStatus};

use crate::support::*;

/// A caller that invokes `target` once and returns how that ended.
fn caller(target: &'static str) -> std::sync::Arc<dyn durable_runtime::function::Function> {
    script(move |mut call| async move {
        if call.number == 1 {
            call.send(vec![invoke("1", target, "\"input\"")]).await;
            assert_eq!(call.status("1"), Some(Started));
            return pending();
        }
        let details = call.operation("1").chained_invoke_details.clone().unwrap();
        let error = details.error.map(|error| error.to_string());
        let seen = serde_json::json!([call.operation("1").status, details.result, error]);
        succeeded(&seen.to_string())
    })
}

async fn outcome(engine: &Engine, arn: &Arn) -> (OperationStatus, Option<String>, Option<String>) {
    let summary = finish(engine, arn).await;
    assert_eq!(summary.status, ExecutionStatus::Succeeded);
    serde_json::from_str(&summary.result.unwrap()).unwrap()
}

async fn child(engine: &Engine, parent: &Arn) -> Arn {
    engine.operations(parent).await.unwrap()[0].child.clone().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_chained_invoke_runs_the_target_as_an_execution_of_its_own() {
    let engine = engine().await;
    engine.register("caller", caller("arn:aws:lambda:local:000000000000:function:target:$LATEST"));
    engine.register(
        "target",
        script(|call| async move {
            let input = call.operations[0].execution_details.clone().unwrap().input_payload.unwrap();
            succeeded(&format!("[{input}]"))
        }),
    );
    let arn = begin(&engine, "caller").await;
    assert_eq!(outcome(&engine, &arn).await, (Succeeded, Some("[\"input\"]".into()), None));
    let events = engine.history(&arn).await.unwrap();
    let types: Vec<_> = events.iter().map(|event| event.event_type.as_str()).collect();
    assert_eq!(types[1..4], ["ChainedInvokeStarted", "InvocationCompleted", "ChainedInvokeSucceeded"]);
    let child = engine.describe(&child(&engine, &arn).await).await.unwrap();
    assert_eq!(child.parent.as_ref(), Some(&arn));
    assert_eq!(child.status, ExecutionStatus::Succeeded);
    let started = &events[1].details;
    assert_eq!(started.executed_version.as_deref(), Some("$LATEST"));
    assert_eq!(started.durable_execution_arn.as_deref(), Some(child.arn.as_str()));
    assert_eq!(started.input.as_ref().unwrap().payload.as_deref(), Some("\"input\""));
}

#[tokio::test(start_paused = true)]
async fn a_target_runs_once_its_caller_asks_for_news() {
    let engine = engine().await;
    engine.register(
        "caller",
        script(|mut call| async move {
            call.send(vec![invoke("1", "target", "1"), wait("2", 3600)]).await;
            // A checkpoint that writes is not asking.
            call.send(vec![wait("3", 3600)]).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
            assert!(call.poll().await.is_empty());
            tokio::time::sleep(Duration::from_secs(1)).await;
            call.poll().await;
            assert_eq!(call.status("1"), Some(Succeeded));
            succeeded("1")
        }),
    );
    engine.register("target", script(|_| async { succeeded("1") }));
    let arn = begin(&engine, "caller").await;
    assert_eq!(finish(&engine, &arn).await.status, ExecutionStatus::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn a_targets_failure_stop_and_timeout_reach_its_caller_as_such() {
    let engine = Engine::options()
        .clock(std::sync::Arc::new(VirtualClock::new()))
        .execution_timeout(Duration::from_secs(3600))
        .open_in_memory()
        .await
        .unwrap();
    engine.register("target", script(|_| async { failed("Declined") }));
    engine.register("caller", caller("target"));
    let arn = begin(&engine, "caller").await;
    assert_eq!(outcome(&engine, &arn).await, (Failed, None, Some("Declined: as scripted".into())));

    let sleeper = || {
        script(|mut call| async move {
            call.send(vec![wait("1", 1_000_000)]).await;
            pending()
        })
    };
    engine.register("target", sleeper());
    engine.register("caller", caller("target"));
    let arn = begin(&engine, "caller").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let target = child(&engine, &arn).await;
    engine.stop(&target, Some(ErrorObject::new("Operator", "enough"))).await.unwrap();
    assert_eq!(outcome(&engine, &arn).await, (Stopped, None, Some("Operator: enough".into())));

    // The caller itself has more time than its target.
    engine.register("caller", caller("target"));
    let options = StartOptions { timeout: Some(Duration::from_secs(7200)), ..StartOptions::default() };
    let arn = engine.start("caller", "{}", options).await.unwrap().arn;
    let timed_out = "Execution timed out after 3600 seconds.";
    assert_eq!(outcome(&engine, &arn).await, (TimedOut, None, Some(timed_out.into())));
}

#[tokio::test(start_paused = true)]
async fn a_target_that_is_not_there_fails_the_invoke_and_not_the_caller() {
    let engine = engine().await;
    engine.register("caller", caller("nobody"));
    let arn = begin(&engine, "caller").await;
    let expected = "ResourceNotFoundException: Function not found: nobody";
    assert_eq!(outcome(&engine, &arn).await, (Failed, None, Some(expected.into())));
    let history = history(&engine, &arn).await;
    assert_eq!(history[1..4], ["ChainedInvokeStarted", "InvocationCompleted", "ChainedInvokeFailed"]);
}

#[tokio::test(start_paused = true)]
async fn who_waits_only_for_a_blocked_execution_is_reported_with_its_reason() {
    let engine = engine().await;
    engine.register("caller", caller("target"));
    engine.register("target", script(|_| async { InvocationOutcome::Blocked("step `a` became `b`".into()) }));
    let arn = begin(&engine, "caller").await;
    let summary = finish(&engine, &arn).await;
    assert_eq!(summary.status, ExecutionStatus::Running);
    assert_eq!(summary.blocked.as_deref(), Some("step `a` became `b`"));
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_is_started_again_by_its_name_takes_its_target_along() {
    let path = directory("started-again").join("store.db");
    let clock = VirtualClock::new();
    let functions = |engine: &Engine| {
        engine.register(
            "caller",
            script(|mut call| async move {
                if call.operations.len() == 1 {
                    call.send(vec![invoke("1", "target", "1")]).await;
                }
                if call.status("1") == Some(Succeeded) { succeeded("1") } else { pending() }
            }),
        );
        engine.register(
            "target",
            script(|mut call| async move {
                if call.operations.len() == 1 {
                    call.send(vec![wait("1", 60)]).await;
                }
                if call.status("1") == Some(Succeeded) { succeeded("1") } else { pending() }
            }),
        );
    };
    let engine = open(&path, clock).await;
    functions(&engine);
    engine.start("caller", "{}", called("a")).await.unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
    engine.close().await.unwrap();

    let engine = open(&path, clock).await;
    functions(&engine);
    let started = engine.start("caller", "{}", called("a")).await.unwrap();
    assert!(started.existing);
    let summary = finish(&engine, &started.arn).await;
    assert_eq!(summary.status, ExecutionStatus::Succeeded);
    assert_eq!(summary.ended.unwrap().since(summary.started), Duration::from_secs(60));
}
