use durable_runtime::engine::ExecutionStatus;
use durable_runtime::wire::OperationStatus::{Failed, Pending, Ready, Started, Succeeded};
use durable_runtime::wire::OperationType::{Context, Step};

use crate::support::*;

#[tokio::test(start_paused = true)]
async fn a_step_and_a_wait_write_the_history_that_the_service_writes() {
    let (engine, summary) = run(|mut call| async move {
        if call.number == 1 {
            call.send(vec![start(Step, "1")]).await;
            call.send(vec![succeed(Step, "1", "\"done\"")]).await;
            call.send(vec![wait("2", 2)]).await;
            return pending();
        }
        assert_eq!(call.updated(), ["2"]);
        assert_eq!(call.status("1"), Some(Succeeded));
        assert_eq!(call.status("2"), Some(Succeeded));
        succeeded("\"over\"")
    })
    .await;
    assert_eq!(summary.status, ExecutionStatus::Succeeded);
    assert_eq!(summary.result.as_deref(), Some("\"over\""));
    let expected = [
        "ExecutionStarted",
        "StepStarted",
        "StepSucceeded",
        "WaitStarted",
        "InvocationCompleted",
        "WaitSucceeded",
        "InvocationCompleted",
        "ExecutionSucceeded",
    ];
    assert_eq!(history(&engine, &summary.arn).await, expected);
    let events: Vec<_> =
        engine.history(&summary.arn).await.unwrap().iter().map(durable_runtime::wire::HistoryEvent::to_json).collect();
    assert_eq!(events[0]["ExecutionStartedDetails"]["Input"]["Payload"], "{}");
    assert_eq!(events[0]["Id"], summary.arn.id());
    assert_eq!(events[1]["StepStartedDetails"], serde_json::json!({}));
    assert_eq!(events[2]["StepSucceededDetails"]["Result"]["Payload"], "\"done\"");
    assert_eq!(events[2]["StepSucceededDetails"]["RetryDetails"], serde_json::json!({ "CurrentAttempt": 1 }));
    assert_eq!(events[3]["WaitStartedDetails"]["Duration"], 2);
    assert!(events[3]["WaitStartedDetails"]["ScheduledEndTimestamp"].is_number());
    assert_eq!(events[5]["WaitSucceededDetails"], serde_json::json!({ "Duration": 2 }));
    assert!(events[4]["InvocationCompletedDetails"]["RequestId"].is_string());
    assert_eq!(events[7]["ExecutionSucceededDetails"]["Result"]["Payload"], "\"over\"");
}

#[tokio::test(start_paused = true)]
async fn a_retried_step_waits_becomes_ready_and_counts_its_attempts() {
    let (engine, summary) = run(|mut call| async move {
        if call.number == 1 {
            call.send(vec![start(Step, "1")]).await;
            let before = call.clock.now();
            call.send(vec![retry("1", 7)]).await;
            let step = call.operation("1").step_details.clone().unwrap();
            assert_eq!(call.status("1"), Some(Pending));
            assert_eq!(step.attempt, 1);
            assert_eq!(step.error.unwrap().error_type.as_deref(), Some("Flaky"));
            assert_eq!(step.next_attempt_timestamp.unwrap().since(before).as_secs(), 7);
            return pending();
        }
        assert_eq!(call.status("1"), Some(Ready));
        assert_eq!(call.updated(), ["1"]);
        assert_eq!(call.operation("1").step_details.as_ref().unwrap().next_attempt_timestamp, None);
        call.send(vec![start(Step, "1")]).await;
        assert_eq!(call.status("1"), Some(Started));
        assert_eq!(call.operation("1").step_details.as_ref().unwrap().attempt, 1);
        call.send(vec![succeed(Step, "1", "2")]).await;
        assert_eq!(call.operation("1").step_details.as_ref().unwrap().attempt, 2);
        succeeded("2")
    })
    .await;
    let expected = [
        "ExecutionStarted",
        "StepStarted",
        "StepFailed",
        "InvocationCompleted",
        "StepStarted",
        "StepSucceeded",
        "InvocationCompleted",
        "ExecutionSucceeded",
    ];
    assert_eq!(history(&engine, &summary.arn).await, expected);
    let events = engine.history(&summary.arn).await.unwrap();
    let retried = events[2].details.retry_details.clone().unwrap();
    assert_eq!((retried.current_attempt, retried.next_attempt_delay_seconds), (1, Some(7)));
    assert_eq!(events[5].details.retry_details.clone().unwrap().current_attempt, 2);
}

