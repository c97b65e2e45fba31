//! What the runtime sends, and when: one request in flight, rotating tokens, write behind, wait before effects.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use durable_runtime::function::{Function, InvocationOutcome};
use durable_runtime::handler::function;
use durable_runtime::prelude::*;
use durable_runtime::service::ServiceError;
use durable_runtime::wire::{Action, InvocationResponse, InvocationStatus, OperationStatus, OperationUpdate};
use tests::{Fault, Scripted};

fn answered(outcome: InvocationOutcome) -> InvocationResponse {
    match outcome {
        InvocationOutcome::Answered(response) => response,
        other => panic!("no answer but {other:?}"),
    }
}

/// `START 1, SUCCEED 1 | …`, a word per update and a bar between requests.
fn shape(requests: &[Vec<OperationUpdate>]) -> String {
    let word = |update: &OperationUpdate| format!("{:?} {}", update.action, update.name.as_deref().unwrap_or("-"));
    let request = |updates: &Vec<OperationUpdate>| updates.iter().map(word).collect::<Vec<_>>().join(", ");
    requests.iter().map(request).collect::<Vec<_>>().join(" | ")
}

#[step]
async fn number(value: u32) -> Result<u32> {
    Ok(value)
}

#[durable]
async fn one(value: u32) -> Result<u32> {
    number(value).await
}

#[tokio::test(start_paused = true)]
async fn one_step_costs_one_request() {
    let service = Scripted::new("7");
    let response = answered(service.run(&function(one)).await);
    assert_eq!(response, InvocationResponse::succeeded("7".into()));
    assert_eq!(shape(&service.requests()), "Start number, Succeed number");
}

#[durable]
async fn sequential(count: u32) -> Result<u32> {
    let mut sum = 0;
    for value in 1..=count {
        sum += number(value).key(value).await?;
    }
    Ok(sum)
}

#[tokio::test(start_paused = true)]
async fn a_step_starts_in_the_request_that_closes_the_one_before() {
    let service = Scripted::new("3");
    let response = answered(service.run(&function(sequential)).await);
    assert_eq!(response.result.as_deref(), Some("6"));
    assert_eq!(
        shape(&service.requests()),
        "Start number[1], Succeed number[1], Start number[2] | Succeed number[2], Start number[3] | Succeed number[3]"
    );
    let ten = Scripted::new("10");
    ten.run(&function(sequential)).await;
    assert_eq!(ten.requests().len(), 10);
}

#[durable]
async fn step_then_sleep(value: u32) -> Result<u32> {
    let value = number(value).await?;
    sleep(minutes(5)).await?;
    Ok(value)
}

#[tokio::test(start_paused = true)]
async fn a_step_and_a_sleep_behind_it_share_their_request() {
    let service = Scripted::new("4");
    let handler = function(step_then_sleep);
    let first = answered(service.invoke(&handler).await);
    assert_eq!(first.status, InvocationStatus::Pending);
    assert_eq!(shape(&service.requests()), "Start number, Succeed number, Start sleep");
    service.time_passes();
    assert_eq!(answered(service.invoke(&handler).await).result.as_deref(), Some("4"));
    assert_eq!(service.requests().len(), 1, "replay sends nothing");
}

#[durable]
async fn fan_out(count: u32) -> Result<u32> {
    let values = parallel_map(0..count, |value, _| number(value)).await?;
    Ok(values.iter().sum())
}

#[tokio::test(start_paused = true)]
async fn branches_whose_bodies_end_at_once_share_full_requests() {
    for (branches, requests) in [(10, 1), (100, 2), (1000, 17)] {
        let service = Scripted::new(&branches.to_string());
        let response = answered(service.run(&function(fan_out)).await);
        assert_eq!(response.result, Some((branches * (branches - 1) / 2).to_string()));
        assert_eq!(service.requests().len(), requests, "{branches} branches");
    }
}

#[durable]
async fn nested(depth: u32) -> Result<u32> {
    if depth == 0 { number(1).await } else { nested(depth - 1).boxed().await }
}

