use std::time::Duration;

use durable_runtime::engine::{EngineError, ExecutionStatus, StartOptions};
use durable_runtime::function::InvocationOutcome;
use durable_runtime::testing::VirtualClock;
use durable_runtime::wire::OperationStatus::{Started, Succeeded};
use durable_runtime::wire::OperationType::Step;

use crate::support::*;

#[tokio::test(start_paused = true)]
async fn an_execution_goes_on_after_the_engine_died_in_the_middle_of_an_invocation() {
    let path = directory("died").join("store.db");
    let clock = VirtualClock::new();
    let engine = open(&path, clock).await;
    engine.register(
        "scripted",
        script(|mut call| async move {
            call.send(vec![succeed(Step, "1", "\"kept\""), start(Step, "2"), wait("3", 5)]).await;
            std::future::pending().await
        }),
    );
    let arn = begin(&engine, "scripted").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    drop(engine);

    tokio::time::sleep(Duration::from_secs(60)).await;
    let engine = open(&path, clock).await;
    engine.register(
        "scripted",
        script(|mut call| async move {
            assert_eq!(call.status("1"), Some(Succeeded));
            assert_eq!(call.status("2"), Some(Started));
            assert_eq!(call.status("3"), Some(Succeeded), "what fell due meanwhile has happened");
            call.send(vec![succeed(Step, "2", "1")]).await;
            succeeded("1")
        }),
    );
    assert_eq!(engine.resume().await.unwrap().running, std::slice::from_ref(&arn));
    assert_eq!(finish(&engine, &arn).await.status, ExecutionStatus::Succeeded);
    let expected = [
        "ExecutionStarted",
        "StepSucceeded",
        "StepStarted",
        "WaitStarted",
        "InvocationCompleted",
        "WaitSucceeded",
        "StepSucceeded",
        "InvocationCompleted",
        "ExecutionSucceeded",
    ];
    assert_eq!(history(&engine, &arn).await, expected);
    let error = engine.history(&arn).await.unwrap()[4].details.error.clone().unwrap().payload.unwrap();
    assert_eq!(error.error_type.as_deref(), Some("Runtime.ExitError"));
}

