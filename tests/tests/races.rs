//! `race!`: deadlines, handlers that belong to the function around them, and a race that is open when the process dies.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use durable_runtime::Race2;
use durable_runtime::engine::ExecutionStatus;
use durable_runtime::function::InvocationOutcome;
use durable_runtime::handler::function;
use durable_runtime::prelude::*;
use durable_runtime::service::ServiceError;
use durable_runtime::testing::{Run, Runner, virtual_time};
use durable_runtime::wire::{InvocationResponse, InvocationStatus, OperationStatus, SubType};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tests::{Fault, Scripted};

fn run<F, In, O>(handler: F, input: &impl Serialize) -> Run
where
    F: Fn(In) -> O + Send + Sync + 'static,
    In: DeserializeOwned + Send + 'static,
    O: Operation + 'static,
    O::Output: durable_runtime::Recordable,
{
    virtual_time(async { Runner::new().await?.run("flow", handler, input).await }).unwrap()
}

fn took(run: &Run) -> Duration {
    run.summary().ended.unwrap().since(run.summary().started)
}

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

#[step]
async fn slow(value: u32, seconds: u64) -> Result<u32> {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    Ok(value)
}

#[step(retry = none)]
async fn refused(value: u32) -> Result<u32> {
    Err(format!("{value} is refused"))?
}

#[durable]
async fn deadline(work: u64) -> Result<String> {
    let report = race!(
        done = slow(7, work) => |value| format!("done with {value}"),
        late = sleep(seconds(5)) => |()| "too late".to_owned(),
    )
    .await?;
    sleep(minutes(1)).await?;
    Ok(report)
}

#[test]
fn a_race_against_sleep_is_a_deadline() {
    for (work, expected) in [(2, "done with 7"), (20, "too late")] {
        let run = run(deadline, &work);
        assert_eq!(run.result::<String>().unwrap(), expected);
        assert_eq!(took(&run).as_secs(), 60 + work.min(5), "the loser held nobody up");
    }
}

#[test]
fn the_race_and_its_arms_are_recorded_under_their_names() {
    #[durable]
    async fn flow(_: ()) -> Result<u32> {
        race!("payment", quick = number(3) => |value| value, late = sleep(hours(1)) => |_| 0).key("card-1").await
    }
    let run = run(flow, &());
    assert_eq!(run.result::<u32>().unwrap(), 3);
    let race = run.operation("flow / payment[card-1]").unwrap();
    assert_eq!(race.status(), OperationStatus::Succeeded);
    assert_eq!(race.summary().operation.sub_type, Some(SubType::PARALLEL));
    assert_eq!(run.operation("flow / payment[card-1] / quick / number").unwrap().status(), OperationStatus::Succeeded);
    assert_eq!(took(&run), Duration::ZERO);
}

/// The handlers await, return, leave by `?`, break and go on with the loop around the race.
#[durable]
async fn leaving(inputs: Vec<u32>) -> Result<String> {
    let mut log = Vec::new();
    for input in inputs {
        let noted = race!(
            known = async { if input == 9 { refused(input).await } else { number(input).await } } => |value| match value {
                0 => return Ok(format!("returned behind {log:?}")),
                1 => {
                    let first = number(10).await?;
                    sleep(seconds(30)).await?;
                    first + number(20).named("second").await?
                }
                2 => refused(value).await?,
                3 => break,
                4 => continue,
                other => other,
            },
            late = sleep(hours(1)) => |_| return Err("too late".into()),
        )
        .await;
        match noted {
            Ok(value) => log.push(value.to_string()),
            Err(error) => log.push(format!("caught: {error}")),
        }
        sleep(seconds(1)).await?;
    }
    Ok(log.join(", "))
}

#[test]
fn handlers_are_code_of_the_function_around_the_race() {
    let result = |inputs: &[u32]| run(leaving, &inputs).result::<String>();
    assert_eq!(result(&[5, 1, 4, 6]).unwrap(), "5, 30, 6", "awaits and goes on");
    assert_eq!(result(&[5, 3, 6]).unwrap(), "5", "breaks");
    assert_eq!(result(&[7, 0, 6]).unwrap(), "returned behind [\"7\"]");
    assert_eq!(result(&[9, 6]).unwrap(), "caught: 9 is refused, 6", "an arm's error is the race's");
    let left = run(leaving, &[5, 2, 6]);
    assert_eq!(left.status(), ExecutionStatus::Failed, "`?` leaves the function, not the race");
    assert_eq!(left.error().unwrap().error_message.as_deref(), Some("2 is refused"));
}

