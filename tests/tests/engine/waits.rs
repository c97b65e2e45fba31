use std::time::Duration;

use durable_runtime::engine::ExecutionStatus;
use durable_runtime::function::InvocationOutcome;
use durable_runtime::wire::OperationStatus::{Cancelled, Started, Succeeded};
use durable_runtime::wire::OperationType::{Context, Step, Wait};
use durable_runtime::wire::{Action, ErrorObject, InvocationResponse, InvocationStatus};

use crate::support::*;

#[tokio::test(start_paused = true)]
async fn a_wait_that_falls_due_while_the_function_works_is_news_in_the_next_answer() {
    let (engine, summary) = run(|mut call| async move {
        assert_eq!(call.number, 1, "what a checkpoint told needs no other invocation");
        call.send(vec![wait("1", 5), start(Step, "2")]).await;
        tokio::time::sleep(Duration::from_secs(10)).await;
        call.send(vec![succeed(Step, "2", "1")]).await;
        assert_eq!(call.status("1"), Some(Succeeded));
        assert!(call.poll().await.is_empty());
        succeeded("1")
    })
    .await;
    let history = history(&engine, &summary.arn).await;
    assert_eq!(history[3..5], ["WaitSucceeded", "StepSucceeded"]);
}

#[tokio::test(start_paused = true)]
async fn a_trigger_that_the_running_function_did_not_see_invokes_it_again_at_once() {
    let (engine, summary) = run(|mut call| async move {
        if call.number == 1 {
            call.send(vec![wait("1", 5), wait("2", 5000)]).await;
            tokio::time::sleep(Duration::from_secs(10)).await;
            return pending();
        }
        assert_eq!(call.updated(), ["1"]);
        assert_eq!(call.status("2"), Some(Started));
        succeeded("1")
    })
    .await;
    let events = engine.history(&summary.arn).await.unwrap();
    let took = events.last().unwrap().event_timestamp.since(events[0].event_timestamp);
    assert_eq!(took, Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn every_change_of_a_pending_operation_invokes_again() {
    let (engine, summary) = run(|mut call| async move {
        match call.number {
            1 => {
                call.send(vec![wait("1", 1), wait("2", 2), wait("3", 3)]).await;
                pending()
            }
            number @ 2..4 => {
                assert_eq!(call.updated(), [(number - 1).to_string()]);
                pending()
            }
            _ => succeeded("1"),
        }
    })
    .await;
    let invocations = history(&engine, &summary.arn).await.into_iter().filter(|event| event == "InvocationCompleted");
    assert_eq!(invocations.count(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_wait_never_fires() {
    let (engine, summary) = run(|mut call| async move {
        call.send(vec![wait("1", 5)]).await;
        call.send(vec![update(Wait, "1", Action::Cancel)]).await;
        assert_eq!(call.status("1"), Some(Cancelled));
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert!(call.poll().await.is_empty());
        succeeded("1")
    })
    .await;
    assert_eq!(history(&engine, &summary.arn).await[1..3], ["WaitStarted", "WaitCancelled"]);
}

#[tokio::test(start_paused = true)]
async fn pending_without_anything_pending_fails_the_execution() {
    let (engine, summary) = run(|mut call| async move {
        call.send(vec![start(Step, "1"), start(Context, "2")]).await;
        pending()
    })
    .await;
    assert_eq!(summary.status, ExecutionStatus::Failed);
    let message = summary.error.unwrap().error_message.unwrap();
    assert_eq!(message, "Cannot return PENDING status with no pending operations.");
    let expected = ["ExecutionStarted", "StepStarted", "ContextStarted", "InvocationCompleted", "ExecutionFailed"];
    assert_eq!(history(&engine, &summary.arn).await, expected);
}

#[tokio::test(start_paused = true)]
async fn pending_is_accepted_when_the_last_pending_operation_ended_after_the_last_news() {
    let (_, summary) = run(|mut call| async move {
        if call.number == 1 {
            call.send(vec![wait("1", 1)]).await;
            tokio::time::sleep(Duration::from_secs(2)).await;
            return pending();
        }
        succeeded("1")
    })
    .await;
    assert_eq!(summary.status, ExecutionStatus::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn what_a_finished_context_hides_neither_pends_nor_invokes() {
    let (engine, summary) = run(|mut call| async move {
        if call.number == 1 {
            call.send(vec![start(Context, "1"), inside("1", wait("1-1", 5)), wait("2", 60)]).await;
            call.send(vec![succeed(Context, "1", "1")]).await;
            return pending();
        }
        assert_eq!(call.number, 2);
        assert_eq!(call.updated(), ["2"]);
        assert_eq!(call.status("1-1"), None);
        pending()
    })
    .await;
    assert_eq!(summary.status, ExecutionStatus::Failed, "nothing that counts is pending at the second answer");
    assert!(history(&engine, &summary.arn).await.iter().filter(|event| *event == "WaitSucceeded").count() == 2);
}

#[tokio::test(start_paused = true)]
async fn answers_that_contradict_themselves_fail_the_execution() {
    let error = || Some(ErrorObject::new("Odd", "odd"));
    let answers = [
        InvocationResponse { status: InvocationStatus::Succeeded, result: None, error: error() },
        InvocationResponse { status: InvocationStatus::Failed, result: Some("1".into()), error: error() },
        InvocationResponse::succeeded("x".repeat(6 * 1024 * 1024)),
    ];
    for answer in answers {
        let (_, summary) = run(move |_| {
            let answer = answer.clone();
            async move { InvocationOutcome::Answered(answer) }
        })
        .await;
        assert_eq!(summary.status, ExecutionStatus::Failed);
        assert_eq!(summary.error.unwrap().error_type.as_deref(), Some("InvalidFunctionResponse"));
    }
}