#[tokio::test(start_paused = true)]
async fn children_nested_ten_deep_around_a_step_cost_one_request() {
    let service = Scripted::new("10");
    assert_eq!(answered(service.run(&function(nested)).await).result.as_deref(), Some("1"));
    assert_eq!(service.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_context_deeper_than_the_cap_fails_with_a_typed_error_and_not_the_stack() {
    let service = Scripted::new("5000");
    let response = answered(service.run(&function(nested)).await);
    assert_eq!(response.status, InvocationStatus::Failed);
    assert_eq!(response.error.unwrap().error_type.unwrap(), "StepFailure.TooDeep");
}

fn failing_once() -> Arc<dyn Function> {
    let calls = Arc::new(AtomicUsize::new(0));
    #[step(retry = fixed(max_attempts = 2, delay = "1s"))]
    async fn flaky(calls: Arc<AtomicUsize>) -> Result<u32> {
        if calls.fetch_add(1, Ordering::SeqCst) == 0 { Err("not yet")? } else { Ok(5) }
    }
    #[durable]
    async fn retried(calls: Arc<AtomicUsize>) -> Result<u32> {
        flaky(calls).await
    }
    function(move |(): ()| retried(calls.clone()))
}

#[tokio::test(start_paused = true)]
async fn a_step_with_one_retry_costs_two_requests() {
    let service = Scripted::new("null");
    assert_eq!(answered(service.run(&failing_once()).await).result.as_deref(), Some("5"));
    assert_eq!(shape(&service.requests()), "Start flaky, Retry flaky | Start flaky, Succeed flaky");
}

#[tokio::test(start_paused = true)]
async fn a_refused_request_ends_the_invocation_and_never_the_execution_with_success() {
    let cases = [
        (ServiceError::unavailable("down"), "invocation"),
        (ServiceError::invalid_parameter("Invalid checkpoint token: used"), "invocation"),
        (ServiceError::invalid_parameter("Invalid Checkpoint Token"), "invocation"),
        (ServiceError::invalid_parameter("Invalid parent operation id."), "execution"),
    ];
    for (error, ends) in cases {
        let service = Scripted::new("3").fault(2, Fault::Refused(error.clone()));
        match (service.invoke(&function(sequential)).await, ends) {
            (InvocationOutcome::Failed(_), "invocation") => {}
            (InvocationOutcome::Answered(response), "execution") => {
                assert_eq!(response.status, InvocationStatus::Failed);
            }
            (outcome, _) => panic!("{error}: {outcome:?}"),
        }
        assert_eq!(service.requests().len(), 2, "nothing is sent after a failure");
    }
}

#[tokio::test(start_paused = true)]
async fn a_step_whose_success_was_applied_does_not_run_again_when_the_answer_was_lost() {
    let runs = Arc::new(AtomicUsize::new(0));
    #[step]
    async fn counted(runs: Arc<AtomicUsize>) -> Result<usize> {
        Ok(runs.fetch_add(1, Ordering::SeqCst))
    }
    #[durable]
    async fn flow(runs: Arc<AtomicUsize>) -> Result<usize> {
        counted(runs).await
    }
    let counter = runs.clone();
    let handler = function(move |(): ()| flow(counter.clone()));
    let service = Scripted::new("null").fault(1, Fault::AnswerLost(ServiceError::unavailable("lost")));
    assert!(matches!(service.invoke(&handler).await, InvocationOutcome::Failed(_)));
    assert_eq!(answered(service.invoke(&handler).await).result.as_deref(), Some("0"));
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn pages_of_an_answer_are_fetched_with_the_new_token_and_nothing_twice() {
    let service = Scripted::new("10").paged(3);
    assert_eq!(answered(service.run(&function(fan_out)).await).result.as_deref(), Some("45"));
    let calls = service.state_calls();
    assert_eq!(service.requests().len(), 1);
    // 21 operations changed: 3 in the answer and 6 further pages.
    assert_eq!(calls, vec!["token2"; 6]);
}

#[step]
async fn effect(log: Arc<std::sync::Mutex<Vec<String>>>, service: Scripted) -> Result<()> {
    let settled = service.named("number").map(|operation| operation.status);
    log.lock().unwrap().push(format!("{settled:?}"));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_effect_begins_only_after_what_it_depends_on_was_acknowledged() {
    let service = Scripted::new("1").latency(std::time::Duration::from_millis(10));
    let log = Arc::default();
    let (seen, seen_service): (Arc<std::sync::Mutex<Vec<String>>>, _) = (Arc::clone(&log), service.clone());
    #[durable]
    async fn flow(value: u32, log: Arc<std::sync::Mutex<Vec<String>>>, service: Scripted) -> Result<()> {
        number(value).await?;
        effect(log, service).await
    }
    service.run(&function(move |value: u32| flow(value, seen.clone(), seen_service.clone()))).await;
    assert_eq!(*log.lock().unwrap(), [format!("{:?}", Some(OperationStatus::Succeeded))]);
}

#[durable]
async fn siblings(slow_ms: u64) -> Result<String> {
    let (slow, nap) = parallel!(
        slow = record!("slow", async {
            tokio::time::sleep(std::time::Duration::from_millis(slow_ms)).await;
            Ok("slow".to_owned())
        }),
        nap = async {
            sleep(seconds(1)).await?;
            Ok("nap".to_owned())
        },
    )
    .await?;
    Ok(format!("{slow} {nap}"))
}

#[tokio::test(start_paused = true)]
async fn a_suspended_branch_leaves_its_working_sibling_alone() {
    let service = Scripted::new("300");
    let handler = function(siblings);
    let first = answered(service.invoke(&handler).await);
    assert_eq!(first.status, InvocationStatus::Pending);
    assert_eq!(service.named("slow").unwrap().status, OperationStatus::Succeeded, "the sibling's body came to its end");
    service.time_passes();
    assert_eq!(answered(service.invoke(&handler).await).result.as_deref(), Some("\"slow nap\""));
    let starts = service.requests().into_iter().flatten().filter(|update| update.action == Action::Start).count();
    assert_eq!(starts, 5, "nothing is started twice");
}
