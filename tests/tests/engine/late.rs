//! What time brings while no engine runs an execution, or none that has its function.

use std::time::Duration;

use durable_runtime::engine::{Arn, Engine, EngineError, ExecutionStatus, StartOptions};
use durable_runtime::testing::VirtualClock;
use durable_runtime::wire::{OperationStatus, OperationUpdate};

use crate::support::*;

type Update = fn() -> OperationUpdate;

/// Starts an execution with a timeout of an hour that sends `update` and waits, and closes the engine.
async fn left_alone(test: &str, clock: VirtualClock, update: Update) -> (std::path::PathBuf, Arn) {
    let path = directory(test).join("store.db");
    let engine = open(&path, clock).await;
    register(&engine, update);
    let options = StartOptions { timeout: Some(Duration::from_secs(3600)), ..StartOptions::default() };
    let arn = engine.start("scripted", "{}", options).await.unwrap().arn;
    tokio::time::sleep(Duration::from_secs(1)).await;
    engine.close().await.unwrap();
    (path, arn)
}

/// The function sends `update` and returns what kind of error it ended with.
fn register(engine: &Engine, update: Update) {
    engine.register(
        "scripted",
        script(move |mut call| async move {
            if call.operations.len() == 1 {
                call.send(vec![update()]).await;
            }
            if call.status("1") == Some(OperationStatus::Started) {
                return pending();
            }
            let error = call.operation("1").callback_details.clone().and_then(|callback| callback.error);
            succeeded(&error.and_then(|error| error.error_type).unwrap_or_default())
        }),
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_falls_due_after_the_timeout_of_its_execution() {
    let clock = VirtualClock::new();
    let (path, arn) = left_alone("due-late", clock, || wait("1", 7200)).await;
    tokio::time::sleep(Duration::from_secs(3 * 3600)).await;
    let engine = open(&path, clock).await;
    register(&engine, || wait("1", 7200));
    engine.resume().await.unwrap();
    assert_eq!(finish(&engine, &arn).await.status, ExecutionStatus::TimedOut);
    let expected = ["ExecutionStarted", "WaitStarted", "InvocationCompleted", "ExecutionTimedOut"];
    assert_eq!(history(&engine, &arn).await, expected);
}

#[tokio::test(start_paused = true)]
async fn of_a_callbacks_two_timers_the_earlier_one_decides_however_late_it_is() {
    let cases: [(Update, &str); 3] = [
        (|| callback("1", 1200, 600), "Callback.Heartbeat"),
        (|| callback("1", 600, 1200), "Callback.Timeout"),
        (|| callback("1", 600, 600), "Callback.Timeout"),
    ];
    for (update, expected) in cases {
        let clock = VirtualClock::new();
        let (path, arn) = left_alone("timers-late", clock, update).await;
        tokio::time::sleep(Duration::from_secs(3000)).await;
        let engine = open(&path, clock).await;
        register(&engine, update);
        engine.resume().await.unwrap();
        assert_eq!(finish(&engine, &arn).await.result.as_deref(), Some(expected));
    }
}

#[tokio::test(start_paused = true)]
async fn an_execution_without_its_function_times_out() {
    for late in [false, true] {
        let clock = VirtualClock::new();
        let (path, arn) = left_alone("functionless", clock, || wait("1", 60)).await;
        if late {
            tokio::time::sleep(Duration::from_secs(7200)).await;
        }
        let engine = open(&path, clock).await;
        assert_eq!(engine.resume().await.unwrap().unregistered, std::slice::from_ref(&arn));
        if !late {
            let waiting = engine.wait(&arn).await.unwrap_err();
            assert!(matches!(waiting, EngineError::NotRegistered { .. }), "{waiting}");
            tokio::time::sleep(Duration::from_secs(7200)).await;
        }
        assert_eq!(engine.wait(&arn).await.unwrap().status, ExecutionStatus::TimedOut);
        let expected = ["ExecutionStarted", "WaitStarted", "InvocationCompleted", "WaitSucceeded", "ExecutionTimedOut"];
        assert_eq!(history(&engine, &arn).await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn an_execution_runs_once_its_function_is_registered_and_it_is_resumed_again() {
    let clock = VirtualClock::new();
    let (path, arn) = left_alone("registered-late", clock, || wait("1", 60)).await;
    let engine = open(&path, clock).await;
    engine.resume().await.unwrap();
    tokio::time::sleep(Duration::from_secs(100)).await;
    register(&engine, || wait("1", 60));
    assert_eq!(engine.resume().await.unwrap().running, std::slice::from_ref(&arn));
    assert_eq!(finish(&engine, &arn).await.status, ExecutionStatus::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn a_stop_after_the_timeout_finds_the_execution_timed_out() {
    let clock = VirtualClock::new();
    let (path, arn) = left_alone("stopped-late", clock, || wait("1", 7200)).await;
    tokio::time::sleep(Duration::from_secs(3 * 3600)).await;
    let engine = open(&path, clock).await;
    assert_eq!(engine.stop(&arn, None).await.unwrap().status, ExecutionStatus::TimedOut);
}

#[tokio::test(start_paused = true)]
async fn a_stop_before_the_timeout_brings_nothing_else_about() {
    let clock = VirtualClock::new();
    let (path, arn) = left_alone("stopped", clock, || wait("1", 60)).await;
    tokio::time::sleep(Duration::from_secs(3000)).await;
    let engine = open(&path, clock).await;
    assert_eq!(engine.stop(&arn, None).await.unwrap().status, ExecutionStatus::Stopped);
    let expected = ["ExecutionStarted", "WaitStarted", "InvocationCompleted", "ExecutionStopped"];
    assert_eq!(history(&engine, &arn).await, expected);
}
