//! SIGKILL of the function process in every state: the execution ends with the right result, no acknowledged step runs
//! again, and the history says what happened.

use std::num::NonZeroUsize;

use durable_runtime::engine::{ChangeKind, ExecutionStatus};
use durable_runtime::host::HostOptions;
use serde_json::json;

use super::support::{World, kill, pids, until};

const EXIT: &str = "InvocationCompleted Runtime.ExitError";

/// Runs the story to its end with a trap at `point`.
async fn trapped(point: &str) -> (World, Vec<String>, serde_json::Value) {
    let world = World::new("durable", HostOptions::default()).await;
    world.place.lay(point);
    let arn = world.start(json!("tea")).await;
    let result = world.result(&arn).await;
    assert!(!world.place.has(point), "the trap at {point} was not stepped on");
    let told = world.told(&arn).await;
    (world, told, result)
}

fn count(told: &[String], event: &str) -> usize {
    told.iter().filter(|told| *told == event).count()
}

#[tokio::test]
async fn a_durable_function_runs_by_http_in_a_process_of_its_own() {
    let world = World::new("durable", HostOptions::default()).await;
    let arn = world.start(json!("tea")).await;
    assert_eq!(world.result(&arn).await, json!(["tea charged", "tea mailed", "tea shipped"]));
    assert_eq!(world.place.effects(), ["charge", "mail", "ship"]);
    let expected = [
        "ExecutionStarted",
        "StepStarted charge",
        "StepSucceeded charge",
        "StepStarted mail",
        "StepSucceeded mail",
        "WaitStarted",
        "InvocationCompleted",
        "WaitSucceeded",
        "StepStarted ship",
        "StepSucceeded ship",
        "InvocationCompleted",
        "ExecutionSucceeded",
    ];
    assert_eq!(world.told(&arn).await, expected);
    assert_eq!(pids(&world.logs).len(), 1, "one process for all invocations");
}

#[tokio::test]
async fn killed_outside_of_a_step_the_execution_goes_on_and_no_acknowledged_step_runs_again() {
    for point in ["init", "event", "first", "answer"] {
        let (world, told, result) = trapped(point).await;
        assert_eq!(result, json!(["tea charged", "tea mailed", "tea shipped"]), "{point}");
        assert_eq!(count(&told, EXIT), 1, "{point}: {told:?}");
        assert_eq!(world.place.effects(), ["charge", "mail", "ship"], "{point}");
        assert_eq!(pids(&world.logs).len(), 2, "{point}");
    }
}

#[tokio::test]
async fn killed_before_a_result_is_acknowledged_it_counts_as_never_recorded() {
    let (world, told, result) = trapped("between").await;
    assert_eq!(result[0], "tea charged");
    assert_eq!(world.place.effects(), ["charge", "charge", "mail", "ship"], "at least once");
    assert_eq!(count(&told, EXIT), 1, "{told:?}");
    let (world, told, result) = trapped("before-wait").await;
    assert!(result[1].as_str().unwrap().contains("interrupted"), "{result}");
    assert_eq!(world.place.effects(), ["charge", "mail", "ship"], "at most once");
    assert_eq!(count(&told, EXIT), 1, "{told:?}");
}

#[tokio::test]
async fn killed_after_its_answer_nothing_is_lost_and_no_invocation_fails() {
    let (world, told, result) = trapped("answered").await;
    assert_eq!(result, json!(["tea charged", "tea mailed", "tea shipped"]));
    assert_eq!(count(&told, EXIT), 0, "{told:?}");
    assert_eq!(world.place.effects(), ["charge", "mail", "ship"]);
    assert_eq!(pids(&world.logs).len(), 2);
}

#[tokio::test]
async fn killed_in_a_step_its_body_runs_again_as_the_same_attempt() {
    let (world, told, result) = trapped("in-charge").await;
    assert_eq!(result[0], "tea charged");
    assert_eq!(world.place.effects(), ["charge", "charge", "mail", "ship"]);
    assert_eq!(count(&told, EXIT), 1, "{told:?}");
}

