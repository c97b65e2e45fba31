use std::sync::Arc;
use std::time::Duration;

use durable_runtime::engine::{ChangeKind, Engine, EngineError, ExecutionStatus, ListFilter, StartOptions};
use durable_runtime::testing::VirtualClock;
use durable_runtime::wire::ErrorObject;
use durable_runtime::wire::OperationType::Step;

use crate::support::*;

fn invocations(history: &[String]) -> usize {
    history.iter().filter(|event| *event == "InvocationCompleted").count()
}

#[tokio::test(start_paused = true)]
async fn a_runtime_error_is_tried_three_more_times_and_then_fails_the_execution() {
    for kind in ["Runtime.ExitError", "Sandbox.Lost", "Extension.Crash"] {
        let (engine, summary) = run(move |_| async move { crashed(kind) }).await;
        assert_eq!(summary.status, ExecutionStatus::Failed);
        assert_eq!(summary.error.unwrap().error_type.as_deref(), Some(kind));
        assert_eq!(invocations(&history(&engine, &summary.arn).await), 4);
        let events = engine.history(&summary.arn).await.unwrap();
        let error = events[1].details.error.clone().unwrap().payload.unwrap();
        assert_eq!(error.error_type.as_deref(), Some(kind));
        assert!(summary.ended.unwrap().since(summary.started) < Duration::from_secs(60));
    }
}

#[tokio::test(start_paused = true)]
async fn a_clean_invocation_forgives_the_failures_before_it() {
    let (engine, summary) = run(|mut call| async move {
        match call.number {
            1..=3 | 5..=7 => crashed("Runtime.ExitError"),
            4 => {
                call.send(vec![wait("1", 1)]).await;
                pending()
            }
            _ => succeeded("1"),
        }
    })
    .await;
    assert_eq!(summary.status, ExecutionStatus::Succeeded);
    assert_eq!(invocations(&history(&engine, &summary.arn).await), 8);
}

#[tokio::test(start_paused = true)]
async fn a_handler_error_is_tried_again_for_hours_with_growing_pauses() {
    for kind in ["ConnectionLost", "Sandbox.Timedout"] {
        let (engine, summary) = run(move |_| async move { crashed(kind) }).await;
        assert_eq!(summary.status, ExecutionStatus::Failed);
        assert_eq!(summary.error.unwrap().error_type.as_deref(), Some(kind));
        let hours = summary.ended.unwrap().since(summary.started).as_secs_f64() / 3600.0;
        assert!((4.0..5.0).contains(&hours), "gave up after {hours} hours");
        let count = invocations(&history(&engine, &summary.arn).await);
        assert!((15..40).contains(&count), "{count} invocations");
    }
}

#[tokio::test(start_paused = true)]
async fn a_panicking_function_is_a_failed_invocation() {
    let engine = engine().await;
    engine.register("scripted", script(|_| async { panic!("out of luck") }));
    let arn = begin(&engine, "scripted").await;
    let summary = engine.wait(&arn).await.unwrap();
    assert_eq!(summary.status, ExecutionStatus::Failed);
    assert_eq!(summary.error.unwrap().to_string(), "Runtime.ExitError: the function panicked: out of luck");
}

#[tokio::test(start_paused = true)]
async fn an_execution_ends_at_its_timeout_whatever_it_does() {
    let engine = engine().await;
    engine.register(
        "waits",
        script(|mut call| async move {
            call.send(vec![wait("1", 10_000)]).await;
            pending()
        }),
    );
    engine.register(
        "works",
        script(|mut call| async move {
            tokio::time::sleep(Duration::from_secs(1000)).await;
            call.try_send(vec![start(Step, "1")]).await.unwrap_err();
            succeeded("late")
        }),
    );
    for function in ["waits", "works"] {
        let options = StartOptions { timeout: Some(Duration::from_millis(59_500)), ..StartOptions::default() };
        let arn = engine.start(function, "{}", options).await.unwrap().arn;
        let summary = finish(&engine, &arn).await;
        assert_eq!(summary.status, ExecutionStatus::TimedOut);
        assert_eq!(summary.ended.unwrap().since(summary.started), Duration::from_secs(60));
        assert_eq!(summary.error.unwrap().to_string(), "Execution timed out after 60 seconds.");
        tokio::time::sleep(Duration::from_secs(2000)).await;
        let summary = engine.describe(&arn).await.unwrap();
        assert_eq!((summary.status, summary.result), (ExecutionStatus::TimedOut, None));
        assert_eq!(engine.history(&arn).await.unwrap()[0].details.execution_timeout, Some(60));
    }
}

#[tokio::test(start_paused = true)]
async fn a_stopped_execution_leaves_its_operations_as_they_are_and_refuses_its_function() {
    let engine = engine().await;
    engine.register(
        "scripted",
        script(|mut call| async move {
            call.send(vec![start(Step, "1"), wait("2", 60)]).await;
            tokio::time::sleep(Duration::from_secs(10)).await;
            call.try_send(vec![succeed(Step, "1", "1")]).await.unwrap_err();
            succeeded("late")
        }),
    );
    let arn = begin(&engine, "scripted").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let stopped = engine.stop(&arn, Some(ErrorObject::new("Operator", "enough"))).await.unwrap();
    assert_eq!(stopped.status, ExecutionStatus::Stopped);
    assert_eq!(stopped.error.as_ref().unwrap().to_string(), "Operator: enough");
    tokio::time::sleep(Duration::from_secs(100)).await;
    let again = engine.stop(&arn, None).await.unwrap();
    assert_eq!(again, stopped, "stopping twice changes nothing");
    assert!(engine.operations(&arn).await.unwrap().iter().all(|known| !known.operation.status.is_terminal()));
    let expected = ["ExecutionStarted", "StepStarted", "WaitStarted", "ExecutionStopped", "InvocationCompleted"];
    assert_eq!(history(&engine, &arn).await, expected);
}

