//! Operations in combination: what one does to another when the process dies in between, when a branch loses, when the
//! user's own code panics where nobody expects it, and at the limits of the wire.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use durable_runtime::function::{Function, InvocationOutcome};
use durable_runtime::handler::function;
use durable_runtime::prelude::*;
use durable_runtime::service::ServiceError;
use durable_runtime::testing::{Run, Runner, virtual_time};
use durable_runtime::wire::{ErrorObject, InvocationResponse, InvocationStatus, OperationStatus, OperationUpdate};
use durable_runtime::{BoxError, Codec, Encrypting, Outcome, Recordable, Serdes, SerdesPlace, StepFailure};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tests::{Fault, Scripted, callback_id};

type Log = Arc<Mutex<Vec<String>>>;

fn lines(log: &Log) -> Vec<String> {
    log.lock().unwrap().clone()
}

fn run<F, In, O>(handler: F, input: &impl Serialize) -> Run
where
    F: Fn(In) -> O + Send + Sync + 'static,
    In: DeserializeOwned + Send + 'static,
    O: Operation + 'static,
    O::Output: Recordable,
{
    virtual_time(async { Runner::new().await?.run("flow", handler, input).await }).unwrap()
}

fn answered(outcome: InvocationOutcome) -> InvocationResponse {
    match outcome {
        InvocationOutcome::Answered(response) => response,
        other => panic!("no answer but {other:?}"),
    }
}

/// An invocation whose process dies while bodies run, or is found to hang.
async fn killed(service: &Scripted, handler: &Arc<dyn Function>) {
    let invocation = tokio::time::timeout(Duration::from_secs(60), service.invoke(handler)).await;
    assert!(invocation.is_err(), "it was to die with a body that runs: {invocation:?}");
}

/// An invocation that comes to an answer, however long its bodies take.
async fn ended(service: &Scripted, handler: &Arc<dyn Function>) -> InvocationResponse {
    let outcome = tokio::time::timeout(Duration::from_secs(3600), service.invoke(handler)).await;
    answered(outcome.expect("the invocation hangs"))
}

#[step]
async fn number(value: u32) -> Result<u32> {
    Ok(value)
}

#[step(retry = none)]
async fn after(value: u32, millis: u64) -> Result<u32> {
    tokio::time::sleep(Duration::from_millis(millis)).await;
    if value == 0 { Err("refused")? } else { Ok(value) }
}

/// Hangs the first time that it runs and ends at once the next: what a crash interrupts.
#[step(retry = none)]
async fn interrupted(log: &Log, name: &str) -> Result<u32> {
    let first = {
        let mut log = log.lock().unwrap();
        log.push(name.to_owned());
        log.iter().filter(|line| *line == name).count() == 1
    };
    if first { std::future::pending().await } else { Ok(1) }
}

#[tokio::test(start_paused = true)]
async fn an_at_most_once_arm_that_was_interrupted_does_not_beat_what_is_recorded() {
    #[durable]
    async fn flow(log: Log) -> Result<String> {
        race!(
            charge = interrupted(&log, "charge").at_most_once() => |_| "charged".to_owned(),
            late = sleep(hours(1)) => |()| "too late".to_owned(),
        )
        .await
    }
    let log = Log::default();
    let seen = log.clone();
    let handler = function(move |(): ()| flow(seen.clone()));
    let service = Scripted::new("null");
    killed(&service, &handler).await;
    service.time_passes();
    let response = ended(&service, &handler).await;
    assert_eq!(response.result.as_deref(), Some("\"too late\""), "{response:?}");
    assert_eq!(lines(&log), ["charge"]);
}

#[tokio::test(start_paused = true)]
async fn a_recorded_success_counts_before_a_branch_that_has_to_run_again() {
    #[durable]
    async fn flow(log: Log) -> Result<Vec<u32>> {
        parallel_map(["hangs", "naps"], |name, _| {
            let log = &log;
            child!(async move {
                if name == "hangs" {
                    return interrupted(log, name).await;
                }
                let value = number(2).await?;
                sleep(hours(1)).await?;
                Ok(value)
            })
        })
        .min_successful(1)
        .await
    }
    let log = Log::default();
    let seen = log.clone();
    let handler = function(move |(): ()| flow(seen.clone()));
    let service = Scripted::new("null");
    killed(&service, &handler).await;
    service.time_passes();
    let response = ended(&service, &handler).await;
    assert_eq!(response.result.as_deref(), Some("[2]"), "{response:?}");
    assert_eq!(lines(&log), ["hangs"], "what is not needed any more does not run again");
}

