//! Defects seen in other SDKs, by the numbers of our list: each is a test that this one does not have it.
//!
//! 13, 16 and 18 to 20 are in `peer_defects_of_hosts.rs`.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use durable_runtime::function::InvocationOutcome;
use durable_runtime::handler::function;
use durable_runtime::prelude::*;
use durable_runtime::service::ServiceError;
use durable_runtime::wire::{
    Action, InvocationEvent, InvocationResponse, InvocationStatus, Operation as Record, OperationStatus, OperationType,
};
use tests::{Fault, Scripted};

fn answered(outcome: InvocationOutcome) -> InvocationResponse {
    match outcome {
        InvocationOutcome::Answered(response) => response,
        other => panic!("no answer but {other:?}"),
    }
}

#[step]
async fn number(value: u32) -> Result<u32> {
    Ok(value)
}

#[step(retry = none)]
async fn refused(value: u32) -> Result<u32> {
    Err(format!("{value} is refused"))?
}

#[step]
async fn slow(value: u32) -> Result<u32> {
    tokio::time::sleep(Duration::from_millis(u64::from(value * 7 % 13))).await;
    Ok(value)
}

#[durable]
async fn fan_out(count: u32) -> Result<u32> {
    Ok(parallel_map(0..count, |value, _| slow(value)).await?.iter().sum())
}

#[tokio::test(start_paused = true)]
async fn defect_01_branches_share_one_token_that_rotates_with_every_answer() {
    // The scripted service panics at overlapping requests and refuses every token but the latest.
    let service = Scripted::new("100").latency(Duration::from_millis(3));
    assert_eq!(answered(service.run(&function(fan_out)).await).result.as_deref(), Some("4950"));
    assert!(service.requests().len() > 3, "the run was long enough for tokens to rotate");
}