#[test]
fn checkpoints_of_a_handler_are_the_functions_own() {
    let run = run(leaving, &[1]);
    assert_eq!(run.operation("flow / second").unwrap().status(), OperationStatus::Succeeded);
    assert_eq!(run.operation("flow / race / known / number").unwrap().status(), OperationStatus::Succeeded);
    assert_eq!(took(&run), Duration::from_secs(31));
}

#[test]
fn arms_borrow_from_the_function_and_handlers_may_change_what_they_borrowed() {
    #[durable]
    async fn flow(mut words: Vec<String>) -> Result<Vec<String>> {
        let longest = words.iter().map(String::len).max().unwrap_or_default();
        race!(
            first = async {
                let mut joined = String::new();
                for word in &words {
                    joined += &record!("copy", async { Ok(word.clone()) }).key(word).await?;
                    sleep(seconds(1)).await?;
                }
                Ok(joined)
            } => |joined| words.push(joined),
            second = async {
                sleep(seconds(2)).await?;
                Ok(words.len() + longest)
            } => |sum| {
                words.clear();
                words.push(sum.to_string());
            },
        )
        .await?;
        sleep(seconds(1)).await?;
        Ok(words)
    }
    assert_eq!(run(flow, &["a"]).result::<Vec<String>>().unwrap(), ["a", "a"]);
    assert_eq!(run(flow, &["a", "bc", "d"]).result::<Vec<String>>().unwrap(), ["5"]);
}

#[test]
fn the_first_arm_to_settle_decides_also_by_its_failure() {
    #[durable]
    async fn flow(_: ()) -> Result<String> {
        match race!(
            fails = async {
                sleep(seconds(1)).await?;
                refused(4).await
            } => |_| "an error has no handler".to_owned(),
            works = async {
                sleep(seconds(2)).await?;
                number(1).await
            } => |_| "the second to settle".to_owned(),
        )
        .await
        {
            Ok(handled) => Ok(handled),
            Err(error) => {
                sleep(seconds(5)).await?;
                Ok(error.to_string())
            }
        }
    }
    let run = run(flow, &());
    assert_eq!(run.result::<String>().unwrap(), "4 is refused");
    assert_eq!(run.operation("flow / race / fails").unwrap().status(), OperationStatus::Failed);
    assert_eq!(run.operation("flow / race").unwrap().status(), OperationStatus::Succeeded, "its record is the winner");
    assert!(run.operation("flow / race / works / number").is_none());
    assert_eq!(took(&run), Duration::from_secs(6));
}

/// Counts how many bodies were begun and how many came to their end.
#[derive(Clone, Default)]
struct Bodies(Arc<[AtomicUsize; 2]>);

impl Bodies {
    fn begun_and_ended(&self) -> (usize, usize) {
        (self.0[0].load(Ordering::SeqCst), self.0[1].load(Ordering::SeqCst))
    }
}

