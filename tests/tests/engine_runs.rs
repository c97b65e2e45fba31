//! Durable functions on the embedded engine in virtual time: what users can count on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use durable_runtime::engine::ExecutionStatus;
use durable_runtime::prelude::*;
use durable_runtime::testing::{Run, Runner, virtual_time};
use durable_runtime::wire::{OperationStatus, OperationType};
use serde::{Deserialize, Serialize};

#[step]
async fn number(value: u32) -> Result<u32> {
    Ok(value)
}

#[durable]
async fn naps(count: u32) -> Result<u32> {
    let mut sum = 0;
    for value in 0..count {
        sum += number(value).await?;
        sleep(days(30)).await?;
    }
    Ok(sum)
}

#[test]
fn a_year_of_waiting_passes_at_once() {
    let run = virtual_time(async { Runner::new().await?.run("naps", naps, &12).await }).unwrap();
    assert_eq!(run.result::<u32>().unwrap(), 66);
    assert_eq!(run.requests(), 12);
    let (started, ended) = (run.summary().started, run.summary().ended.unwrap());
    assert_eq!(ended.since(started), Duration::from_secs(360 * 86_400));
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum ChargeError {
    Declined { reason: String, code: u16 },
    Busy,
}

impl std::fmt::Display for ChargeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Declined { reason, .. } => f.write_str(reason),
            Self::Busy => f.write_str("busy"),
        }
    }
}

impl std::error::Error for ChargeError {}

#[step(retry = none)]
async fn charge(runs: &AtomicUsize) -> Result<u32, ChargeError> {
    runs.fetch_add(1, Ordering::SeqCst);
    Err(ChargeError::Declined { reason: "card expired".into(), code: 54 })
}

#[durable]
async fn typed(runs: Arc<AtomicUsize>) -> Result<String, ChargeError> {
    let before = charge(&runs).await;
    let Err(error @ ChargeError::Declined { .. }) = before else { return Ok("not declined".into()) };
    if sleep(seconds(2)).await.is_err() {
        return Err(ChargeError::Busy);
    }
    Err(error)
}

#[test]
fn an_error_comes_back_as_the_same_variant_after_replay() {
    let runs = Arc::new(AtomicUsize::new(0));
    let counter = runs.clone();
    let run =
        virtual_time(async { Runner::new().await?.run("typed", move |(): ()| typed(counter.clone()), &()).await })
            .unwrap();
    assert_eq!(run.status(), ExecutionStatus::Failed);
    let error = run.error().unwrap();
    assert_eq!(error.error_type.as_deref(), Some("ChargeError"));
    assert_eq!(error.error_message.as_deref(), Some("card expired"));
    let value: ChargeError = serde_json::from_str(error.error_data.as_deref().unwrap()).unwrap();
    assert_eq!(value, ChargeError::Declined { reason: "card expired".into(), code: 54 });
    assert_eq!(runs.load(Ordering::SeqCst), 1, "the failed step is not run again on replay");
}

#[durable]
async fn panics_in_step(kind: String) -> Result<u32> {
    #[step(retry = fixed(max_attempts = 2, delay = "1s"))]
    async fn broken() -> Result<u32> {
        panic!("out of cheese")
    }
    match broken().await {
        Err(error) if kind == "handled" => Ok(error.message().len() as u32),
        other => other,
    }
}

#[test]
fn a_panic_in_a_step_is_a_failed_attempt_and_then_an_error() {
    let run = virtual_time(async { Runner::new().await?.run("panics", panics_in_step, "handled").await }).unwrap();
    assert_eq!(run.result::<usize>().unwrap(), "out of cheese".len());
    assert_eq!(run.operation("panics / broken").unwrap().attempts(), 2);
    let run = virtual_time(async { Runner::new().await?.run("panics", panics_in_step, "").await }).unwrap();
    assert_eq!(run.status(), ExecutionStatus::Failed);
    assert_eq!(run.error().unwrap().error_message.as_deref(), Some("out of cheese"));
    assert_eq!(run.error().unwrap().error_type.as_deref(), Some("StepFailure.Panicked"));
}

#[durable]
async fn panics_in_workflow(place: String) -> Result<u32> {
    let (a, b) = parallel!(
        a = number(1),
        b = async {
            let value = number(2).await?;
            if place == "branch" {
                panic!("lost in a branch");
            }
            Ok(value)
        },
    )
    .await?;
    if place == "root" {
        panic!("lost at the root");
    }
    Ok(a + b)
}