#[tokio::test(start_paused = true)]
async fn defect_02_a_suspension_in_a_branch_is_neither_an_error_nor_the_end_of_its_siblings() {
    #[durable]
    async fn flow(caught: Arc<AtomicUsize>) -> Result<u32> {
        let (a, b) = parallel!(
            a = async {
                if sleep(seconds(5)).await.is_err() {
                    caught.fetch_add(1, Ordering::SeqCst);
                }
                number(1).await
            },
            b = slow(12),
        )
        .await?;
        Ok(a + b)
    }
    let caught = Arc::new(AtomicUsize::new(0));
    let seen = caught.clone();
    let handler = function(move |(): ()| flow(seen.clone()));
    let service = Scripted::new("null");
    assert_eq!(answered(service.invoke(&handler).await).status, InvocationStatus::Pending);
    let failed = service.operations().iter().filter(|operation| operation.status == OperationStatus::Failed).count();
    assert_eq!(failed, 0);
    assert_eq!(service.named("slow").unwrap().status, OperationStatus::Succeeded);
    service.time_passes();
    assert_eq!(answered(service.invoke(&handler).await).result.as_deref(), Some("13"));
    assert_eq!(caught.load(Ordering::SeqCst), 0, "user code never sees a suspension");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn defect_03_scheduling_never_decides_an_id() {
    #[durable]
    async fn flow(_: ()) -> Result<u32> {
        let outer = parallel_map(0..4_u32, |outer, _| {
            child!("outer", async {
                let inner = parallel_map(0..4_u32, |inner, _| {
                    record!("leaf", async {
                        for _ in 0..(outer * 5 + inner * 3) % 4 {
                            tokio::task::yield_now().await;
                        }
                        Ok(inner)
                    })
                    .key(format!("{outer}-{inner}"))
                })
                .await?;
                Ok(inner.len() as u32)
            })
        })
        .await?;
        Ok(outer.iter().sum())
    }
    let mut ids: Vec<BTreeMap<String, String>> = Vec::new();
    for _ in 0..200 {
        let service = Scripted::new("null");
        assert_eq!(answered(service.run(&function(flow)).await).result.as_deref(), Some("16"));
        let by_name = |operation: &Record| (operation.name.clone().unwrap_or_default(), operation.id.to_string());
        let leaves = service.operations();
        let leaves = leaves.iter().filter(|operation| operation.operation_type == OperationType::Step);
        ids.push(leaves.map(by_name).collect());
    }
    assert_eq!(ids[0].len(), 16);
    assert_eq!(ids[0]["leaf[2-3]"], "1-3-1-4-1");
    assert!(ids.iter().all(|run| *run == ids[0]));
}

#[tokio::test(start_paused = true)]
async fn defect_04_nothing_is_started_again_on_replay_and_finished_branches_do_not_run_again() {
    #[durable]
    async fn flow(runs: Arc<AtomicUsize>) -> Result<u32> {
        child!("around", async {
            let (a, ()) = parallel!(
                a = async {
                    let runs = &runs;
                    record!("counted", async {
                        runs.fetch_add(1, Ordering::SeqCst);
                        Ok(1)
                    })
                    .await
                },
                b = async {
                    sleep(seconds(1)).await?;
                    sleep(seconds(1)).await
                },
            )
            .await?;
            Ok(a)
        })
        .await
    }
    let runs = Arc::new(AtomicUsize::new(0));
    let counter = runs.clone();
    let service = Scripted::new("null");
    // The scripted service panics at a second START, and at any update under a finished context.
    let response = answered(service.run(&function(move |(): ()| flow(counter.clone()))).await);
    assert_eq!(response.result.as_deref(), Some("1"));
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    let starts = service.requests().into_iter().flatten().filter(|update| update.action == Action::Start).count();
    assert_eq!(starts, 7);
}

#[tokio::test(start_paused = true)]
async fn defect_05_failures_of_children_and_branches_are_recorded_and_inner_operations_name_their_parent() {
    #[durable]
    async fn flow(_: ()) -> Result<u32> {
        let failed = child!("doomed", async { refused(1).await }).await;
        let batch = parallel!(bad = async { refused(2).await }, good = number(3)).await;
        assert!(failed.is_err() && batch.is_err());
        Ok(1)
    }
    let service = Scripted::new("null");
    assert_eq!(answered(service.run(&function(flow)).await).result.as_deref(), Some("1"));
    for (name, message) in [("doomed", "1 is refused"), ("bad", "2 is refused")] {
        let context = service.named(name).unwrap();
        assert_eq!(context.status, OperationStatus::Failed, "{name}");
        let error = context.context_details.unwrap().error.unwrap();
        assert_eq!(error.error_message.as_deref(), Some(message));
        let inner = service.operations().into_iter().find(|operation| operation.parent_id == Some(context.id));
        assert_eq!(inner.unwrap().name.as_deref(), Some("refused"));
    }
}

#[test]
fn defect_06_every_operation_of_the_wire_is_read_with_its_details() {
    let event = r#"{
        "DurableExecutionArn": "arn", "CheckpointToken": "token", "Unknown": 1,
        "InitialExecutionState": {"NextMarker": "", "Operations": [
            {"Id": "1", "Type": "CONTEXT", "SubType": "Map", "Status": "STARTED", "StartTimestamp": 1767225600000,
             "ContextDetails": {"ReplayChildren": true, "Result": "r"}},
            {"Id": "2", "Type": "CALLBACK", "Status": "TIMED_OUT", "StartTimestamp": 1767225600.5,
             "CallbackDetails": {"CallbackId": "cb", "Error": {"ErrorType": "Callback.Timeout"}}},
            {"Id": "3", "Type": "CHAINED_INVOKE", "Status": "STOPPED", "StartTimestamp": "2026-01-01 00:00:00+00:00",
             "ChainedInvokeDetails": {"Error": {"ErrorMessage": "stopped", "StackTrace": ["a"]}}},
            {"Id": "4", "Type": "STEP", "Status": "PENDING", "StartTimestamp": 1767225600000,
             "StepDetails": {"Attempt": 2, "NextAttemptTimestamp": 1767225601000, "Result": "state"}},
            {"Id": "5", "Type": "WAIT", "Status": "CANCELLED", "StartTimestamp": 1767225600000,
             "WaitDetails": {"ScheduledEndTimestamp": 1767225609000}},
            {"Id": "6", "Type": "SOMETHING_NEW", "Status": "WHO_KNOWS", "StartTimestamp": 1767225600000}
        ]}}"#;
    let event: InvocationEvent = serde_json::from_str(event).unwrap();
    assert!(event.initial_execution_state.next().is_none());
    let operations = event.initial_execution_state.operations;
    assert_eq!(operations[0].context_details.as_ref().unwrap().replay_children, Some(true));
    assert_eq!(operations[1].status, OperationStatus::TimedOut);
    assert_eq!(operations[1].callback_details.as_ref().unwrap().callback_id.as_deref(), Some("cb"));
    assert_eq!(operations[2].operation_type, OperationType::ChainedInvoke);
    let error = operations[2].chained_invoke_details.as_ref().unwrap().error.as_ref().unwrap();
    assert_eq!(error.error_message.as_deref(), Some("stopped"));
    assert_eq!(operations[3].step_details.as_ref().unwrap().attempt, 2);
    assert_eq!(operations[5].operation_type, OperationType::Unknown);
    for operation in &operations[..5] {
        let back: Record = serde_json::from_str(&serde_json::to_string(operation).unwrap()).unwrap();
        assert_eq!(back, **operation);
    }
    assert_eq!(serde_json::to_value(OperationType::ChainedInvoke).unwrap(), "CHAINED_INVOKE");
}

