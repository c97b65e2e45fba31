//! A store with something unreadable in it: whom it harms and whom it does not.

use std::path::{Path, PathBuf};

use durable_runtime::engine::{Arn, Engine, EngineError, ExecutionStatus, ListFilter, Reader};
use durable_runtime::testing::VirtualClock;
use durable_runtime::wire::OperationStatus::{Started, Succeeded};
use durable_runtime::wire::OperationType::Step;

use crate::support::*;

/// Both functions: a caller, and a target that waits a second before it succeeds.
fn register(engine: &Engine) {
    engine.register(
        "target",
        script(|mut call| async move {
            if call.operations.len() == 1 {
                call.send(vec![succeed(Step, "1", "1"), callback("2", 60, 0), wait("3", 1)]).await;
            }
            if call.status("3") == Some(Started) { pending() } else { succeeded("1") }
        }),
    );
    engine.register(
        "caller",
        script(|mut call| async move {
            if call.operations.len() == 1 {
                call.send(vec![invoke("1", "target", "1")]).await;
            }
            if call.status("1") == Some(Succeeded) { succeeded("1") } else { pending() }
        }),
    );
}

/// A closed store with the unfinished executions `bad` and `good`, both waiting, after `sql`.
async fn damaged(test: &str, function: &str, sql: &str) -> (PathBuf, VirtualClock, Arn, Arn) {
    let path = directory(test).join("store.db");
    let clock = VirtualClock::new();
    let engine = open(&path, clock).await;
    register(&engine);
    let bad = engine.start(function, "{}", called("bad")).await.unwrap().arn;
    let good = engine.start("target", "{}", called("good")).await.unwrap().arn;
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    engine.close().await.unwrap();
    harm(&path, sql);
    (path, clock, bad, good)
}

fn harm(path: &Path, sql: &str) {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.execute_batch("PRAGMA ignore_check_constraints = on").unwrap();
    assert!(connection.execute(sql, []).unwrap() > 0, "{sql}");
}

const OPERATIONS: &str = "UPDATE operations SET sub_type = CAST(x'ff' AS TEXT)
    WHERE position = 1 AND execution = (SELECT key FROM executions WHERE name = 'bad')";
const ROW: &str = "UPDATE executions SET invocation_request = CAST(x'ff' AS TEXT) WHERE name = 'bad'";
const ID: &str = "UPDATE executions SET arn = CAST(x'ff' AS TEXT) WHERE name = 'bad'";

#[tokio::test(start_paused = true)]
async fn an_execution_that_cannot_be_read_keeps_nobody_else_from_running() {
    for (number, sql) in [OPERATIONS, ROW, ID].into_iter().enumerate() {
        let (path, clock, bad, good) = damaged(&format!("one-of-two-{number}"), "target", sql).await;
        let engine = open(&path, clock).await;
        register(&engine);
        engine.resume().await.unwrap();
        if sql != ID {
            let unreadable = engine.wait(&bad).await.unwrap_err();
            assert!(matches!(unreadable, EngineError::Unreadable { .. }), "{unreadable}");
        }
        assert_eq!(finish(&engine, &good).await.status, ExecutionStatus::Succeeded);
        let another = begin(&engine, "target").await;
        assert_eq!(finish(&engine, &another).await.status, ExecutionStatus::Succeeded);
        engine.close().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_question_about_what_cannot_be_read_is_refused_and_stops_nothing() {
    let (path, clock, bad, good) = damaged("questions", "target", OPERATIONS).await;
    let engine = open(&path, clock).await;
    register(&engine);
    engine.resume().await.unwrap();
    let refused = engine.operations(&bad).await.unwrap_err();
    assert!(refused.to_string().contains("cannot be read"), "{refused}");
    assert_eq!(Reader::open(&path).unwrap().operations(&bad).unwrap_err(), refused);
    let started = engine.history(&bad).await.unwrap().into_iter().find_map(|event| event.details.callback_id);
    let answered = engine.complete_callback(&started.unwrap(), Ok(Vec::new())).await.unwrap_err();
    assert_eq!(answered, refused);
    assert_eq!(engine.list(ListFilter::default()).await.unwrap().len(), 2);
    assert_eq!(finish(&engine, &good).await.status, ExecutionStatus::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn an_execution_whose_operations_cannot_be_read_can_be_stopped() {
    let (path, clock, bad, _) = damaged("stopped-damaged", "target", OPERATIONS).await;
    let engine = open(&path, clock).await;
    register(&engine);
    engine.resume().await.unwrap();
    engine.wait(&bad).await.unwrap_err();
    assert_eq!(engine.stop(&bad, None).await.unwrap().status, ExecutionStatus::Stopped);
    assert_eq!(engine.wait(&bad).await.unwrap().status, ExecutionStatus::Stopped);
    assert_eq!(history(&engine, &bad).await.last().unwrap(), "ExecutionStopped");
}

#[tokio::test(start_paused = true)]
async fn an_execution_whose_own_row_cannot_be_read_refuses_a_stop() {
    let (path, clock, bad, _) = damaged("unstoppable", "target", ROW).await;
    let engine = open(&path, clock).await;
    let refused = engine.stop(&bad, None).await.unwrap_err();
    assert!(matches!(refused, EngineError::Unreadable { .. }), "{refused}");
    assert_eq!(engine.describe(&bad).await.unwrap().status, ExecutionStatus::Running);
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_an_execution_that_cannot_be_read_is_told_so() {
    let child = "UPDATE operations SET sub_type = CAST(x'ff' AS TEXT)
        WHERE position = 1 AND execution = (SELECT key FROM executions WHERE parent_arn IS NOT NULL)";
    let row = "UPDATE executions SET result = CAST(x'ff' AS TEXT) WHERE parent_arn IS NOT NULL";
    for (number, sql) in [child, row].into_iter().enumerate() {
        let (path, clock, bad, good) = damaged(&format!("damaged-target-{number}"), "caller", sql).await;
        let engine = open(&path, clock).await;
        register(&engine);
        engine.resume().await.unwrap();
        let report = finish(&engine, &bad).await.blocked.unwrap();
        assert!(report.contains("cannot be read"), "{report}");
        assert_eq!(finish(&engine, &good).await.status, ExecutionStatus::Succeeded);
    }
}
