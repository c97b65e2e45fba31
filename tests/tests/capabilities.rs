//! What users of other SDKs have, and users of this one as well: a test per row of our table of capabilities.
//!
//! Body-aware macros and compile-time determinism are shown by the compile-fail tests, spans and logs by the tests of
//! logging.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use durable_runtime::engine::{Engine, ExecutionStatus, StartOptions};
use durable_runtime::handler::function;
use durable_runtime::prelude::*;
use durable_runtime::service::ServiceError;
use durable_runtime::testing::{Run, Runner, VirtualClock, virtual_time};
use durable_runtime::wire::OperationStatus;
use durable_runtime::{
    Branch, CompletionReason, FileOverflow, Outcome, Progress, Race, Race2, Serdes, SerdesPlace, Verdict,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tests::{Fault, Scripted, callback_id};

#[step]
async fn number(value: u32) -> Result<u32> {
    Ok(value)
}

#[step]
async fn slow(value: u32, after: u64) -> Result<u32> {
    tokio::time::sleep(seconds(after)).await;
    Ok(value)
}

#[step(retry = none)]
async fn refused(value: u32) -> Result<u32> {
    Err(format!("{value} is refused"))?
}

/// Runs one execution of a function to its end, in virtual time.
fn run<F, In, O>(flow: F, input: &(impl Serialize + ?Sized)) -> Run
where
    F: Fn(In) -> O + Send + Sync + 'static,
    In: DeserializeOwned + Send + 'static,
    O: Operation<Output: durable_runtime::Recordable> + 'static,
{
    virtual_time(async { Runner::new().await?.run("flow", flow, input).await }).unwrap()
}

#[test]
fn branches_have_a_namespace_each_and_their_outcomes_stay_in_order() {
    #[durable]
    async fn flow(_: ()) -> Result<Vec<u32>> {
        parallel_map([3, 2, 1], |value, _| {
            child!(async move {
                let value = slow(value, u64::from(value)).await?;
                number(value * 10).await
            })
        })
        .await
    }
    let run = run(flow, &());
    assert_eq!(run.result::<Vec<u32>>().unwrap(), [30, 20, 10]);
    let ids: BTreeSet<_> = run.operations().iter().map(|operation| operation.id()).collect();
    let expected = ["1", "1-1", "1-1-1", "1-1-2", "1-2", "1-2-1", "1-2-2", "1-3", "1-3-1", "1-3-2"];
    assert_eq!(ids, BTreeSet::from(expected));
}

#[test]
fn at_most_so_many_branches_run_at_once() {
    #[durable]
    async fn flow(tally: Arc<Mutex<(usize, usize)>>) -> Result<usize> {
        let values = parallel_map(0..9, |index, _| {
            let tally = &tally;
            record!("counted", async move {
                {
                    let mut tally = tally.lock().unwrap();
                    tally.0 += 1;
                    tally.1 = tally.1.max(tally.0);
                }
                tokio::time::sleep(seconds(1 + index % 3)).await;
                tally.lock().unwrap().0 -= 1;
                Ok(index)
            })
        })
        .max_concurrency(4)
        .await?;
        Ok(values.len())
    }
    let tally = Arc::new(Mutex::new((0, 0)));
    let seen = tally.clone();
    assert_eq!(run(move |(): ()| flow(seen.clone()), &()).result::<usize>().unwrap(), 9);
    assert_eq!(*tally.lock().unwrap(), (0, 4));
}

#[test]
fn every_completion_policy_ends_a_batch_where_it_says() {
    #[durable]
    async fn flow(which: u32) -> Result<(usize, usize, CompletionReason)> {
        let batch = parallel_map([0, 1, 0, 2, 3], |value, _| {
            child!(async move { if value == 0 { refused(value).await } else { number(value).await } })
        });
        let batch = match which {
            0 => batch.min_successful(2),
            1 => batch.tolerate_failures(1),
            2 => batch.tolerate_failure_percentage(20.0),
            3 => batch.tolerate_failure_percentage(40.0),
            _ => batch.complete_when(|progress: &Progress| {
                if progress.succeeded + progress.failed < 4 { Verdict::GoOn } else { Verdict::Failed }
            }),
        };
        let settled = batch.max_concurrency(1).settled().await?;
        Ok((settled.succeeded_count(), settled.failed_count(), settled.completion_reason()))
    }
    let expected = [
        (2, 2, CompletionReason::MinSuccessfulReached),
        (1, 2, CompletionReason::FailureToleranceExceeded),
        (1, 2, CompletionReason::FailureToleranceExceeded),
        (3, 2, CompletionReason::AllCompleted),
        (2, 2, CompletionReason::CustomCompletionFailed),
    ];
    for (which, expected) in expected.into_iter().enumerate() {
        let found: (usize, usize, CompletionReason) = run(flow, &which).result().unwrap();
        assert_eq!(found, expected, "policy {which}");
    }
}

#[test]
fn a_child_is_recorded_as_succeeded_or_failed_and_a_large_result_is_made_again_from_its_children() {
    #[durable]
    async fn flow(bodies: Arc<AtomicUsize>) -> Result<(bool, usize)> {
        let failed = child!("fails", async { refused(1).await }).await.is_err();
        let large = child!("large", async {
            let part = record!("part", async {
                bodies.fetch_add(1, Ordering::SeqCst);
                Ok("x".repeat(200_000))
            })
            .await?;
            Ok(part.repeat(2))
        })
        .await?;
        sleep(seconds(1)).await?;
        Ok((failed, large.len()))
    }
    let bodies = Arc::new(AtomicUsize::new(0));
    let counter = bodies.clone();
    let run = run(move |(): ()| flow(counter.clone()), &());
    assert_eq!(run.result::<(bool, usize)>().unwrap(), (true, 400_000));
    assert_eq!(run.operation("flow / fails").unwrap().status(), OperationStatus::Failed);
    let large = run.operation("flow / large").unwrap().summary().operation.context_details.as_ref().unwrap();
    assert_eq!((large.replay_children, large.result.as_deref()), (Some(true), Some("")));
    assert_eq!(bodies.load(Ordering::SeqCst), 1);
}

#[test]
fn a_map_hands_out_items_with_their_index_and_lends_them() {
    #[durable]
    async fn flow(items: Vec<String>) -> Result<Vec<String>> {
        #[step]
        async fn label(item: &str, index: usize) -> Result<String> {
            Ok(format!("{index}: {item}"))
        }
        parallel_map(&items, |item, index| label(item, index)).await
    }
    assert_eq!(run(flow, &["a", "b"]).result::<Vec<String>>().unwrap(), ["0: a", "1: b"]);
}

#[durable]
async fn reviewed(_: ()) -> Result<String> {
    let review = callback::<String>("review").timeout(hours(1)).heartbeat(minutes(10)).await?;
    Ok(match review.result().await {
        Ok(text) => text,
        Err(CallbackError::TimedOut) => "too late".to_owned(),
        Err(CallbackError::HeartbeatLost) => "silent".to_owned(),
        Err(error) => Err(error)?,
    })
}

#[test]
fn a_callback_is_answered_or_runs_into_its_timeouts() {
    let answer_after = |heartbeats: u32, answer: bool| {
        virtual_time(async move {
            let runner = Runner::new().await?;
            runner.register("reviewed", reviewed);
            let arn = runner.start("reviewed", &()).await?;
            let id = callback_id(&runner, &arn).await;
            for _ in 0..heartbeats {
                tokio::time::sleep(minutes(9)).await;
                runner.engine().heartbeat(&id).await?;
            }
            if answer {
                runner.engine().complete_callback(&id, Ok(b"\"fine\"".to_vec())).await?;
            }
            runner.finish(&arn).await
        })
        .unwrap()
        .result::<String>()
        .unwrap()
    };
    assert_eq!(answer_after(0, true), "fine");
    assert_eq!(answer_after(3, true), "fine");
    assert_eq!(answer_after(3, false), "silent");
    assert_eq!(answer_after(6, false), "too late");
}

#[test]
fn wait_for_callback_hands_out_the_id_and_waits() {
    #[durable]
    async fn flow(ids: Arc<Mutex<Vec<String>>>) -> Result<u32> {
        #[step]
        async fn hand_out(id: String, ids: &Mutex<Vec<String>>) -> Result<()> {
            ids.lock().unwrap().push(id);
            Ok(())
        }
        Ok(wait_for_callback("answer", |id| hand_out(id, &ids)).await?)
    }
    let ids = Arc::new(Mutex::new(Vec::new()));
    let handed_out = ids.clone();
    let run = virtual_time(async {
        let runner = Runner::new().await?;
        runner.register("flow", move |(): ()| flow(handed_out.clone()));
        let arn = runner.start("flow", &()).await?;
        tokio::time::sleep(minutes(1)).await;
        let id = ids.lock().unwrap().pop().unwrap();
        runner.engine().complete_callback(&id, Ok(b"42".to_vec())).await?;
        runner.finish(&arn).await
    })
    .unwrap();
    assert_eq!(run.result::<u32>().unwrap(), 42);
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum PayError {
    Busy { wait: u32 },
    Declined,
}

impl std::fmt::Display for PayError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for PayError {}

#[test]
fn a_step_is_retried_with_jitter_while_its_error_is_worth_it_and_the_error_keeps_its_type() {
    #[step(retry = exponential(max_attempts = 9, first = "4s", jitter = half), retry_if = is_busy)]
    async fn pay() -> Result<u32, PayError> {
        match StepInfo::current().map_or(0, |step| step.attempt()) {
            attempt @ 1..4 => Err(PayError::Busy { wait: attempt }),
            _ => Err(PayError::Declined),
        }
    }
    fn is_busy(error: &PayError) -> bool {
        matches!(error, PayError::Busy { .. })
    }
    #[durable]
    async fn flow(_: ()) -> Result<bool> {
        let paid = pay().await;
        sleep(seconds(1)).await?;
        Ok(paid == Err(PayError::Declined))
    }
    let run = run(flow, &());
    assert!(run.result::<bool>().unwrap());
    assert_eq!(run.operation("flow / pay").unwrap().attempts(), 4);
    let delays: Vec<u64> = run
        .history()
        .iter()
        .filter_map(|event| event.details.retry_details.as_ref()?.next_attempt_delay_seconds)
        .collect();
    let within = delays.iter().zip([2..=4, 4..=8, 8..=16]).all(|(delay, range)| range.contains(delay));
    assert!(delays.len() == 3 && within, "{delays:?}");
}

#[tokio::test(start_paused = true)]
async fn an_at_most_once_body_never_runs_twice_for_an_attempt() {
    #[step(at_most_once, retry = none)]
    async fn once(runs: &AtomicUsize) -> Result<u32> {
        runs.fetch_add(1, Ordering::SeqCst);
        Ok(1)
    }
    #[durable]
    async fn flow(runs: Arc<AtomicUsize>) -> Result<bool> {
        Ok(once(&runs).await.is_err())
    }
    let runs = Arc::new(AtomicUsize::new(0));
    let counter = runs.clone();
    let handler = function(move |(): ()| flow(counter.clone()));
    // The body has run, and what it gave is lost with the process.
    let service = Scripted::new("null").fault(2, Fault::Refused(ServiceError::unavailable("gone")));
    service.invoke(&handler).await;
    let recovered = format!("{:?}", service.invoke(&handler).await);
    assert!(recovered.contains("true"), "{recovered}");
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[test]
fn a_function_waits_polls_and_invokes_another_for_a_tenant() {
    #[durable]
    async fn doubled(value: u32) -> Result<u32> {
        sleep(seconds(5)).await?;
        Ok(value * 2)
    }
    #[durable]
    async fn flow(_: ()) -> Result<u32> {
        sleep(hours(1)).await?;
        let counted = wait_for_condition(0, |count| number(count + 1)).every(minutes(1)).until(|count| *count == 3);
        let counted = counted.await?;
        Ok(invoke("doubled", &counted).tenant("acme").await?)
    }
    let run = virtual_time(async {
        let runner = Runner::new().await?;
        runner.register("doubled", doubled);
        runner.run("flow", flow, &()).await
    })
    .unwrap();
    assert_eq!(run.result::<u32>().unwrap(), 6);
    assert_eq!(run.summary().ended.unwrap().since(run.summary().started), seconds(3600 + 2 * 60 + 5));
    let invoked = run.history().iter().find(|event| event.event_type == "ChainedInvokeStarted").unwrap();
    assert_eq!(invoked.details.tenant_id.as_deref(), Some("acme"));
}

#[test]
fn all_any_race_and_settled_survive_a_suspension() {
    #[durable]
    async fn flow(_: ()) -> Result<(Vec<u32>, Vec<u32>, u32, usize)> {
        let all = parallel_all([number(1), number(2)]).await?;
        sleep(seconds(1)).await?;
        let any = parallel_map([0, 7, 8], |value, _| {
            child!(async move {
                if value == 0 {
                    return refused(value).await;
                }
                sleep(seconds(u64::from(value))).await?;
                number(value).await
            })
        });
        let any = any.min_successful(1).await?;
        let arms = (Branch::new("late", sleep(seconds(60))), Branch::new("early", slow(9, 3)));
        let first = match Race::<_, Error>::new("race", arms).await? {
            Race2::A(()) => 0,
            Race2::B(value) => value,
        };
        let settled = parallel!(good = number(1), bad = refused(2)).settled().await?;
        sleep(seconds(1)).await?;
        let (good, bad) = &settled.outcomes;
        Ok((all, any, first, [good.is_succeeded(), bad.is_failed()].iter().filter(|said| **said).count()))
    }
    assert_eq!(run(flow, &()).result::<(Vec<u32>, Vec<u32>, u32, usize)>().unwrap(), (vec![1, 2], vec![7], 9, 2));
}

#[test]
fn a_whole_block_is_retried() {
    #[durable]
    async fn flow(calls: Arc<AtomicUsize>) -> Result<u32> {
        retrying(RetryPolicy::fixed(seconds(10)).max_attempts(3), || {
            child!("block", async {
                sleep(seconds(1)).await?;
                let calls = &calls;
                record!("call", async { Ok(calls.fetch_add(1, Ordering::SeqCst)) }).await?;
                if calls.load(Ordering::SeqCst) < 2 { refused(0).await } else { number(2).await }
            })
        })
        .await
    }
    let calls = Arc::new(AtomicUsize::new(0));
    let run = run(move |(): ()| flow(calls.clone()), &());
    assert_eq!(run.result::<u32>().unwrap(), 2);
    assert_eq!(run.summary().ended.unwrap().since(run.summary().started), seconds(12));
}

/// Records numbers in hexadecimal.
struct Hexadecimal;

impl Serdes<u32> for Hexadecimal {
    fn serialize(&self, value: &u32, _: SerdesPlace<'_>) -> Result<String, BoxError> {
        Ok(format!("{value:x}"))
    }

    fn deserialize(&self, text: &str, _: SerdesPlace<'_>) -> Result<u32, BoxError> {
        Ok(u32::from_str_radix(text, 16)?)
    }
}

#[test]
fn a_value_is_recorded_as_its_serdes_writes_it() {
    #[durable]
    async fn flow(_: ()) -> Result<u32> {
        let one = number(255).serdes(Hexadecimal).await?;
        let more = parallel_map([16, 17], |value, _| number(value)).item_serdes(Hexadecimal).await?;
        sleep(seconds(1)).await?;
        Ok(one + more.iter().sum::<u32>())
    }
    let run = run(flow, &());
    assert_eq!(run.result::<u32>().unwrap(), 288);
    let recorded = |path: &str| {
        let operation = &run.operation(path).unwrap().summary().operation;
        let step = operation.step_details.as_ref().and_then(|details| details.result.clone());
        step.or_else(|| operation.context_details.as_ref().and_then(|details| details.result.clone())).unwrap()
    };
    assert_eq!((recorded("flow / number"), recorded("flow / map / item-1")), ("ff".to_owned(), "11".to_owned()));
}

#[test]
fn large_values_go_into_files() {
    #[durable]
    async fn flow(_: ()) -> Result<usize> {
        let text = record!("large", async { Ok("x".repeat(2_000_000)) }).await?;
        sleep(seconds(1)).await?;
        Ok(text.len())
    }
    let folder = std::env::temp_dir().join(format!("durable-capabilities-{}", std::process::id()));
    let base = folder.clone();
    let run = run(move |(): ()| flow(()).codec(FileOverflow::new(base.clone())), &());
    assert_eq!(run.result::<usize>().unwrap(), 2_000_000, "twice the service's limit");
    let large = run.operation("flow / large").unwrap().summary().operation.step_details.clone();
    assert!(large.and_then(|details| details.result).unwrap().len() < 100);
    std::fs::remove_dir_all(folder).unwrap();
}

#[durable]
async fn counted(count: u32) -> Result<u32> {
    let values = parallel_map(0..count, |value, _| number(value)).await?;
    let more = parallel_map(0..count, |value, _| {
        child!(async move {
            sleep(minutes(1)).await?;
            number(value).await
        })
    });
    Ok(more.await?.iter().chain(&values).sum())
}

#[test]
fn a_state_of_many_pages_is_read_to_its_end() {
    let result = virtual_time(async {
        let options = Engine::options().clock(Arc::new(VirtualClock::new())).page_size(3, 1 << 20);
        let engine = options.open_in_memory().await?;
        engine.register("counted", function(counted));
        let arn = engine.start("counted", "20", StartOptions::default()).await?.arn;
        Ok(engine.wait(&arn).await?.result)
    });
    assert_eq!(result.unwrap().as_deref(), Some("380"));
}

#[test]
fn time_and_identifiers_are_the_same_on_replay() {
    type Seen = Arc<Mutex<BTreeSet<String>>>;
    #[durable]
    async fn flow(invocations: Arc<AtomicUsize>, seen: Seen) -> Result<()> {
        let drawn = (current_time().await?, new_uuid().await?, random_value::<u64>().await?);
        invocations.fetch_add(1, Ordering::SeqCst);
        seen.lock().unwrap().insert(format!("{drawn:?}"));
        sleep(days(1)).await
    }
    let (invocations, seen) = (Arc::new(AtomicUsize::new(0)), Seen::default());
    let (counter, set) = (invocations.clone(), seen.clone());
    let run = run(move |(): ()| flow(counter.clone(), set.clone()), &());
    assert_eq!(run.status(), ExecutionStatus::Succeeded);
    assert_eq!((invocations.load(Ordering::SeqCst), seen.lock().unwrap().len()), (2, 1));
}

#[test]
fn the_local_runner_skips_time() {
    #[durable]
    async fn flow(_: ()) -> Result<()> {
        sleep(days(365)).await
    }
    let run = run(flow, &());
    assert_eq!(run.summary().ended.unwrap().since(run.summary().started), days(365));
}

#[test]
fn flat_branches_hang_directly_under_their_batch() {
    #[durable]
    async fn flow(_: ()) -> Result<Vec<u32>> {
        parallel_map([1, 2], |value, _| number(value)).flat().await
    }
    let run = run(flow, &());
    assert_eq!(run.result::<Vec<u32>>().unwrap(), [1, 2]);
    let under_the_batch = run.operations().iter().filter(|operation| operation.path() == "flow / map / number").count();
    assert_eq!((run.operations().len(), under_the_batch), (3, 2));
}

#[test]
fn branches_of_different_types_borrow_from_the_function() {
    #[durable]
    async fn flow(order: (String, u32)) -> Result<(String, u32, Option<bool>)> {
        #[step]
        async fn shout(text: &str) -> Result<String> {
            Ok(text.to_uppercase())
        }
        let (name, quantity) = &order;
        let settled = parallel!(
            name = shout(name),
            quantity = async {
                sleep(seconds(1)).await?;
                number(*quantity + 1).await
            },
            many = record!("many", async { Ok(*quantity > 9) })
        )
        .settled()
        .await?;
        let (Outcome::Succeeded(name), Outcome::Succeeded(quantity), many) = settled.outcomes else {
            Err("a branch has failed")?
        };
        Ok((name, quantity, many.into_value()))
    }
    let result = run(flow, &("tea", 3)).result::<(String, u32, Option<bool>)>().unwrap();
    assert_eq!(result, ("TEA".to_owned(), 4, Some(false)));
}

#[test]
fn an_engine_on_disk_goes_on_where_the_last_one_stopped() {
    let path = std::env::temp_dir().join(format!("durable-capabilities-{}.db", std::process::id()));
    let result = virtual_time(async {
        let clock = VirtualClock::new();
        let engine = Engine::options().clock(Arc::new(clock)).open(&path).await?;
        engine.register("counted", function(counted));
        let arn = engine.start("counted", "3", StartOptions::default()).await?.arn;
        tokio::time::sleep(seconds(30)).await;
        engine.close().await?;
        let engine = Engine::options().clock(Arc::new(clock)).open(&path).await?;
        engine.register("counted", function(counted));
        engine.resume().await?;
        let result = engine.wait(&arn).await?.result;
        engine.close().await?;
        Ok(result)
    });
    for suffix in ["", "-wal", "-shm", ".lock"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", path.display()));
    }
    assert_eq!(result.unwrap().as_deref(), Some("6"));
}
