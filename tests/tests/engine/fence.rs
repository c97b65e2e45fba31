//! One store has one owner, whatever is done to its files while it runs.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use durable_runtime::engine::{Engine, EngineError, ExecutionStatus, Reader, StartOptions};
use durable_runtime::function::Function;
use durable_runtime::wire::OperationType::Step;
use tokio::sync::Notify;

use crate::support::*;

/// A function that begins, waits for the word to go on, and then wants to record a step.
fn hesitant(go_on: &Arc<Notify>) -> Arc<dyn Function> {
    let go_on = Arc::clone(go_on);
    script(move |mut call| {
        let go_on = Arc::clone(&go_on);
        async move {
            go_on.notified().await;
            if call.try_send(vec![succeed(Step, "1", "1")]).await.is_err() {
                return crashed("Refused");
            }
            succeeded("1")
        }
    })
}

fn rename(from: &Path, to: &Path) {
    for end in ["", "-wal", "-shm"] {
        std::fs::rename(format!("{}{end}", from.display()), format!("{}{end}", to.display())).unwrap();
    }
}

/// Does `harm` to a store whose function is at work, lets a second engine run that execution to its end, and then
/// lets the first one's function go on. Returns what the first engine says.
async fn after_a_second_owner(path: &Path, then: &Path, harm: impl FnOnce()) -> EngineError {
    let go_on = Arc::new(Notify::new());
    let first = Engine::open(path).await.unwrap();
    first.register("scripted", hesitant(&go_on));
    let arn = begin(&first, "scripted").await;
    harm();
    let second = Engine::open(then).await.unwrap();
    second.register("scripted", script(|_| async { succeeded("\"the second one's\"") }));
    second.resume().await.unwrap();
    let summary = finish(&second, &arn).await;
    go_on.notify_one();
    let lost = first.wait(&arn).await.unwrap_err();
    assert_eq!(second.describe(&arn).await.unwrap(), summary);
    assert_eq!(history(&second, &arn).await.iter().filter(|event| *event == "StepSucceeded").count(), 0);
    let refused = first.start("scripted", "{}", StartOptions::default()).await.unwrap_err();
    assert_eq!(refused, lost);
    assert_eq!(first.close().await.unwrap_err(), lost);
    lost
}

#[tokio::test]
async fn an_owner_whose_lock_file_was_removed_writes_nothing_once_another_has_taken_over() {
    let path = directory("removed-lock").join("store.db");
    let lost = after_a_second_owner(&path, &path, || {
        std::fs::remove_file(path.with_file_name("store.db.lock")).unwrap();
    });
    let lost = lost.await.to_string();
    assert!(lost.contains("another process has taken it over"), "{lost}");
}

#[cfg(unix)]
#[tokio::test]
async fn an_owner_whose_store_was_renamed_writes_nothing_once_another_has_taken_over() {
    let path = directory("renamed").join("store.db");
    let moved = path.with_file_name("moved.db");
    let lost = after_a_second_owner(&path, &moved, || rename(&path, &moved)).await.to_string();
    assert!(lost.contains("its file was removed, renamed or replaced"), "{lost}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_store_that_was_removed_or_replaced_acknowledges_nothing() {
    for replaced in [false, true] {
        let path = directory("removed").join("store.db");
        let engine = Engine::open(&path).await.unwrap();
        engine.register("scripted", script(|_| async { succeeded("1") }));
        let gone = path.with_file_name("gone.db");
        rename(&path, &gone);
        if replaced {
            std::fs::copy(&gone, &path).unwrap();
        }
        let lost = engine.start("scripted", "{}", StartOptions::default()).await.unwrap_err();
        assert!(matches!(lost, EngineError::StoreLost { .. }), "{lost}");
        drop(engine);
        assert_eq!(Reader::open(&gone).unwrap().list(&Default::default()).unwrap(), []);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_store_first_opened_through_links_to_nothing_yet_has_one_owner() {
    use std::os::unix::fs::symlink;

    let directory = directory("dangling");
    let (path, link, outer) = (directory.join("store.db"), directory.join("link.db"), directory.join("outer.db"));
    symlink("store.db", &link).unwrap();
    symlink(&link, &outer).unwrap();
    let engine = Engine::open(&outer).await.unwrap();
    for way in [&path, &link, &outer] {
        let refused = Engine::options().lock_timeout(Duration::ZERO).open(way).await.err().unwrap();
        let real = std::fs::canonicalize(&path).unwrap();
        assert_eq!(refused, EngineError::Locked { path: real, pid: Some(std::process::id()) });
    }
    engine.register("scripted", script(|_| async { succeeded("1") }));
    let arn = begin(&engine, "scripted").await;
    assert_eq!(finish(&engine, &arn).await.status, ExecutionStatus::Succeeded);
}

#[cfg(unix)]
#[tokio::test]
async fn links_that_lead_in_a_circle_are_refused() {
    let directory = directory("circle");
    let (one, other) = (directory.join("one.db"), directory.join("other.db"));
    std::os::unix::fs::symlink(&one, &other).unwrap();
    std::os::unix::fs::symlink(&other, &one).unwrap();
    let refused = Engine::open(&one).await.err().unwrap();
    assert!(matches!(&refused, EngineError::Unusable { path, .. } if *path == one), "{refused}");
}

#[tokio::test]
async fn a_store_of_the_first_schema_is_taken_over_and_goes_on() {
    let path = directory("first-schema").join("store.db");
    let engine = Engine::open(&path).await.unwrap();
    engine.register("scripted", script(|_| std::future::pending()));
    let arn = begin(&engine, "scripted").await;
    engine.close().await.unwrap();
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.execute_batch("DROP TABLE owner; PRAGMA user_version = 1").unwrap();
    drop(connection);

    assert_eq!(Reader::open(&path).unwrap().describe(&arn).unwrap().status, ExecutionStatus::Running);
    let engine = Engine::open(&path).await.unwrap();
    engine.register("scripted", script(|_| async { succeeded("1") }));
    engine.resume().await.unwrap();
    assert_eq!(finish(&engine, &arn).await.status, ExecutionStatus::Succeeded);
}
