//! Who waits for a BLOCKED execution is told so when, and only when, nothing else can move it.

use std::sync::Arc;
use std::time::Duration;

use durable_runtime::engine::{Arn, Engine, ExecutionStatus};
use durable_runtime::function::{Function, InvocationOutcome};
use durable_runtime::testing::VirtualClock;
use durable_runtime::wire::OperationStatus::{Started, Succeeded};
use durable_runtime::wire::OperationUpdate;
use tokio::time::Instant;

use crate::support::*;

const REPORT: &str = "step `a` became `b`";

/// An engine with a target that is BLOCKED, one that takes a minute, and a caller that begins with `updates` and
/// succeeds once its operation `enough` has.
async fn with_blocked_target(updates: fn() -> Vec<OperationUpdate>, enough: &'static str) -> (Engine, Arn) {
    let engine = engine().await;
    engine.register("blocks", script(|_| async { InvocationOutcome::Blocked(REPORT.into()) }));
    engine.register("slow", sleeper());
    engine.register(
        "caller",
        script(move |mut call| async move {
            if call.operations.len() == 1 {
                call.send(updates()).await;
            }
            if call.status(enough) == Some(Succeeded) { succeeded("1") } else { pending() }
        }),
    );
    let arn = begin(&engine, "caller").await;
    (engine, arn)
}

fn sleeper() -> Arc<dyn Function> {
    script(|mut call| async move {
        if call.operations.len() == 1 {
            call.send(vec![wait("1", 60)]).await;
        }
        if call.status("1") == Some(Started) { pending() } else { succeeded("1") }
    })
}

#[tokio::test(start_paused = true)]
async fn a_blocked_target_is_reported_once_everything_else_has_ended() {
    let cases: [fn() -> Vec<OperationUpdate>; 3] = [
        || vec![invoke("1", "blocks", "1"), invoke("2", "slow", "1")],
        || vec![invoke("1", "blocks", "1"), wait("2", 60)],
        || vec![invoke("1", "blocks", "1"), callback("2", 60, 0)],
    ];
    for updates in cases {
        let begun = Instant::now();
        let (engine, arn) = with_blocked_target(updates, "1").await;
        let summary = finish(&engine, &arn).await;
        assert_eq!((summary.status, summary.blocked.as_deref()), (ExecutionStatus::Running, Some(REPORT)));
        assert_eq!(begun.elapsed().as_secs(), 60);
        // And it stays so, for whoever asks later.
        tokio::time::sleep(Duration::from_secs(600)).await;
        assert_eq!(finish(&engine, &arn).await.blocked.as_deref(), Some(REPORT));
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_can_go_on_without_its_blocked_target_is_not_reported() {
    let (engine, arn) = with_blocked_target(|| vec![invoke("1", "blocks", "1"), callback("2", 0, 0)], "2").await;
    let waiting = tokio::time::timeout(Duration::from_secs(600), engine.wait(&arn)).await;
    assert!(waiting.is_err(), "{waiting:?}");
    let operations = engine.operations(&arn).await.unwrap();
    let id = operations[1].operation.callback_details.clone().unwrap().callback_id.unwrap();
    engine.complete_callback(&id, Ok(b"1".to_vec())).await.unwrap();
    assert_eq!(finish(&engine, &arn).await.status, ExecutionStatus::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn the_caller_of_a_caller_is_told_too_and_told_when_it_goes_on() {
    let path = directory("told").join("store.db");
    let clock = VirtualClock::new();
    let caller = |target: &'static str| {
        script(move |mut call| async move {
            if call.operations.len() == 1 {
                call.send(vec![invoke("1", target, "1")]).await;
            }
            if call.status("1") == Some(Succeeded) { succeeded("1") } else { pending() }
        })
    };
    let engine = open(&path, clock).await;
    engine.register("outer", caller("inner"));
    engine.register("inner", caller("target"));
    engine.register("target", sleeper());
    let arn = begin(&engine, "outer").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    engine.close().await.unwrap();

    let engine = open(&path, clock).await;
    engine.register("outer", caller("inner"));
    engine.register("inner", caller("target"));
    engine.resume().await.unwrap();
    let report = finish(&engine, &arn).await.blocked.unwrap();
    assert!(report.contains("waits for the function `target`, which is not registered in this process"), "{report}");
    // The function appears: nobody is told any more that they wait in vain.
    engine.register("target", sleeper());
    engine.resume().await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(finish(&engine, &arn).await.status, ExecutionStatus::Succeeded);
}
