//! Callbacks, invokes, conditions, races and batch policies on the embedded engine in virtual time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use durable_runtime::engine::ExecutionStatus;
use durable_runtime::prelude::*;
use durable_runtime::testing::{Run, Runner, virtual_time};
use durable_runtime::wire::{ErrorObject, OperationStatus};
use durable_runtime::{Branch, CompletionReason, Outcome, Progress, Race, Race2, Verdict};
use tests::callback_id;

#[step]
async fn number(value: u32) -> Result<u32> {
    Ok(value)
}

#[step]
async fn slow(value: u32, seconds: u64) -> Result<u32> {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    Ok(value)
}

#[step(retry = none)]
async fn refused(value: u32) -> Result<u32> {
    Err(format!("{value} is refused"))?
}

fn invocations(run: &Run) -> usize {
    run.history().iter().filter(|event| event.event_type == "InvocationCompleted").count()
}

#[durable]
async fn approval(wait: u64) -> Result<String> {
    let approval = callback::<bool>("approval").timeout(hours(1)).await?;
    let sent = record!("send", async { Ok(approval.id().len()) }).await?;
    sleep(seconds(wait)).await?;
    Ok(match approval.result().await {
        Ok(granted) => format!("granted {granted}, id of {sent} characters: {}", sent > 0),
        Err(CallbackError::Failed(error)) => format!("refused: {}", error.error_message.unwrap_or_default()),
        Err(error) => format!("{error:?}"),
    })
}

#[test]
fn a_callback_is_created_and_read_apart_and_may_be_answered_in_between() {
    let run = virtual_time(async {
        let runner = Runner::new().await?;
        runner.register("approval", approval);
        let arn = runner.start("approval", &60).await?;
        let id = callback_id(&runner, &arn).await;
        runner.engine().complete_callback(&id, Ok(b"true".to_vec())).await?;
        runner.finish(&arn).await
    })
    .unwrap();
    assert!(run.result::<String>().unwrap().starts_with("granted true"), "{:?}", run.result::<String>());
    assert_eq!(run.operation("approval / approval").unwrap().status(), OperationStatus::Succeeded);
}

#[test]
fn a_callbacks_failure_keeps_what_the_outside_said_and_its_timeout_is_typed() {
    let answered = virtual_time(async {
        let runner = Runner::new().await?;
        runner.register("approval", approval);
        let arn = runner.start("approval", &1).await?;
        let id = callback_id(&runner, &arn).await;
        let error = ErrorObject::new("RejectedError", "not approved");
        runner.engine().complete_callback(&id, Err(error)).await?;
        runner.finish(&arn).await
    })
    .unwrap();
    assert_eq!(answered.result::<String>().unwrap(), "refused: not approved");
    let silent = virtual_time(async { Runner::new().await?.run("approval", approval, &1).await }).unwrap();
    assert_eq!(silent.result::<String>().unwrap(), "TimedOut");
}

#[durable]
async fn asked(order: String) -> Result<String, CallbackError> {
    #[step(retry = fixed(max_attempts = 2, delay = "1s"))]
    async fn ask(callback_id: String, order: &str) -> Result<()> {
        assert!(!callback_id.is_empty());
        if order == "unsendable" { Err("no such reviewer")? } else { Ok(()) }
    }
    wait_for_callback("review", |id| ask(id, &order)).heartbeat(seconds(30)).raw().await
}

#[test]
fn wait_for_callback_runs_its_submitter_and_waits_for_the_answer() {
    let run = virtual_time(async {
        let runner = Runner::new().await?;
        runner.register("asked", asked);
        let arn = runner.start("asked", "order-1").await?;
        let id = callback_id(&runner, &arn).await;
        tokio::time::sleep(seconds(20)).await;
        runner.engine().heartbeat(&id).await?;
        tokio::time::sleep(seconds(20)).await;
        runner.engine().complete_callback(&id, Ok(b"as it was sent".to_vec())).await?;
        runner.finish(&arn).await
    })
    .unwrap();
    assert_eq!(run.result::<String>().unwrap(), "as it was sent");
    assert_eq!(run.operation("asked / review / ask").unwrap().attempts(), 1);
    let silent = virtual_time(async { Runner::new().await?.run("asked", asked, "order-2").await }).unwrap();
    assert_eq!(silent.error().unwrap().error_data.as_deref(), Some("\"HeartbeatLost\""));
    let unsent = virtual_time(async { Runner::new().await?.run("asked", asked, "unsendable").await }).unwrap();
    assert_eq!(unsent.error().unwrap().error_message.as_deref(), Some("no such reviewer"));
    assert_eq!(unsent.operation("asked / review / ask").unwrap().attempts(), 2);
}