#[tokio::test(start_paused = true)]
async fn a_polled_condition_keeps_its_state_across_start() {
    let (engine, summary) = run(|mut call| async move {
        if call.number == 1 {
            call.send(vec![start(Step, "1"), again("1", 1, "41")]).await;
            return pending();
        }
        call.send(vec![start(Step, "1")]).await;
        assert_eq!(call.operation("1").step_details.as_ref().unwrap().result.as_deref(), Some("41"));
        call.send(vec![succeed(Step, "1", "42")]).await;
        succeeded("42")
    })
    .await;
    assert_eq!(history(&engine, &summary.arn).await[1..4], ["StepStarted", "StepSucceeded", "InvocationCompleted"]);
    let poll = engine.history(&summary.arn).await.unwrap()[2].details.clone();
    assert_eq!(poll.result.unwrap().payload.as_deref(), Some("41"));
    assert_eq!(poll.retry_details.unwrap().next_attempt_delay_seconds, Some(1));
}

#[tokio::test(start_paused = true)]
async fn steps_and_contexts_may_end_without_a_start() {
    let (engine, summary) = run(|mut call| async move {
        call.send(vec![succeed(Step, "1", "1"), fail(Context, "2", "Broken"), fail(Step, "3", "Broken")]).await;
        assert_eq!(call.status("1"), Some(Succeeded));
        assert_eq!(call.status("2"), Some(Failed));
        assert_eq!(call.operation("3").step_details.as_ref().unwrap().attempt, 1);
        succeeded("1")
    })
    .await;
    let expected = [
        "ExecutionStarted",
        "StepSucceeded",
        "ContextFailed",
        "StepFailed",
        "InvocationCompleted",
        "ExecutionSucceeded",
    ];
    assert_eq!(history(&engine, &summary.arn).await, expected);
}

#[tokio::test(start_paused = true)]
async fn the_answer_to_a_checkpoint_holds_what_was_just_written_and_nothing_twice() {
    run(|mut call| async move {
        let names = |operations: &[Box<durable_runtime::wire::Operation>]| {
            operations.iter().map(|operation| operation.id.to_string()).collect::<Vec<_>>()
        };
        let news = call.send(vec![start(Context, "1"), inside("1", start(Step, "1-1"))]).await;
        assert_eq!(names(&news.new_execution_state.operations), ["1", "1-1"]);
        let news = call.send(vec![inside("1", succeed(Step, "1-1", "1"))]).await;
        assert_eq!(names(&news.new_execution_state.operations), ["1-1"]);
        assert!(call.poll().await.is_empty());
        succeeded("1")
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_quick_step_whose_start_and_end_share_a_request_still_has_a_duration() {
    let (engine, summary) = run(|mut call| async move {
        tokio::time::sleep(std::time::Duration::from_millis(30)).await;
        call.send(vec![named("quick", start(Step, "1")), succeed(Step, "1", "1")]).await;
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        call.send(vec![named("quicker", start(Step, "2")), succeed(Step, "2", "1")]).await;
        succeeded("1")
    })
    .await;
    let operations = engine.operations(&summary.arn).await.unwrap();
    assert_eq!(operations[0].operation.name.as_deref(), Some("quick"));
    assert_eq!(operations[0].operation.start_timestamp, operations[0].operation.end_timestamp.unwrap());
    assert_eq!(operations[0].duration.unwrap().as_millis(), 30);
    assert_eq!(operations[1].duration.unwrap().as_millis(), 5);
}