#[tokio::test(start_paused = true)]
async fn a_name_is_an_idempotency_key_within_its_function() {
    let engine = engine().await;
    engine.register("scripted", script(|_| async { succeeded("1") }));
    engine.register("another", script(|_| async { succeeded("2") }));
    let first = engine.start("scripted", "[1]", called("order-7")).await.unwrap();
    assert!(!first.existing);
    assert!(
        first
            .arn
            .as_str()
            .starts_with("arn:aws:lambda:local:000000000000:function:scripted:$LATEST/durable-execution/order-7/")
    );
    let again = engine.start("scripted", "[1]", called("order-7")).await.unwrap();
    assert_eq!((again.arn, again.existing), (first.arn.clone(), true));
    finish(&engine, &first.arn).await;
    assert!(engine.start("scripted", "[1]", called("order-7")).await.unwrap().existing);
    let other = engine.start("scripted", "[2]", called("order-7")).await.unwrap_err();
    assert_eq!(other, EngineError::AlreadyStarted { arn: first.arn });
    assert!(!engine.start("another", "[2]", called("order-7")).await.unwrap().existing);
    assert_eq!(invocations(&history(&engine, &engine.list(ListFilter::default()).await.unwrap()[1].arn).await), 1);
}

#[tokio::test(start_paused = true)]
async fn a_start_that_cannot_be_is_refused_with_what_to_do() {
    let engine = engine().await;
    engine.register("scripted", script(|_| async { succeeded("1") }));
    let unknown = engine.start("scriptde", "{}", StartOptions::default()).await.unwrap_err();
    assert_eq!(unknown.to_string(), "no function `scriptde` is registered in this process; it has: scripted");
    let broken = engine.start("scripted", "{oops", StartOptions::default()).await.unwrap_err();
    assert!(broken.to_string().contains("not JSON: key must be a string at line 1 column 2"), "{broken}");
    let large = format!("\"{}\"", "x".repeat(6 * 1024 * 1024));
    let large = engine.start("scripted", &large, StartOptions::default()).await.unwrap_err();
    assert!(matches!(large, EngineError::InvalidInput { .. }), "{large}");
    for name in ["", "two words", &"x".repeat(65)] {
        let refused = engine.start("scripted", "{}", called(name)).await.unwrap_err();
        assert!(matches!(refused, EngineError::InvalidName { .. }), "{refused}");
    }
    assert!(engine.list(ListFilter::default()).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_function_runs_at_most_once_at_a_time() {
    let running = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let (_, summary) = run(move |mut call| {
        let running = Arc::clone(&running);
        async move {
            assert_eq!(running.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0);
            if call.number == 1 {
                call.send((1..20).map(|second| wait(&second.to_string(), second)).collect()).await;
            }
            tokio::time::sleep(Duration::from_secs(5)).await;
            assert_eq!(running.fetch_sub(1, std::sync::atomic::Ordering::SeqCst), 1);
            if call.number == 5 { succeeded("1") } else { pending() }
        }
    })
    .await;
    assert_eq!(summary.status, ExecutionStatus::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn watchers_see_what_happens_after_it_was_committed() {
    let engine = engine().await;
    let mut changes = engine.watch();
    engine.register(
        "scripted",
        script(|mut call| async move {
            if call.number == 1 {
                call.send(vec![named("nap", wait("1", 5))]).await;
                return pending();
            }
            succeeded("1")
        }),
    );
    let arn = begin(&engine, "scripted").await;
    finish(&engine, &arn).await;
    let mut seen = Vec::new();
    while let Ok(change) = changes.try_recv() {
        assert_eq!(change.arn, arn);
        seen.push(match change.kind {
            ChangeKind::Operation { name, status, due, .. } => {
                format!("{} {status:?} {}", name.unwrap(), if due.is_some() { "until" } else { "" })
            }
            other => format!("{other:?}"),
        });
    }
    let expected =
        ["Started", "Invoked", "nap Started until", "Suspended", "nap Succeeded ", "Invoked", "Ended(Succeeded)"];
    assert_eq!(seen, expected);
}

#[tokio::test(start_paused = true)]
async fn no_virtual_time_passes_while_requests_are_committed_to_a_file() {
    let path = super::support::directory("virtual-commits").join("store.db");
    let engine = Engine::options().clock(Arc::new(VirtualClock::new())).open(&path).await.unwrap();
    engine.register(
        "scripted",
        script(|mut call| async move {
            // Something must be there for time to jump to.
            tokio::spawn(tokio::time::sleep(Duration::from_millis(1)));
            for number in 0..50 {
                let id = number.to_string();
                call.send(vec![start(Step, &id), succeed(Step, &id, "1")]).await;
            }
            succeeded("1")
        }),
    );
    let arn = begin(&engine, "scripted").await;
    let summary = finish(&engine, &arn).await;
    assert_eq!(summary.ended.unwrap(), summary.started);
}

#[tokio::test(start_paused = true)]
async fn the_longest_timeout_there_is_means_the_longest_that_the_service_has() {
    let engine = engine().await;
    engine.register("scripted", script(|_| async { succeeded("1") }));
    let options = StartOptions { timeout: Some(Duration::MAX), ..StartOptions::default() };
    let arn = engine.start("scripted", "{}", options).await.unwrap().arn;
    let summary = finish(&engine, &arn).await;
    assert_eq!(summary.status, ExecutionStatus::Succeeded);
    assert_eq!(summary.timeout, Some(Duration::from_secs(366 * 24 * 3600)));
}