#[test]
fn a_panic_in_workflow_code_fails_the_execution_and_keeps_what_was_done() {
    for (place, message) in [("branch", "lost in a branch"), ("root", "lost at the root")] {
        let run = virtual_time(async { Runner::new().await?.run("flow", panics_in_workflow, place).await }).unwrap();
        assert_eq!(run.status(), ExecutionStatus::Failed, "{place}");
        assert_eq!(run.error().unwrap().error_message.as_deref(), Some(message));
        let done = run.operation("flow / parallel / b / number").unwrap();
        assert_eq!(done.status(), OperationStatus::Succeeded, "{place}");
    }
    let run = virtual_time(async { Runner::new().await?.run("flow", panics_in_workflow, "nowhere").await }).unwrap();
    assert_eq!(run.result::<u32>().unwrap(), 3);
}

#[durable]
async fn large(bytes: usize) -> Result<usize> {
    #[durable]
    async fn big(bytes: usize) -> Result<String> {
        let chunk = record!("chunk", async { Ok("x".repeat(300_000)) }).await?;
        Ok(chunk.repeat(bytes / 300_000 + 1))
    }
    let text = big(bytes).await?;
    sleep(seconds(1)).await?;
    Ok(text.len())
}

#[test]
fn a_child_result_over_256_kib_is_made_again_from_its_children() {
    let run = virtual_time(async { Runner::new().await?.run("large", large, &3_000_000).await }).unwrap();
    assert_eq!(run.result::<usize>().unwrap(), 3_300_000);
    let child = &run.operation("large / big").unwrap().summary().operation;
    let details = child.context_details.as_ref().unwrap();
    assert_eq!(details.replay_children, Some(true));
    assert_eq!(run.operation("large / big / chunk").unwrap().attempts(), 1, "its children are not run again");
}

#[durable]
async fn huge(bytes: usize) -> Result<String> {
    number(1).await?;
    Ok("y".repeat(bytes))
}

#[test]
fn a_handler_result_over_6_mb_is_checkpointed_and_kept() {
    let bytes = 7_000_000;
    let run = virtual_time(async { Runner::new().await?.run("huge", huge, &bytes).await }).unwrap();
    assert_eq!(run.result::<String>().unwrap().len(), bytes);
    let succeeded = run.history().iter().filter(|event| event.event_type == "ExecutionSucceeded").count();
    assert_eq!(succeeded, 1);
}

#[test]
fn a_step_result_over_the_limit_fails_with_the_limit_named() {
    #[durable]
    async fn flow(bytes: usize) -> Result<usize> {
        let text = record!("text", async { Ok("z".repeat(bytes)) }).await?;
        Ok(text.len())
    }
    let run = virtual_time(async { Runner::new().await?.run("flow", flow, &500_000).await }).unwrap();
    assert_eq!(run.result::<usize>().unwrap(), 500_000, "over 256 KiB is fine");
    let run = virtual_time(async { Runner::new().await?.run("flow", flow, &1_100_000).await }).unwrap();
    let message = run.error().unwrap().error_message.clone().unwrap();
    assert!(message.contains("1048576 bytes"), "{message}");
}

#[durable]
async fn together(naps: u32) -> Result<Vec<String>> {
    let (slow, quick) = parallel!(
        slow = record!("slow", async {
            tokio::time::sleep(Duration::from_secs(4)).await;
            Ok("slow".to_owned())
        }),
        quick = async {
            for _ in 0..naps {
                sleep(seconds(1)).await?;
            }
            let woken = record!("woken", async { Ok("quick".to_owned()) }).await?;
            Ok(woken)
        },
    )
    .await?;
    Ok(vec![slow, quick])
}

fn invocations(run: &Run) -> usize {
    run.history().iter().filter(|event| event.event_type == "InvocationCompleted").count()
}

#[test]
fn a_wait_beside_a_working_sibling_resumes_in_the_same_invocation() {
    let run = virtual_time(async { Runner::new().await?.run("together", together, &2).await }).unwrap();
    assert_eq!(run.result::<Vec<String>>().unwrap(), ["slow", "quick"]);
    assert_eq!(invocations(&run), 1);
    let order: Vec<_> = run.history().iter().filter(|event| event.event_type == "StepSucceeded").collect();
    assert_eq!(order[0].name.as_deref(), Some("woken"), "the quick branch did not wait for the slow one");
}