#[tokio::test(start_paused = true)]
async fn defect_07_every_item_is_worked_on_once_also_across_suspensions() {
    #[durable]
    async fn flow(seen: Arc<Mutex<Vec<u32>>>) -> Result<u32> {
        let seen = &seen;
        let values = parallel_map(0..25_u32, |value, _| {
            child!(async move {
                sleep(seconds(u64::from(value % 3) + 1)).await?;
                record!("work", async {
                    seen.lock().unwrap().push(value);
                    Ok(value)
                })
                .await
            })
        })
        .max_concurrency(4)
        .await?;
        Ok(values.len() as u32)
    }
    let seen: Arc<Mutex<Vec<u32>>> = Arc::default();
    let log = seen.clone();
    let service = Scripted::new("null");
    let response = answered(service.run(&function(move |(): ()| flow(log.clone()))).await);
    assert_eq!(response.result.as_deref(), Some("25"));
    let mut worked = seen.lock().unwrap().clone();
    worked.sort_unstable();
    assert_eq!(worked, (0..25).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn defect_08_a_panic_in_a_branch_fails_the_run_and_silences_its_siblings() {
    #[durable]
    async fn flow(after: Arc<AtomicUsize>) -> Result<u32> {
        let after = &after;
        let (a, b) = parallel!(
            a = async {
                slow(3).await?;
                let nothing: Vec<u32> = Vec::new();
                Ok(nothing.into_iter().max().expect("a value that is not there"))
            },
            b = async {
                slow(11).await?;
                record!("after", async {
                    after.fetch_add(1, Ordering::SeqCst);
                    Ok(1)
                })
                .await
            },
        )
        .await?;
        Ok(a + b)
    }
    let after = Arc::new(AtomicUsize::new(0));
    let seen = after.clone();
    let service = Scripted::new("null");
    let response = answered(service.run(&function(move |(): ()| flow(seen.clone()))).await);
    assert_eq!(response.status, InvocationStatus::Failed);
    assert_eq!(response.error.unwrap().error_message.as_deref(), Some("a value that is not there"));
    assert_eq!(service.named("a").unwrap().status, OperationStatus::Failed);
    let requests = service.requests().len();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!((service.requests().len(), after.load(Ordering::SeqCst)), (requests, 0), "nobody goes on by himself");
}

#[tokio::test(start_paused = true)]
async fn defect_09_an_at_most_once_body_found_started_does_not_run_again_and_its_retry_policy_counts() {
    #[step(at_most_once, retry = fixed(max_attempts = 2, delay = "1s"))]
    async fn pay(runs: &AtomicUsize, service: &Scripted) -> Result<u32> {
        let started = service.named("pay").map(|operation| operation.status);
        assert_eq!(started, Some(OperationStatus::Started), "the service knows of the attempt before it begins");
        runs.fetch_add(1, Ordering::SeqCst);
        if runs.load(Ordering::SeqCst) == 1 {
            std::future::pending::<()>().await;
        }
        Ok(7)
    }
    #[durable]
    async fn flow(runs: Arc<AtomicUsize>, service: Scripted) -> Result<u32> {
        pay(&runs, &service).await
    }
    let runs = Arc::new(AtomicUsize::new(0));
    let service = Scripted::new("null");
    let (counter, known) = (runs.clone(), service.clone());
    let handler = function(move |(): ()| flow(counter.clone(), known.clone()));
    // The process dies in the middle of the first attempt.
    let died = tokio::time::timeout(Duration::from_secs(5), service.invoke(&handler)).await;
    assert!(died.is_err());
    assert_eq!(answered(service.invoke(&handler).await).status, InvocationStatus::Pending);
    assert_eq!(runs.load(Ordering::SeqCst), 1, "the interrupted attempt is not begun again");
    let interrupted = service.named("pay").unwrap();
    assert_eq!(interrupted.status, OperationStatus::Pending);
    let error = interrupted.step_details.unwrap().error.unwrap();
    assert_eq!(error.error_type.as_deref(), Some("StepFailure.Interrupted"));
    service.time_passes();
    assert_eq!(answered(service.invoke(&handler).await).result.as_deref(), Some("7"));
    assert_eq!(runs.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn defect_09_an_interrupted_at_most_once_step_without_retries_gives_its_caller_a_typed_error() {
    #[step(at_most_once, retry = none)]
    async fn pay(runs: &AtomicUsize) -> Result<u32> {
        runs.fetch_add(1, Ordering::SeqCst);
        std::future::pending().await
    }
    #[durable]
    async fn flow(runs: Arc<AtomicUsize>) -> Result<String> {
        match pay(&runs).await {
            Ok(_) => Ok("paid".into()),
            Err(error) => Ok(format!("{:?}", error.failure().map(StepFailure::kind))),
        }
    }
    let runs = Arc::new(AtomicUsize::new(0));
    let counter = runs.clone();
    let handler = function(move |(): ()| flow(counter.clone()));
    let service = Scripted::new("null");
    assert!(tokio::time::timeout(Duration::from_secs(5), service.invoke(&handler)).await.is_err());
    let response = answered(service.run(&handler).await);
    assert_eq!(response.result.as_deref(), Some("\"Some(Interrupted)\""));
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn defect_09_a_checkpoint_adds_no_time_of_its_own() {
    #[durable]
    async fn flow(_: ()) -> Result<u32> {
        for value in 0..20 {
            number(value).await?;
        }
        Ok(1)
    }
    let begun = tokio::time::Instant::now();
    let service = Scripted::new("null").latency(Duration::from_millis(10));
    answered(service.run(&function(flow)).await);
    assert_eq!(begun.elapsed(), Duration::from_millis(200), "20 requests of 10 ms, in virtual time");
}

#[tokio::test(start_paused = true)]
async fn defect_10_the_replay_flag_clears_where_the_record_ends() {
    #[durable]
    async fn flow(seen: Arc<Mutex<Vec<(&'static str, bool)>>>) -> Result<()> {
        let note = |place| {
            let replaying = Execution::current().is_some_and(|execution| execution.is_replaying());
            seen.lock().unwrap().push((place, replaying));
        };
        note("begin");
        number(1).await?;
        sleep(seconds(1)).await?;
        note("middle");
        number(2).await?;
        note("end");
        Ok(())
    }
    let seen: Arc<Mutex<Vec<_>>> = Arc::default();
    let log = seen.clone();
    let handler = function(move |(): ()| flow(log.clone()));
    let service = Scripted::new("null");
    service.run(&handler).await;
    let expected = [("begin", false), ("begin", true), ("middle", false), ("end", false)];
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[tokio::test(start_paused = true)]
async fn defect_11_what_a_branch_is_part_of_never_bleeds_into_another() {
    #[step]
    async fn who(rounds: u64) -> Result<Vec<String>> {
        let mut seen = Vec::new();
        for _ in 0..rounds {
            seen.push(StepInfo::current().map(|step| step.path()).unwrap_or_default());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(seen)
    }
    #[durable]
    async fn flow(_: ()) -> Result<bool> {
        let (a, b) = parallel!(a = who(9), b = async { who(5).named("other").await }).await?;
        assert!(StepInfo::current().is_none(), "no step outside of a step");
        let a_alone = a.iter().all(|path| path == "scripted / parallel / a / who");
        Ok(a_alone && b.iter().all(|path| path == "scripted / parallel / b / other"))
    }
    let service = Scripted::new("null");
    assert_eq!(answered(service.run(&function(flow)).await).result.as_deref(), Some("true"));
    assert!(Execution::current().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn defect_12_no_wake_up_is_lost_under_load() {
    #[durable]
    async fn flow(_: ()) -> Result<u32> {
        let values = parallel_map(0..64_u32, |value, _| {
            child!(async move {
                let first = record!("first", async {
                    tokio::task::yield_now().await;
                    Ok(value)
                })
                .await?;
                record!("second", async {
                    tokio::task::spawn(async {}).await?;
                    Ok(first)
                })
                .await
            })
        })
        .await?;
        Ok(values.len() as u32)
    }
    for _ in 0..50 {
        let service = Scripted::new("null");
        let handler = function(flow);
        let run = service.run(&handler);
        let response = tokio::time::timeout(Duration::from_secs(60), run).await.expect("the run hangs");
        assert_eq!(answered(response).result.as_deref(), Some("64"));
    }
}

#[tokio::test(start_paused = true)]
async fn defect_12_no_success_is_reported_after_a_checkpoint_that_failed() {
    let requests = {
        let service = Scripted::new("20").latency(Duration::from_millis(1));
        service.run(&function(fan_out)).await;
        service.requests().len()
    };
    for number in 1..=requests {
        for fault in [Fault::Refused, Fault::AnswerLost] {
            let service = Scripted::new("20").latency(Duration::from_millis(1));
            let service = service.fault(number, fault(ServiceError::unavailable("gone")));
            let handler = function(fan_out);
            let outcome = service.invoke(&handler).await;
            assert!(matches!(outcome, InvocationOutcome::Failed(_)), "request {number}: {outcome:?}");
            assert_eq!(answered(service.run(&handler).await).result.as_deref(), Some("190"), "and then it recovers");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn defect_14_a_changed_item_count_never_shifts_a_later_id() {
    #[durable]
    async fn flow(count: u32) -> Result<u32> {
        parallel_map(0..count, |value, _| number(value)).await?;
        let (a,) = parallel!(a = number(1)).await?;
        number(a).named("last").await
    }
    for count in ["0", "1", "77"] {
        let service = Scripted::new(count);
        service.run(&function(flow)).await;
        assert_eq!(service.named("a").unwrap().id.as_str(), "2-1");
        assert_eq!(service.named("last").unwrap().id.as_str(), "3");
    }
}

#[tokio::test(start_paused = true)]
async fn defect_15_two_unnamed_steps_of_different_functions_cannot_be_swapped_unnoticed() {
    #[durable]
    async fn before(_: ()) -> Result<()> {
        record!(number_of("a")).await?;
        record!(length_of("b")).await?;
        sleep(seconds(1)).await
    }
    #[durable]
    async fn after(_: ()) -> Result<()> {
        record!(length_of("b")).await?;
        record!(number_of("a")).await?;
        sleep(seconds(1)).await
    }
    async fn number_of(_: &str) -> Result<u32> {
        Ok(1)
    }
    async fn length_of(text: &str) -> Result<u32> {
        Ok(text.len() as u32)
    }
    let service = Scripted::new("null");
    service.invoke(&function(before)).await;
    service.time_passes();
    assert!(matches!(service.invoke(&function(after)).await, InvocationOutcome::Blocked(_)));
}

#[tokio::test(start_paused = true)]
async fn defect_17_a_stale_token_ends_the_invocation_and_not_the_execution_in_either_spelling() {
    for spelling in ["Invalid Checkpoint Token", "Invalid checkpoint token", "INVALID CHECKPOINT TOKEN (used)"] {
        let stale = ServiceError::invalid_parameter(spelling);
        let service = Scripted::new("5").fault(1, Fault::Refused(stale));
        let outcome = service.invoke(&function(fan_out)).await;
        assert!(matches!(outcome, InvocationOutcome::Failed(_)), "{spelling}: {outcome:?}");
    }
}
