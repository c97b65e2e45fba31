use std::sync::{Arc, Mutex};

use durable_runtime::engine::{Engine, ExecutionStatus};
use durable_runtime::service::ErrorClass;
use durable_runtime::testing::VirtualClock;
use durable_runtime::wire::OperationType::{Execution, Step};
use durable_runtime::wire::OperationUpdate;

use crate::support::*;

#[tokio::test(start_paused = true)]
async fn a_token_is_used_up_by_the_checkpoint_that_it_pays_for() {
    run(|mut call| async move {
        let first = call.token.clone();
        assert!(first.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte)));
        call.send(vec![start(Step, "1")]).await;
        assert_ne!(call.token, first);
        let stale = call.raw(first, None, vec![succeed(Step, "1", "1")]).await.unwrap_err();
        assert_eq!((stale.class(), stale.message.as_str()), (ErrorClass::StaleToken, "Invalid Checkpoint Token"));
        call.send(vec![succeed(Step, "1", "1")]).await;
        succeeded("1")
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_checkpoint_uses_no_token_up() {
    let (_, summary) = run(|mut call| async move {
        let token = call.token.clone();
        call.try_send(vec![start(Step, "1"), succeed(Execution, "x", "1"), start(Step, "2")]).await.unwrap_err();
        assert_eq!(call.token, token);
        call.send(vec![start(Step, "1")]).await;
        succeeded("1")
    })
    .await;
    assert_eq!(summary.status, ExecutionStatus::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn a_repeated_call_with_its_client_token_is_answered_the_same_and_applied_once() {
    let (engine, summary) = run(|call| async move {
        let token = call.token.clone();
        let first = call.raw(token.clone(), Some("once"), vec![start(Step, "1")]).await.unwrap();
        let again = call.raw(token.clone(), Some("once"), vec![start(Step, "1")]).await.unwrap();
        assert_eq!(first, again);
        for client_token in [Some("other"), None] {
            let stale = call.raw(token.clone(), client_token, vec![start(Step, "1")]).await.unwrap_err();
            assert_eq!(stale.class(), ErrorClass::StaleToken);
        }
        // The slot holds the latest call only.
        let next = first.checkpoint_token.unwrap();
        call.raw(next, Some("twice"), Vec::new()).await.unwrap();
        assert_eq!(call.raw(token, Some("once"), Vec::new()).await.unwrap_err().class(), ErrorClass::StaleToken);
        succeeded("1")
    })
    .await;
    let steps = history(&engine, &summary.arn).await.into_iter().filter(|event| event == "StepStarted").count();
    assert_eq!(steps, 1);
}

#[tokio::test(start_paused = true)]
async fn an_earlier_invocation_can_neither_write_nor_read() {
    let earlier = Arc::new(Mutex::new(None));
    let (_, summary) = run(move |mut call| {
        let earlier = Arc::clone(&earlier);
        async move {
            if call.number == 1 {
                call.send(vec![wait("1", 1)]).await;
                *earlier.lock().unwrap() = Some(call);
                return pending();
            }
            let old = earlier.lock().unwrap().take().unwrap();
            let write = old.raw(old.token.clone(), None, vec![start(Step, "2")]).await.unwrap_err();
            assert_eq!(write.class(), ErrorClass::StaleToken);
            assert_eq!(old.state("", 10).await.unwrap_err().class(), ErrorClass::StaleToken);
            assert_eq!(call.state("", 10).await.unwrap().operations.len(), 2);
            call.send(vec![start(Step, "2")]).await;
            succeeded("1")
        }
    })
    .await;
    assert_eq!(summary.status, ExecutionStatus::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn reading_the_state_uses_no_token_up() {
    run(|mut call| async move {
        call.send(vec![start(Step, "1")]).await;
        call.state("", 10).await.unwrap();
        call.state("", 10).await.unwrap();
        call.send(vec![succeed(Step, "1", "1")]).await;
        succeeded("1")
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_execution_checkpoint_ends_the_execution_and_its_token_whatever_its_id_says() {
    let large = "x".repeat(7 * 1024 * 1024);
    let expected = large.clone();
    let (engine, summary) = run(move |mut call| {
        let large = large.clone();
        async move {
            let updates =
                vec![start(Step, "1"), succeed(Step, "1", "1"), succeed(Execution, "execution-result-1", &large)];
            let response = call.send(updates).await;
            assert_eq!(response.checkpoint_token, None);
            let late = call.try_send(vec![start(Step, "2")]).await.unwrap_err();
            assert_eq!(late.class(), ErrorClass::StaleToken);
            // What the function answers then is not looked at.
            failed("Ignored")
        }
    })
    .await;
    assert_eq!(summary.status, ExecutionStatus::Succeeded);
    assert_eq!(summary.result.unwrap(), expected);
    let expected = ["ExecutionStarted", "StepStarted", "StepSucceeded", "InvocationCompleted", "ExecutionSucceeded"];
    assert_eq!(history(&engine, &summary.arn).await, expected);
    assert_eq!(engine.history(&summary.arn).await.unwrap()[4].id.unwrap().as_str(), summary.arn.id());
}

#[tokio::test(start_paused = true)]
async fn the_call_that_ended_the_execution_is_answered_again_too() {
    type Updates = fn() -> Vec<OperationUpdate>;
    let ends: [(Updates, ExecutionStatus); 2] = [
        (|| vec![succeed(Execution, "result", "1")], ExecutionStatus::Succeeded),
        (|| vec![start(Step, "1"), start(Step, "2"), start(Step, "3")], ExecutionStatus::Failed),
    ];
    for (updates, status) in ends {
        let options = Engine::options().clock(Arc::new(VirtualClock::new()));
        let engine = options.max_operations(2).open_in_memory().await.unwrap();
        engine.register(
            "scripted",
            script(move |call| async move {
                let token = call.token.clone();
                let first = call.raw(token.clone(), Some("last"), updates()).await.unwrap();
                let again = call.raw(token.clone(), Some("last"), updates()).await.unwrap();
                assert_eq!(first, again);
                let stale = call.raw(token, Some("another"), updates()).await.unwrap_err();
                assert_eq!(stale.class(), ErrorClass::StaleToken);
                succeeded("")
            }),
        );
        let arn = begin(&engine, "scripted").await;
        assert_eq!(finish(&engine, &arn).await.status, status);
    }
}