#[tokio::test(start_paused = true)]
async fn a_failed_batch_finishes_the_bodies_that_ran_also_when_the_process_died_before_it_was_over() {
    #[durable]
    async fn flow(_: ()) -> Result<String> {
        let settled = parallel_map([(0, 20), (1, 30), (2, 40)], |(value, millis), _| after(value, millis))
            .tolerate_failures(0)
            .settled()
            .await?;
        sleep(seconds(1)).await?;
        Ok(format!("{:?}", settled.outcomes.iter().map(Outcome::value).collect::<Vec<_>>()))
    }
    let handler = function(flow);
    let undisturbed = Scripted::new("null").latency(Duration::from_millis(2));
    let expected = answered(undisturbed.run(&handler).await).result.unwrap();
    assert_eq!(expected, "\"[None, Some(1), Some(2)]\"");
    let naps = |updates: &Vec<OperationUpdate>| updates.iter().any(|update| update.name.as_deref() == Some("sleep"));
    let last = undisturbed.requests().iter().position(naps).unwrap() + 1;
    let gone = Fault::Refused(ServiceError::unavailable("gone"));
    let service = Scripted::new("null").latency(Duration::from_millis(2)).fault(last, gone);
    assert!(matches!(service.invoke(&handler).await, InvocationOutcome::Failed(_)));
    assert_eq!(service.named("item-1").unwrap().status, OperationStatus::Succeeded);
    let response = answered(service.run(&handler).await);
    assert_eq!(response.result, Some(expected), "what is on record is in it, what was interrupted was finished");
}

#[tokio::test(start_paused = true)]
async fn a_recorded_arm_behind_arms_with_batches_in_them_wins_before_anything_runs_again() {
    #[durable]
    async fn flow(log: Log) -> Result<String> {
        race!(
            a = parallel!(x = interrupted(&log, "ax"), y = interrupted(&log, "ay")) => |_| "a".to_owned(),
            b = parallel!(x = interrupted(&log, "bx"), y = interrupted(&log, "by")) => |_| "b".to_owned(),
            c = interrupted(&log, "c") => |_| "c".to_owned(),
            d = async {
                let value = number(1).await?;
                sleep(hours(1)).await?;
                Ok(value)
            } => |_| "d".to_owned(),
        )
        .await
    }
    let log = Log::default();
    let seen = log.clone();
    let handler = function(move |(): ()| flow(seen.clone()));
    let service = Scripted::new("null");
    killed(&service, &handler).await;
    assert_eq!(lines(&log).len(), 5);
    service.time_passes();
    let response = ended(&service, &handler).await;
    assert_eq!(response.result.as_deref(), Some("\"d\""), "{response:?}");
    assert_eq!(lines(&log).len(), 5, "nothing ran again");
}