#[test]
fn a_retry_beside_a_working_sibling_resumes_in_the_same_invocation() {
    #[step(retry = fixed(max_attempts = 3, delay = "1s"))]
    async fn flaky(calls: &AtomicUsize) -> Result<u32> {
        if calls.fetch_add(1, Ordering::SeqCst) < 2 { Err("not yet")? } else { Ok(1) }
    }
    #[durable]
    async fn flow(calls: Arc<AtomicUsize>) -> Result<u32> {
        let (value, _) = parallel!(
            value = flaky(&calls),
            slow = record!("slow", async {
                tokio::time::sleep(Duration::from_secs(9)).await;
                Ok(())
            }),
        )
        .await?;
        Ok(value)
    }
    let run =
        virtual_time(async { Runner::new().await?.run("flow", |(): ()| flow(Arc::default()), &()).await }).unwrap();
    assert_eq!(run.result::<u32>().unwrap(), 1);
    assert_eq!(invocations(&run), 1);
    assert_eq!(run.operation("flow / parallel / value / flaky").unwrap().attempts(), 3);
}

#[durable]
async fn fails_fast(items: Vec<u32>) -> Result<u32> {
    let reserved = parallel_map(items, |item, _| {
        record!("reserve", async {
            tokio::time::sleep(Duration::from_secs(u64::from(item) + 1)).await;
            if item == 0 {
                Err("nothing to reserve")?;
            }
            Ok(item)
        })
        .retry(RetryPolicy::none())
    });
    match reserved.await {
        Ok(values) => Ok(values.len() as u32),
        Err(error) => Ok(error.message().len() as u32),
    }
}

#[test]
fn after_a_failure_running_bodies_are_finished_and_recorded_and_nothing_new_begins() {
    let run = virtual_time(async { Runner::new().await?.run("flow", fails_fast, &[0, 3, 7]).await }).unwrap();
    assert_eq!(run.result::<usize>().unwrap(), "nothing to reserve".len());
    for item in ["item-1", "item-2"] {
        let step = run.operation(&format!("flow / map / {item} / reserve")).unwrap();
        assert_eq!(step.status(), OperationStatus::Succeeded, "{item}: a half-made booking stays compensable");
    }
    let batch = run.operation("flow / map").unwrap();
    assert_eq!(batch.status(), OperationStatus::Succeeded);
}

#[test]
fn every_body_that_came_to_its_end_is_recorded_before_a_failed_batch_closes() {
    #[durable]
    async fn flow(items: u32) -> Result<usize> {
        let booked = parallel_map(0..items, |item, _| {
            record!("book", async {
                tokio::time::sleep(Duration::from_millis(if item == 0 { 10 } else { 50 })).await;
                if item == 0 { Err("full")? } else { Ok(item) }
            })
            .retry(RetryPolicy::none())
        });
        Ok(booked.await.map_or_else(|_| 0, |all| all.len()))
    }
    // More than fit into one request, so that some have to wait for room with their work done.
    let items = 400;
    let run = virtual_time(async { Runner::new().await?.run("flow", flow, &items).await }).unwrap();
    let booked = run
        .operations()
        .iter()
        .filter(|operation| operation.path().ends_with("/ book") && operation.status() == OperationStatus::Succeeded);
    assert_eq!(booked.count(), 399);
}

#[durable]
async fn facts(_: ()) -> Result<(u64, String, u64, bool)> {
    let time = current_time().await?;
    let uuid = new_uuid().await?;
    let roll: u64 = random_value().await?;
    sleep(seconds(5)).await?;
    let again = (current_time().named("later").await?, uuid, roll);
    let passed = again.0.duration_since(time).map_err(|_| "time ran backwards")?;
    Ok((passed.as_secs(), uuid.to_string(), roll, uuid.get_version_num() == 4))
}

#[test]
fn time_chance_and_ids_are_recorded() {
    let run = virtual_time(async { Runner::new().await?.run("facts", facts, &()).await }).unwrap();
    let (passed, uuid, roll, version_4): (u64, String, u64, bool) = run.result().unwrap();
    assert!(version_4);
    assert_eq!(passed, 5);
    let recorded = |path: &str| {
        let operation = &run.operation(path).unwrap().summary().operation;
        operation.step_details.as_ref().unwrap().result.clone().unwrap()
    };
    assert_eq!(recorded("facts / new_uuid"), serde_json::to_string(&uuid).unwrap());
    assert_eq!(recorded("facts / random_value"), serde_json::to_string(&roll).unwrap());
    let starts = run.exchanges().iter().flat_map(|exchange| &exchange.updates);
    let starts = starts.filter(|update| update.operation_type == OperationType::Step && update.payload.is_none());
    assert_eq!(starts.count(), 0, "only their SUCCEED is recorded");
}