#[tokio::test]
async fn killed_in_a_step_that_runs_at_most_once_its_body_does_not_run_again() {
    let (world, told, result) = trapped("in-mail").await;
    assert_eq!(world.place.effects(), ["charge", "mail", "ship"]);
    assert_ne!(result[1], "tea mailed", "its end is unknown");
    let from = told.iter().position(|told| told == "StepStarted mail").unwrap();
    assert_eq!(told[from..from + 3], ["StepStarted mail", EXIT, "StepFailed mail"]);
}

#[tokio::test]
async fn killed_while_the_execution_is_suspended_the_next_invocation_has_another_process() {
    let world = World::new("durable", HostOptions::default()).await;
    let mut changes = world.engine.watch();
    let arn = world.start(json!("tea")).await;
    loop {
        let change = changes.recv().await.unwrap();
        if change.kind == durable_runtime::engine::ChangeKind::Suspended {
            break;
        }
    }
    kill(pids(&world.logs)[0]);
    assert_eq!(world.result(&arn).await, json!(["tea charged", "tea mailed", "tea shipped"]));
    assert_eq!(count(&world.told(&arn).await, EXIT), 0);
    assert_eq!(world.place.effects(), ["charge", "mail", "ship"]);
    assert_eq!(pids(&world.logs).len(), 2);
}

#[tokio::test]
async fn a_process_that_always_dies_fails_the_execution_with_how_it_died() {
    let world = World::new("init-exit", HostOptions::default()).await;
    let arn = world.start(json!("tea")).await;
    let summary = world.engine.wait(&arn).await.unwrap();
    assert_eq!(summary.status, ExecutionStatus::Failed);
    let error = summary.error.unwrap();
    assert_eq!(error.error_type.as_deref(), Some("Runtime.ExitError"));
    assert!(error.error_message.unwrap().ends_with("exit status 4"));
    assert_eq!(count(&world.told(&arn).await, EXIT), 4, "three retries, as on AWS");
}

#[tokio::test]
async fn an_answer_that_is_none_of_a_durable_function_ends_the_execution() {
    let world = World::new("plain", HostOptions::default()).await;
    let arn = world.start(json!({"do": "not-json"})).await;
    let summary = world.engine.wait(&arn).await.unwrap();
    assert_eq!(summary.status, ExecutionStatus::Failed);
    let message = summary.error.unwrap().error_message.unwrap();
    // The plain runtime gives back the durable event.
    assert!(message.contains("no answer of a durable function"), "{message}");
}

#[tokio::test]
async fn a_stopped_execution_leaves_its_process_to_its_invocation_whose_checkpoints_are_refused() {
    let world = World::new("durable", HostOptions::default()).await;
    world.place.lay("hold-charge");
    let arn = world.start(json!("tea")).await;
    until("the step's body to run", || world.place.effects() == ["charge"]).await;
    world.engine.stop(&arn, None).await.unwrap();
    world.place.take("hold-charge");
    let second = world.start(json!("pot")).await;
    assert_eq!(world.result(&second).await, json!(["pot charged", "pot mailed", "pot shipped"]));
    assert_eq!(world.engine.wait(&arn).await.unwrap().status, ExecutionStatus::Stopped);
    assert!(!world.told(&arn).await.contains(&"StepSucceeded charge".to_owned()));
    world.function.close().await;
}

#[tokio::test]
async fn a_stopped_execution_whose_event_waits_for_a_process_is_not_invoked_any_more() {
    let world = World::new("durable", HostOptions::default().max_processes(NonZeroUsize::MIN)).await;
    world.place.lay("hold-charge");
    let first = world.start(json!("tea")).await;
    until("the step's body to run", || world.place.effects() == ["charge"]).await;
    let mut changes = world.engine.watch();
    let second = world.start(json!("pot")).await;
    // Its event waits: the only process is busy with the other one.
    while !changes.recv().await.is_ok_and(|change| change.arn == second && change.kind == ChangeKind::Invoked) {}
    world.engine.stop(&second, None).await.unwrap();
    world.place.take("hold-charge");
    assert_eq!(world.result(&first).await, json!(["tea charged", "tea mailed", "tea shipped"]));
    assert_eq!(world.place.effects(), ["charge", "mail", "ship"], "no body of the stopped one ran");
}