/// What people put into code that must not be left half-way.
struct Bomb(&'static str);

impl Drop for Bomb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("{} was dropped", self.0);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn losers_whose_guards_panic_as_they_are_dropped_harm_nobody() {
    #[step]
    async fn guarded(name: &'static str) -> Result<u32> {
        let bomb = Bomb(name);
        tokio::time::sleep(Duration::from_secs(86_400)).await;
        std::mem::forget(bomb);
        Ok(1)
    }
    #[durable]
    async fn flow(_: ()) -> Result<String> {
        let won = race!(
            first = guarded("first") => |_| 1,
            second = guarded("second") => |_| 2,
            third = after(3, 10) => |value| value,
            fourth = guarded("fourth") => |_| 4,
        )
        .await?;
        sleep(hours(1)).await?;
        Ok(won.to_string())
    }
    let handler = function(flow);
    let service = Scripted::new("null");
    let response = ended(&service, &handler).await;
    assert_eq!(response.status, InvocationStatus::Pending, "{response:?}");
    service.time_passes();
    assert_eq!(ended(&service, &handler).await.result.as_deref(), Some("\"3\""));
}

#[test]
fn a_guard_that_panics_where_a_failure_ends_its_context_does_not_hide_the_failure() {
    #[step(retry = none)]
    async fn panics(_: ()) -> Result<u32, Refusal> {
        panic!("the reason")
    }
    #[durable]
    async fn guarded(_: ()) -> Result<u32, Refusal> {
        let bomb = Bomb("the guard");
        let value = panics(()).await?;
        std::mem::forget(bomb);
        Ok(value)
    }
    #[durable]
    async fn flow(_: ()) -> Result<u32> {
        child!("outer", async || -> Result<u32> { Ok(guarded(()).await.map_err(|error| error.to_string())?) }).await
    }
    let run = run(flow, &());
    assert_eq!(run.operation("flow / outer / guarded").unwrap().status(), OperationStatus::Failed);
    assert_eq!(run.error().unwrap().error_message.as_deref(), Some("the reason"));
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Refusal {
    Long(String),
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("refused")
    }
}

#[test]
fn an_error_that_only_its_codec_makes_too_large_is_still_an_error_of_its_operation() {
    #[step(retry = none)]
    async fn refusing(bytes: usize) -> Result<u32, Refusal> {
        Err(Refusal::Long("\"".repeat(bytes)))
    }
    #[durable]
    async fn flow(bytes: usize) -> Result<String> {
        let told = child!("told", async || -> Result<usize> {
            let refused = refusing(bytes).await.err();
            sleep(seconds(1)).await?;
            Ok(refused.map_or(0, |Refusal::Long(text)| text.len()))
        })
        .await;
        sleep(seconds(1)).await?;
        Ok(match told {
            Ok(length) => length.to_string(),
            Err(error) => format!("{:?}", error.failure().map(StepFailure::kind)),
        })
    }
    for (bytes, expected) in [(5_000, "5000"), (7_000, "Some(ErrorTooLarge)")] {
        let handler = move |bytes: usize| flow(bytes).codec(Encrypting::new("key", [7; 32]));
        assert_eq!(run(handler, &bytes).result::<String>().unwrap(), expected);
    }
    assert_eq!(run(flow, &7_000).result::<String>().unwrap(), "7000", "without a codec it fits");
}

#[test]
fn a_state_that_is_too_large_to_carry_fails_its_condition_and_nothing_else() {
    #[step]
    async fn grown(state: String) -> Result<String> {
        Ok(state + &"x".repeat(700_000))
    }
    #[durable]
    async fn flow(_: ()) -> Result<String> {
        let grown =
            wait_for_condition(String::new(), grown).every(seconds(1)).until(|state| state.len() > 3_000_000).await;
        sleep(seconds(1)).await?;
        Ok(match grown {
            Ok(state) => state.len().to_string(),
            Err(error) => format!("{:?}", error.failure().map(|failure| failure.kind())),
        })
    }
    let run = run(flow, &());
    assert_eq!(run.result::<String>().unwrap(), "Some(ResultTooLarge)");
}

/// Writes down where it was written, and reads it nowhere else.
struct Placed;

impl Serdes<u32> for Placed {
    fn serialize(&self, value: &u32, place: SerdesPlace<'_>) -> Result<String, BoxError> {
        Ok(format!("{value}@{}", place.operation_id()))
    }

    fn deserialize(&self, text: &str, place: SerdesPlace<'_>) -> Result<u32, BoxError> {
        let (value, written) = text.split_once('@').ok_or("no place")?;
        if written != place.operation_id() {
            return Err(format!("written at {written}, read at {}", place.operation_id()).into());
        }
        Ok(value.parse()?)
    }
}

#[test]
fn a_serdes_of_items_is_told_one_place_for_writing_and_reading() {
    #[durable]
    async fn flow(flat: bool) -> Result<u32> {
        let batch = parallel_map([1, 2, 3], |value, _| number(value)).item_serdes(Placed);
        let values = if flat { batch.flat() } else { batch }.await?;
        sleep(seconds(1)).await?;
        Ok(values.iter().sum())
    }
    for flat in [false, true] {
        assert_eq!(run(flow, &flat).result::<u32>().unwrap(), 6);
    }
}

#[test]
fn what_the_outside_answers_is_never_taken_for_a_failure_of_the_submitter() {
    #[step]
    async fn ask(_: String) -> Result<()> {
        Ok(())
    }
    #[durable]
    async fn flow(_: ()) -> Result<String> {
        let answer = wait_for_callback::<bool, _, _>("approval", ask).await;
        sleep(seconds(1)).await?;
        Ok(match answer {
            Ok(value) => value.to_string(),
            Err(CallbackError::Failed(error)) => format!("failed: {}", error.error_type.unwrap_or_default()),
            Err(other) => format!("{other:?}"),
        })
    }
    let answers: [(Result<Vec<u8>, ErrorObject>, &str); 3] = [
        (Ok(b"\"no bool\"".to_vec()), "failed: UnreadableAnswer"),
        (Ok(serde_json::to_vec(&"x".repeat(100_000)).unwrap()), "failed: UnreadableAnswer"),
        (Err(ErrorObject::new("Declined", "x".repeat(30_000))), "failed: "),
    ];
    for (answer, expected) in answers {
        let run = virtual_time(async {
            let runner = Runner::new().await?;
            runner.register("flow", flow);
            let arn = runner.start("flow", &()).await?;
            let id = callback_id(&runner, &arn).await;
            runner.engine().complete_callback(&id, answer).await?;
            runner.finish(&arn).await
        })
        .unwrap();
        let result = run.result::<String>().unwrap();
        assert!(result.starts_with(expected), "{}", &result[..result.len().min(300)]);
    }
}

/// A build whose serdes cannot read yet what an earlier one wrote, and says so by a panic.
#[tokio::test(start_paused = true)]
async fn a_serdes_that_panics_over_a_record_blocks_the_execution_and_does_not_fail_it() {
    struct Versioned(Arc<AtomicUsize>);
    impl Serdes<u32> for Versioned {
        fn serialize(&self, value: &u32, _: SerdesPlace<'_>) -> Result<String, BoxError> {
            Ok(value.to_string())
        }

        fn deserialize(&self, text: &str, _: SerdesPlace<'_>) -> Result<u32, BoxError> {
            assert_ne!(self.0.load(Ordering::SeqCst), 2, "version 1 is not read any more");
            Ok(text.parse()?)
        }
    }
    #[durable]
    async fn flow(build: Arc<AtomicUsize>) -> Result<u32> {
        let step = number(1).serdes(Versioned(build.clone())).await?;
        let items = parallel_map([2, 3], |value, _| number(value)).item_serdes(Versioned(build)).await?;
        sleep(seconds(1)).await?;
        Ok(step + items.iter().sum::<u32>())
    }
    let build = Arc::new(AtomicUsize::new(1));
    let seen = build.clone();
    let handler = function(move |(): ()| flow(seen.clone()));
    let service = Scripted::new("null");
    assert_eq!(ended(&service, &handler).await.status, InvocationStatus::Pending);
    build.store(2, Ordering::SeqCst);
    let blocked = service.invoke(&handler).await;
    assert!(matches!(&blocked, InvocationOutcome::Blocked(report) if report.contains("version 1")), "{blocked:?}");
    build.store(3, Ordering::SeqCst);
    service.time_passes();
    assert_eq!(ended(&service, &handler).await.result.as_deref(), Some("6"));
}

#[tokio::test(start_paused = true)]
async fn a_codec_that_panics_ends_the_invocation_and_not_the_execution() {
    /// Panics at its turn, whichever way the text goes.
    struct Shaky(Arc<AtomicUsize>, usize);
    impl Shaky {
        fn text(&self, text: String) -> String {
            assert_ne!(self.0.fetch_add(1, Ordering::SeqCst), self.1, "the key store is away");
            text
        }
    }
    impl Codec for Shaky {
        fn encode(&self, text: String, _: SerdesPlace<'_>) -> Result<String, BoxError> {
            Ok(self.text(text))
        }

        fn decode(&self, text: String, _: SerdesPlace<'_>) -> Result<String, BoxError> {
            Ok(self.text(text))
        }
    }
    #[durable]
    async fn flow(_: ()) -> Result<u32> {
        let first = number(1).await?;
        sleep(seconds(1)).await?;
        let refused = after(0, 1).await.is_err();
        let both = parallel!(a = number(2), b = number(3)).await?;
        sleep(seconds(1)).await?;
        Ok(first + u32::from(refused) + both.0 + both.1)
    }
    let mut failures = 0;
    for turn in 0..20 {
        let turns = Arc::new(AtomicUsize::new(0));
        let handler = function(move |(): ()| flow(()).codec(Shaky(turns.clone(), turn)));
        let service = Scripted::new("null");
        let response = loop {
            match service.run(&handler).await {
                InvocationOutcome::Failed(error) => {
                    failures += usize::from(error.error_type.as_deref() == Some("SerdesFailed"))
                }
                outcome => break answered(outcome),
            }
        };
        assert_eq!(response.result.as_deref(), Some("7"), "turn {turn}");
    }
    assert!((10..20).contains(&failures), "{failures} turns panicked");
}