#[durable]
async fn caller(target: String) -> Result<String> {
    match invoke::<u32>(target, &5).await {
        Ok(doubled) => Ok(format!("doubled {doubled}")),
        Err(InvokeError::Failed(error)) => Ok(format!("failed: {}", error.error_message.unwrap_or_default())),
        Err(error) => Err(error.into()),
    }
}

#[durable]
async fn double(value: u32) -> Result<u32> {
    sleep(hours(1)).await?;
    Ok(value * 2)
}

#[durable]
async fn hopeless(value: u32) -> Result<u32> {
    refused(value).await
}

#[test]
fn another_function_is_invoked_and_its_error_is_its_own() {
    let invoke = |target: &'static str| {
        virtual_time(async move {
            let runner = Runner::new().await?;
            runner.register("double", double);
            runner.register("hopeless", hopeless);
            runner.run("caller", caller, target).await
        })
        .unwrap()
    };
    assert_eq!(invoke("double").result::<String>().unwrap(), "doubled 10");
    assert_eq!(invoke("hopeless").result::<String>().unwrap(), "failed: 5 is refused");
    assert!(invoke("nowhere").result::<String>().unwrap().contains("nowhere"));
}

#[durable]
async fn polled(until: u32) -> Result<u32> {
    #[step]
    async fn next(state: u32) -> Result<u32> {
        Ok(state + 1)
    }
    wait_for_condition(0, next)
        .every(RetryPolicy::fixed(seconds(2)).max_attempts(3))
        .until(|state| *state >= until)
        .named("poll")
        .await
}

#[test]
fn a_condition_carries_its_state_between_checks_and_gives_up_by_its_policy() {
    let run = virtual_time(async { Runner::new().await?.run("polled", polled, &3).await }).unwrap();
    assert_eq!(run.result::<u32>().unwrap(), 3);
    assert_eq!(run.operation("polled / poll").unwrap().attempts(), 3);
    assert_eq!(run.summary().ended.unwrap().since(run.summary().started), seconds(4));
    let run = virtual_time(async { Runner::new().await?.run("polled", polled, &9).await }).unwrap();
    assert_eq!(run.error().unwrap().error_type.as_deref(), Some("StepFailure.ChecksExhausted"));
}

#[durable]
async fn first_of(_: ()) -> Result<(Vec<u32>, u64)> {
    let begun = current_time().await?;
    let values = parallel_map([9, 0, 9], |seconds, _| slow(seconds, u64::from(seconds))).min_successful(1).await?;
    let passed = current_time().named("after").await?.duration_since(begun)?;
    Ok((values, passed.as_secs()))
}

#[test]
fn min_successful_does_not_wait_for_the_slowest_branch() {
    let run = virtual_time(async { Runner::new().await?.run("flow", first_of, &()).await }).unwrap();
    assert_eq!(run.result::<(Vec<u32>, u64)>().unwrap(), (vec![0], 0));
    assert_eq!(invocations(&run), 1);
}

#[test]
fn a_branch_that_began_before_a_suspension_counts_as_begun() {
    #[durable]
    async fn flow(flat: bool) -> Result<(usize, usize, bool)> {
        let batch = parallel_map([60, 1, 60], |delay, _| child!(async move { sleep(seconds(delay)).await }));
        let batch = if flat { batch.flat() } else { batch };
        let settled = batch.min_successful(1).settled().await?;
        sleep(hours(1)).await?;
        Ok((settled.total_count(), settled.unfinished_count(), settled.outcomes[2] == Outcome::Unfinished))
    }
    for flat in [false, true] {
        let run = virtual_time(async { Runner::new().await?.run("flow", flow, &flat).await }).unwrap();
        assert_eq!(run.result::<(usize, usize, bool)>().unwrap(), (3, 2, true), "flat: {flat}");
    }
}