#[step]
async fn counted(bodies: &Bodies, seconds: u64) -> Result<u32> {
    bodies.0[0].fetch_add(1, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    bodies.0[1].fetch_add(1, Ordering::SeqCst);
    Ok(1)
}

#[test]
fn the_bodies_of_losers_are_cancelled_and_never_run_again() {
    #[durable]
    async fn flow(bodies: Bodies) -> Result<bool> {
        let won = race!(slow = counted(&bodies, 60) => |_| false, quick = slow(1, 2) => |_| true).await?;
        sleep(hours(1)).await?;
        number(1).await?;
        sleep(hours(1)).await?;
        Ok(won)
    }
    let bodies = Bodies::default();
    let counter = bodies.clone();
    let run = run(move |(): ()| flow(counter.clone()), &());
    assert!(run.result::<bool>().unwrap());
    assert_eq!(bodies.begun_and_ended(), (1, 0));
    assert_eq!(took(&run), Duration::from_secs(7202));
}

/// Both arms work first and then wait, so that the invocation ends while the race is open.
#[durable]
async fn patient(bodies: Bodies) -> Result<String> {
    race!(
        first = async {
            let value = counted(&bodies, 0).await?;
            sleep(hours(2)).await?;
            Ok(value)
        } => |value| format!("first: {value}"),
        second = async {
            let value = counted(&bodies, 0).await?;
            sleep(hours(1)).await?;
            Ok(value + 1)
        } => |value| {
            let value = value + number(40).await?;
            sleep(minutes(1)).await?;
            format!("second: {value}")
        },
    )
    .await
}

#[test]
fn a_race_that_suspends_goes_on_where_it_was() {
    let bodies = Bodies::default();
    let counter = bodies.clone();
    let run = run(move |(): ()| patient(counter.clone()), &());
    assert_eq!(run.result::<String>().unwrap(), "second: 42");
    assert_eq!(bodies.begun_and_ended(), (2, 2));
    assert_eq!(took(&run), Duration::from_secs(3660));
}

#[tokio::test(start_paused = true)]
async fn a_race_whose_request_was_lost_at_the_crash_runs_its_arms_again() {
    let bodies = Bodies::default();
    let counter = bodies.clone();
    let handler = function(move |(): ()| patient(counter.clone()));
    let service = Scripted::new("null").fault(1, Fault::Refused(ServiceError::unavailable("gone")));
    assert!(matches!(service.invoke(&handler).await, InvocationOutcome::Failed(_)));
    assert!(service.named("race").is_none());
    let response = answered(service.invoke(&handler).await);
    assert_eq!(response.status, InvocationStatus::Pending);
    assert_eq!(service.named("race").unwrap().status, OperationStatus::Started);
    assert_eq!(bodies.begun_and_ended(), (4, 4));
}

#[tokio::test(start_paused = true)]
async fn what_is_recorded_wins_a_race_that_was_open_at_the_crash() {
    /// Its first run hangs, a later one would end at once.
    #[step]
    async fn hanging(runs: &AtomicUsize) -> Result<u32> {
        if runs.fetch_add(1, Ordering::SeqCst) == 0 { std::future::pending().await } else { Ok(1) }
    }
    #[durable]
    async fn flow(runs: Arc<AtomicUsize>) -> Result<String> {
        race!(
            interrupted = hanging(&runs) => |_| "what had to run again".to_owned(),
            recorded = async {
                let value = number(2).await?;
                sleep(hours(1)).await?;
                Ok(value)
            } => |value| format!("what was recorded: {value}"),
        )
        .await
    }
    let runs = Arc::new(AtomicUsize::new(0));
    let counter = runs.clone();
    let handler = function(move |(): ()| flow(counter.clone()));
    let service = Scripted::new("null");
    let killed = tokio::time::timeout(Duration::from_secs(60), service.invoke(&handler)).await;
    assert!(killed.is_err(), "the process dies with a body that runs and a timer that is set");
    assert_eq!(service.named("interrupted").unwrap().status, OperationStatus::Started);
    service.time_passes();
    let response = answered(service.invoke(&handler).await);
    assert_eq!(response.result.as_deref(), Some("\"what was recorded: 2\""));
    assert_eq!(runs.load(Ordering::SeqCst), 1, "the interrupted body is not needed any more");
}

#[tokio::test(start_paused = true)]
async fn replay_takes_the_recorded_winner_whatever_would_win_today() {
    #[durable]
    async fn flow(first: Arc<AtomicUsize>) -> Result<String> {
        let first = first.fetch_add(1, Ordering::SeqCst) == 0;
        let value = race!(
            slow_at_first = slow(1, if first { 30 } else { 0 }) => |value| value,
            quick_at_first = slow(2, if first { 0 } else { 30 }) => |value| value,
        )
        .await?;
        sleep(seconds(1)).await?;
        Ok(value.to_string())
    }
    let invocations = Arc::new(AtomicUsize::new(0));
    let counter = invocations.clone();
    let handler = function(move |(): ()| flow(counter.clone()));
    let response = answered(Scripted::new("null").run(&handler).await);
    assert_eq!(response.result.as_deref(), Some("\"2\""));
    assert_eq!(invocations.load(Ordering::SeqCst), 2);
}

#[test]
fn without_handlers_the_winner_is_known_by_its_position() {
    fn limited<'a>(
        work: impl Operation<Output = Result<u32>> + 'a,
    ) -> impl Operation<Output = Result<Race2<u32, ()>>> + 'a {
        race!(work = work, late = sleep(seconds(5)))
    }
    #[durable]
    async fn flow(_: ()) -> Result<(bool, bool)> {
        let quick = limited(slow(1, 1)).await?;
        let late = limited(slow(1, 9)).await?;
        sleep(seconds(1)).await?;
        Ok((quick == Race2::A(1), late == Race2::B(())))
    }
    assert_eq!(run(flow, &()).result::<(bool, bool)>().unwrap(), (true, true));
}

#[test]
fn races_stand_in_races_and_in_other_blocks() {
    #[durable]
    async fn flow(limits: Vec<u64>) -> Result<Vec<u32>> {
        parallel_map(&limits, |limit, _| {
            child!(async {
                race!(
                    inner = async {
                        race!(a = slow(1, 3) => |value| value, b = sleep(seconds(7)) => |_| 0).await
                    } => |value| value * 10,
                    late = sleep(seconds(*limit)) => |_| {
                        let value = number(99).await?;
                        return Ok(value);
                    },
                )
                .await
            })
        })
        .await
    }
    let run = run(flow, &[1, 5]);
    assert_eq!(run.result::<Vec<u32>>().unwrap(), [99, 10]);
    assert_eq!(took(&run), Duration::from_secs(3));
}
