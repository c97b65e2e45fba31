//! What is left of an engine that was closed, or whose runtime is gone, or whose execution has ended.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use durable_runtime::clock::Clock;
use durable_runtime::engine::{Engine, EngineError, ExecutionStatus, StartOptions};
use durable_runtime::testing::VirtualClock;
use durable_runtime::wire::OperationType::{Execution, Step};

use crate::support::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn close_keeps_the_lock_until_a_body_that_is_being_polled_comes_to_its_next_await() {
    let path = directory("close").join("store.db");
    let engine = Engine::open(&path).await.unwrap();
    let (go_on, told) = mpsc::channel();
    let (told, inside) = (Arc::new(Mutex::new(told)), Arc::new(AtomicBool::new(false)));
    let body = (Arc::clone(&told), Arc::clone(&inside));
    engine.register(
        "scripted",
        script(move |_| {
            let (told, inside) = body.clone();
            async move {
                inside.store(true, Ordering::SeqCst);
                // Not blocked outright: what the worker had queued next would never be stolen from it.
                tokio::task::block_in_place(|| told.lock().unwrap().recv().unwrap());
                inside.store(false, Ordering::SeqCst);
                std::future::pending().await
            }
        }),
    );
    let arn = begin(&engine, "scripted").await;
    while !inside.load(Ordering::SeqCst) {
        tokio::task::yield_now().await;
    }
    let closing = tokio::spawn({
        let (engine, inside) = (engine.clone(), Arc::clone(&inside));
        async move {
            engine.close().await.unwrap();
            inside.load(Ordering::SeqCst)
        }
    });
    while engine.resume().await.is_ok() {
        tokio::task::yield_now().await;
    }
    // Closing a file takes a while.
    for _ in (0..500_000).take_while(|_| !closing.is_finished()) {
        tokio::task::yield_now().await;
    }
    go_on.send(()).unwrap();
    assert!(!closing.await.unwrap(), "the lock was free while the body was at work");

    let engine = Engine::open(&path).await.unwrap();
    engine.register("scripted", script(|_| async { succeeded("1") }));
    engine.resume().await.unwrap();
    assert_eq!(finish(&engine, &arn).await.status, ExecutionStatus::Succeeded);
}

#[test]
fn an_engine_whose_runtime_is_gone_says_so_to_everybody_who_waits() {
    let path = directory("runtimes").join("store.db");
    let runtime = || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let first = runtime();
    let engine = first.block_on(Engine::open(&path)).unwrap();
    engine.register("scripted", script(|_| std::future::pending()));
    let arn = first.block_on(begin(&engine, "scripted"));
    drop(first);
    runtime().block_on(async {
        let stopped = engine.wait(&arn).await.unwrap_err();
        assert!(matches!(stopped, EngineError::Stopped { .. }), "{stopped}");
        assert_eq!(engine.start("scripted", "{}", StartOptions::default()).await.unwrap_err(), stopped);
    });
}

#[test]
fn an_execution_that_is_started_after_its_engines_runtime_went_is_not_waited_for() {
    let path = directory("late-start").join("store.db");
    let runtime = || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let first = runtime();
    let engine = first.block_on(Engine::open(&path)).unwrap();
    engine.register("scripted", script(|_| async { succeeded("1") }));
    drop(first);
    runtime().block_on(async {
        let arn = engine.start("scripted", "{}", StartOptions::default()).await.unwrap().arn;
        let stopped = engine.wait(&arn).await.unwrap_err();
        assert!(matches!(stopped, EngineError::Stopped { .. }), "{stopped}");
    });
}

#[tokio::test(start_paused = true)]
async fn nothing_is_kept_in_memory_of_an_execution_that_has_ended_however_it_ended() {
    // Whatever lives holds the clock.
    let clock: Arc<dyn Clock> = Arc::new(VirtualClock::new());
    let engine = Engine::options().clock(Arc::clone(&clock)).max_operations(2).open_in_memory().await.unwrap();
    engine.register("answer", script(|_| async { succeeded("1") }));
    engine.register(
        "checkpoint",
        script(|mut call| async move {
            call.send(vec![succeed(Execution, "result", "1")]).await;
            succeeded("")
        }),
    );
    engine.register(
        "quota",
        script(|mut call| async move {
            call.send((0..3).map(|number| succeed(Step, &number.to_string(), "1")).collect()).await;
            succeeded("")
        }),
    );
    let held = Arc::strong_count(&clock);
    for (function, status) in [
        ("answer", ExecutionStatus::Succeeded),
        ("checkpoint", ExecutionStatus::Succeeded),
        ("quota", ExecutionStatus::Failed),
    ] {
        let arn = begin(&engine, function).await;
        assert_eq!(finish(&engine, &arn).await.status, status);
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        assert_eq!(Arc::strong_count(&clock), held, "{function}");
    }
}