#[durable]
async fn tolerant(tolerated: usize) -> Result<(usize, usize, bool, Vec<String>)> {
    let settled = parallel_map([1, 0, 2, 0, 3], |value, _| {
        child!(async move { if value == 0 { refused(value).await } else { number(value).await } })
    })
    .max_concurrency(1)
    .tolerate_failures(tolerated)
    .settled()
    .await?;
    sleep(seconds(1)).await?;
    let errors = settled.errors().map(|(index, error)| format!("{index}: {error}")).collect();
    let exceeded = settled.completion_reason() == CompletionReason::FailureToleranceExceeded;
    Ok((settled.succeeded_count(), settled.total_count(), exceeded, errors))
}

#[test]
fn failures_are_tolerated_as_far_as_was_said() {
    let run = |tolerated: usize| {
        let run = virtual_time(async { Runner::new().await?.run("flow", tolerant, &tolerated).await }).unwrap();
        run.result::<(usize, usize, bool, Vec<String>)>().unwrap()
    };
    let errors = vec!["1: 0 is refused".to_owned(), "3: 0 is refused".to_owned()];
    assert_eq!(run(2), (3, 5, false, errors.clone()));
    assert_eq!(run(1), (2, 4, true, errors));
}

#[test]
fn a_settled_tuple_has_an_outcome_for_every_branch() {
    #[durable]
    async fn flow(_: ()) -> Result<(bool, bool, String)> {
        let settled = parallel!(
            good = number(1),
            bad = async { refused(2).await },
            broken = async {
                let nothing: Vec<u32> = Vec::new();
                Ok(nothing.into_iter().max().expect("nothing at all"))
            }
        )
        .settled()
        .await?;
        sleep(seconds(1)).await?;
        let (good, bad, broken) = &settled.outcomes;
        let Outcome::Broken(failure) = broken else { return Ok((false, false, String::new())) };
        Ok((good.is_succeeded(), bad.error().is_some(), failure.message().to_owned()))
    }
    let run = virtual_time(async { Runner::new().await?.run("flow", flow, &()).await }).unwrap();
    // `Error` can express a panic, so the outcome is an error like any other.
    assert_eq!(run.result::<(bool, bool, String)>().unwrap(), (true, true, "nothing at all".into()));
}

#[test]
fn a_predicate_ends_a_batch_when_it_says_so() {
    #[durable]
    async fn flow(_: ()) -> Result<bool> {
        let enough = |progress: &Progress| match progress.succeeded {
            0 | 1 => Verdict::GoOn,
            _ => Verdict::Succeeded,
        };
        let settled =
            parallel_map(0..9, |value, _| number(value)).max_concurrency(1).complete_when(enough).settled().await?;
        Ok(settled.total_count() == 2 && settled.completion_reason() == CompletionReason::CustomCompletionSucceeded)
    }
    let run = virtual_time(async { Runner::new().await?.run("flow", flow, &()).await }).unwrap();
    assert!(run.result::<bool>().unwrap());
}

#[test]
fn a_predicate_that_says_failed_makes_the_await_an_error_even_if_no_branch_failed() {
    #[durable]
    async fn flow(_: ()) -> Result<usize> {
        let numbers = parallel_map(0..3, |value, _| number(value)).max_concurrency(1);
        let failed = numbers.complete_when(|progress: &Progress| match progress.succeeded {
            0 => Verdict::GoOn,
            _ => Verdict::Failed,
        });
        Ok(failed.await?.len())
    }
    let run = virtual_time(async { Runner::new().await?.run("flow", flow, &()).await }).unwrap();
    let error = run.result::<usize>().unwrap_err().to_string();
    assert!(error.contains("`complete_when` said that `map` has failed"), "{error}");
}