#[tokio::test(start_paused = true)]
async fn a_crash_of_the_process_does_not_count_as_a_failure_of_the_function() {
    let path = directory("not-counted").join("store.db");
    let clock = VirtualClock::new();
    let mut arn = None;
    for _ in 0..6 {
        let engine = open(&path, clock).await;
        engine.register(
            "scripted",
            script(|mut call| async move {
                call.try_send(vec![start(Step, "1")]).await.ok();
                std::future::pending().await
            }),
        );
        if arn.is_none() {
            arn = Some(begin(&engine, "scripted").await);
        } else {
            engine.resume().await.unwrap();
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        engine.close().await.unwrap();
    }
    let engine = open(&path, clock).await;
    engine.register("scripted", script(|_| async { succeeded("1") }));
    engine.resume().await.unwrap();
    assert_eq!(finish(&engine, &arn.unwrap()).await.status, ExecutionStatus::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn timers_callbacks_and_children_outlive_the_engine() {
    let path = directory("outlive").join("store.db");
    let clock = VirtualClock::new();
    let parent = || {
        script(|mut call| async move {
            if call.operations.len() == 1 {
                call.send(vec![retry("1", 100), callback("2", 200, 0), invoke("3", "child", "1")]).await;
                return pending();
            }
            let all = ["2", "3"].iter().all(|id| call.status(id).unwrap().is_terminal());
            if !all { pending() } else { succeeded(&format!("{:?}", call.status("3").unwrap())) }
        })
    };
    let child = || {
        script(|mut call| async move {
            if call.operations.len() == 1 {
                call.send(vec![wait("1", 300)]).await;
                return pending();
            }
            succeeded("1")
        })
    };
    let engine = open(&path, clock).await;
    engine.register("parent", parent());
    engine.register("child", child());
    let arn = begin(&engine, "parent").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    engine.close().await.unwrap();
    assert_eq!(engine.describe(&arn).await.unwrap_err(), EngineError::Closed);

    // The child ends while the parent's function is not there: the parent finds it later.
    let engine = open(&path, clock).await;
    engine.register("child", child());
    let resumed = engine.resume().await.unwrap();
    assert_eq!((resumed.running.len(), resumed.unregistered), (1, vec![arn.clone()]));
    assert_eq!(engine.wait(&resumed.running[0]).await.unwrap().status, ExecutionStatus::Succeeded);
    let waiting = engine.wait(&arn).await.unwrap_err();
    assert_eq!(waiting, EngineError::NotRegistered { arn: arn.clone(), function: "parent".into() });
    assert_eq!(engine.describe(&arn).await.unwrap().registered, Some(false));
    drop(engine);

    let engine = open(&path, clock).await;
    engine.register("parent", parent());
    engine.register("child", child());
    engine.resume().await.unwrap();
    let summary = finish(&engine, &arn).await;
    assert_eq!(summary.result.as_deref(), Some("Succeeded"));
    let types = history(&engine, &arn).await;
    assert!(types.contains(&"ChainedInvokeSucceeded".into()) && types.contains(&"CallbackTimedOut".into()));
}

#[tokio::test(start_paused = true)]
async fn a_blocked_execution_waits_for_the_next_build() {
    let path = directory("blocked").join("store.db");
    let clock = VirtualClock::new();
    let engine = open(&path, clock).await;
    engine.register(
        "scripted",
        script(|mut call| async move {
            assert_eq!(call.number, 1, "a blocked execution is not invoked again");
            call.send(vec![wait("1", 10)]).await;
            InvocationOutcome::Blocked("step `a` was recorded, `b` ran".into())
        }),
    );
    let arn = begin(&engine, "scripted").await;
    let summary = finish(&engine, &arn).await;
    assert_eq!(summary.status, ExecutionStatus::Running);
    assert_eq!(summary.blocked.as_deref(), Some("step `a` was recorded, `b` ran"));
    engine.resume().await.unwrap();
    tokio::time::sleep(Duration::from_secs(100)).await;
    assert_eq!(finish(&engine, &arn).await, summary);
    engine.close().await.unwrap();

    let engine = open(&path, clock).await;
    assert_eq!(engine.describe(&arn).await.unwrap().blocked, summary.blocked);
    engine.register("scripted", script(|_| async { succeeded("1") }));
    engine.resume().await.unwrap();
    let summary = finish(&engine, &arn).await;
    assert_eq!((summary.status, summary.blocked), (ExecutionStatus::Succeeded, None));
}

#[tokio::test(start_paused = true)]
async fn nothing_runs_before_start_or_resume() {
    let path = directory("nothing-runs").join("store.db");
    let clock = VirtualClock::new();
    let engine = open(&path, clock).await;
    engine.register(
        "scripted",
        script(|mut call| async move {
            call.send(vec![wait("1", 10)]).await;
            pending()
        }),
    );
    let first = begin(&engine, "scripted").await;
    let second = engine.start("scripted", "[]", called("second")).await;
    let second = second.unwrap().arn;
    tokio::time::sleep(Duration::from_secs(1)).await;
    engine.close().await.unwrap();

    let engine = open(&path, clock).await;
    engine.register("scripted", script(|_| async { succeeded("1") }));
    tokio::time::sleep(Duration::from_secs(100)).await;
    assert_eq!(engine.describe(&first).await.unwrap().status, ExecutionStatus::Running);
    // Starting it again by its name is enough for that one.
    let again = engine.start("scripted", "[]", called("second")).await;
    assert!(again.unwrap().existing);
    assert_eq!(finish(&engine, &second).await.status, ExecutionStatus::Succeeded);
    assert_eq!(engine.describe(&first).await.unwrap().status, ExecutionStatus::Running);
    assert_eq!(engine.stop(&first, None).await.unwrap().status, ExecutionStatus::Stopped);
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_an_execution_whose_function_is_gone_is_told_so() {
    let path = directory("gone").join("store.db");
    let clock = VirtualClock::new();
    let caller = || {
        script(|mut call| async move {
            if call.operations.len() == 1 {
                call.send(vec![invoke("1", "target", "1")]).await;
            }
            pending()
        })
    };
    let engine = open(&path, clock).await;
    engine.register("caller", caller());
    engine.register("target", script(|_| std::future::pending()));
    let arn = begin(&engine, "caller").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    engine.close().await.unwrap();

    let engine = open(&path, clock).await;
    engine.register("caller", caller());
    engine.resume().await.unwrap();
    let blocked = finish(&engine, &arn).await.blocked.unwrap();
    assert!(blocked.contains("waits for the function `target`, which is not registered in this process"), "{blocked}");
    assert_eq!(engine.describe(&arn).await.unwrap().blocked, None, "it is not the caller that is blocked");
}

#[tokio::test(start_paused = true)]
async fn an_invocation_that_died_before_it_sent_anything_is_in_the_history_too() {
    let path = directory("silent").join("store.db");
    let clock = VirtualClock::new();
    let engine = open(&path, clock).await;
    engine.register("scripted", script(|_| std::future::pending()));
    let arn = begin(&engine, "scripted").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    drop(engine);
    let engine = open(&path, clock).await;
    engine.register("scripted", script(|_| async { succeeded("1") }));
    engine.resume().await.unwrap();
    finish(&engine, &arn).await;
    let expected = ["ExecutionStarted", "InvocationCompleted", "InvocationCompleted", "ExecutionSucceeded"];
    assert_eq!(history(&engine, &arn).await, expected);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_stops_the_engine_and_acknowledges_nothing() {
    let path = directory("fails").join("store.db");
    let engine = open(&path, VirtualClock::new()).await;
    let rename = {
        let path = path.clone();
        move |from: &str, to: &str| {
            let connection = rusqlite::Connection::open(&path).unwrap();
            connection.execute_batch(&format!("ALTER TABLE {from} RENAME TO {to}")).unwrap();
        }
    };
    let sabotage = rename.clone();
    engine.register(
        "scripted",
        script(move |mut call| {
            let sabotage = sabotage.clone();
            async move {
                call.send(vec![start(Step, "1")]).await;
                sabotage("events", "gone");
                call.try_send(vec![succeed(Step, "1", "1")]).await.unwrap_err();
                succeeded("1")
            }
        }),
    );
    let arn = begin(&engine, "scripted").await;
    let failure = engine.wait(&arn).await.unwrap_err();
    assert!(matches!(failure, EngineError::StoreFailed { .. }), "{failure}");
    // The disk is fine again, and still nothing is tried.
    rename("gone", "events");
    let failure = engine.start("scripted", "{}", StartOptions::default()).await.unwrap_err();
    assert!(matches!(failure, EngineError::StoreFailed { .. }), "{failure}");
    assert!(engine.close().await.is_err());

    let engine = open(&path, VirtualClock::new()).await;
    assert_eq!(history(&engine, &arn).await, ["ExecutionStarted", "StepStarted"]);
}

#[tokio::test(start_paused = true)]
async fn what_changed_since_the_last_whole_invocation_is_named_after_a_crash_too() {
    let path = directory("updated").join("store.db");
    let clock = VirtualClock::new();
    let engine = open(&path, clock).await;
    engine.register(
        "scripted",
        script(|mut call| async move {
            if call.number == 1 {
                call.send(vec![wait("1", 1), retry("2", 2), callback("3", 0, 0), retry("4", 1000)]).await;
                return pending();
            }
            if call.status("3") == Some(Started) {
                return pending();
            }
            // It dies while it works.
            call.send(vec![succeed(Step, "5", "1")]).await;
            std::future::pending().await
        }),
    );
    let arn = begin(&engine, "scripted").await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let operations = engine.operations(&arn).await.unwrap();
    let id = operations[2].operation.callback_details.clone().unwrap().callback_id.unwrap();
    engine.complete_callback(&id, Ok(b"1".to_vec())).await.unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
    engine.close().await.unwrap();

    let engine = open(&path, clock).await;
    engine.register("scripted", script(|call| async move { succeeded(&call.updated().join(" ")) }));
    engine.resume().await.unwrap();
    // The wait was told of in an invocation that ended well; the step still waits for its next attempt.
    assert_eq!(finish(&engine, &arn).await.result.as_deref(), Some("2 3"));
}