#[test]
fn settings_that_make_no_sense_are_refused_before_anything_is_recorded() {
    #[durable]
    async fn flow(which: u32) -> Result<usize> {
        let batch = parallel_map(0..3, |value, _| number(value));
        let values = match which {
            0 => batch.max_concurrency(0).await?,
            1 => batch.min_successful(4).await?,
            _ => batch.tolerate_failure_percentage(101.0).await?,
        };
        Ok(values.len())
    }
    for which in 0..3 {
        let run = virtual_time(async { Runner::new().await?.run("flow", flow, &which).await }).unwrap();
        assert_eq!(run.status(), ExecutionStatus::Failed);
        assert_eq!(run.error().unwrap().error_type.as_deref(), Some("StepFailure.SettingRefused"));
        assert!(run.operations().is_empty());
    }
}

#[test]
fn flat_branches_have_no_record_of_their_own_and_replay_all_the_same() {
    #[durable]
    async fn flow(_: ()) -> Result<Vec<u32>> {
        parallel_map([3, 4], |value, _| {
            child!(async move {
                let value = number(value).await?;
                sleep(seconds(1)).await?;
                number(value + 10).named("again").await
            })
        })
        .flat()
        .await
    }
    let run = virtual_time(async { Runner::new().await?.run("flow", flow, &()).await }).unwrap();
    assert_eq!(run.result::<Vec<u32>>().unwrap(), [13, 14]);
    let mut ids: Vec<_> = run.operations().iter().map(|operation| operation.id()).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["1", "1-1-1", "1-1-2", "1-1-3", "1-2-1", "1-2-2", "1-2-3"]);
    let parents = run.operations().iter().skip(1).map(|operation| operation.summary().operation.parent_id.unwrap());
    assert!(parents.into_iter().all(|parent| parent.as_str() == "1"));
}

#[durable]
async fn deadline(seconds: u64) -> Result<String> {
    let race = Race::<_, Error>::new(
        "race",
        (Branch::new("work", slow(7, seconds)), Branch::new("late", sleep(durable_runtime::seconds(5)))),
    );
    let winner = race.await?;
    sleep(durable_runtime::seconds(60)).await?;
    Ok(match winner {
        Race2::A(value) => format!("worked {value}"),
        Race2::B(()) => "too late".to_owned(),
    })
}

#[test]
fn a_race_is_won_by_the_first_to_settle_and_replay_takes_the_recorded_winner() {
    for (seconds, expected) in [(2, "worked 7"), (20, "too late")] {
        let run = virtual_time(async { Runner::new().await?.run("flow", deadline, &seconds).await }).unwrap();
        assert_eq!(run.result::<String>().unwrap(), expected);
        let took = run.summary().ended.unwrap().since(run.summary().started);
        assert_eq!(took.as_secs(), 60 + seconds.min(5), "the loser held nobody up");
    }
}

#[test]
fn a_block_is_retried_with_fresh_operations() {
    #[durable]
    async fn flow(calls: Arc<AtomicUsize>) -> Result<u32> {
        #[step(retry = none)]
        async fn third_time(calls: &AtomicUsize) -> Result<u32> {
            if calls.fetch_add(1, Ordering::SeqCst) < 2 { Err("not yet")? } else { Ok(3) }
        }
        retrying(RetryPolicy::fixed(seconds(10)), || {
            child!("block", async {
                number(1).await?;
                third_time(&calls).await
            })
        })
        .await
    }
    let calls = Arc::new(AtomicUsize::new(0));
    let handler = move |(): ()| flow(calls.clone());
    let run = virtual_time(async { Runner::new().await?.run("flow", handler, &()).await }).unwrap();
    assert_eq!(run.result::<u32>().unwrap(), 3);
    let blocks = run.operations().iter().filter(|operation| operation.path() == "flow / retrying / block").count();
    assert_eq!(blocks, 3);
    assert_eq!(run.summary().ended.unwrap().since(run.summary().started), seconds(20));
}
