//! Operations in combination on the engine, with any one request lost, or the process killed at any one millisecond: the
//! result stays, and no step runs again whose success was recorded.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use durable_runtime::Verdict;
use durable_runtime::clock::BoxFuture;
use durable_runtime::function::{Function, Invocation, InvocationOutcome};
use durable_runtime::handler::function;
use durable_runtime::prelude::*;
use durable_runtime::service::{DurableService, ServiceError};
use durable_runtime::testing::{Runner, virtual_time};
use durable_runtime::wire::{
    Action, CheckpointRequest, CheckpointResponse, ErrorObject, OperationType, StatePage, StateRequest,
};

/// What goes wrong, once.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Mishap {
    Refused { request: usize },
    AnswerLost { request: usize },
    Killed { invocation: usize, millis: u64 },
}

#[derive(Default)]
struct Seen {
    mishap: Option<Mishap>,
    happened: bool,
    requests: usize,
    invocations: usize,
    /// Steps whose success is recorded, and those that began after that.
    succeeded: HashSet<String>,
    ran_again: Vec<String>,
}

/// One run of a function. Clones share it.
type Course = Arc<Mutex<Seen>>;

struct Disturbed(Arc<dyn Function>, Course);

impl Function for Disturbed {
    fn invoke(&self, mut invocation: Invocation) -> BoxFuture<'static, InvocationOutcome> {
        invocation.service = Arc::new(Line(invocation.service.clone(), self.1.clone()));
        let (course, running) = (self.1.clone(), self.0.invoke(invocation));
        Box::pin(async move {
            let (number, mishap) = {
                let mut seen = course.lock().unwrap();
                seen.invocations += 1;
                (seen.invocations, seen.mishap)
            };
            let Some(Mishap::Killed { millis, .. }) =
                mishap.filter(|mishap| matches!(mishap, Mishap::Killed { invocation, .. } if *invocation == number))
            else {
                return running.await;
            };
            tokio::time::timeout(Duration::from_millis(millis), running).await.unwrap_or_else(|_| {
                course.lock().unwrap().happened = true;
                InvocationOutcome::Failed(ErrorObject::new("Killed", "in the middle"))
            })
        })
    }
}

struct Line(Arc<dyn DurableService>, Course);

impl DurableService for Line {
    fn checkpoint(&self, request: CheckpointRequest) -> BoxFuture<'_, Result<CheckpointResponse, ServiceError>> {
        Box::pin(async move {
            let (number, mishap) = {
                let mut seen = self.1.lock().unwrap();
                seen.requests += 1;
                (seen.requests, seen.mishap)
            };
            tokio::time::sleep(Duration::from_millis(2)).await;
            if mishap == Some(Mishap::Refused { request: number }) {
                return Err(ServiceError::unavailable("refused"));
            }
            let successes = request.updates.iter();
            let successes = successes
                .filter(|update| (update.operation_type, update.action) == (OperationType::Step, Action::Succeed));
            let successes: Vec<String> = successes.map(|update| update.id.to_string()).collect();
            let answer = self.0.checkpoint(request).await?;
            self.1.lock().unwrap().succeeded.extend(successes);
            if mishap == Some(Mishap::AnswerLost { request: number }) {
                return Err(ServiceError::unavailable("lost"));
            }
            Ok(answer)
        })
    }

    fn state(&self, request: StateRequest) -> BoxFuture<'_, Result<StatePage, ServiceError>> {
        self.0.state(request)
    }
}

#[step(retry = fixed(max_attempts = 4, delay = "1s"))]
async fn work(course: &Course, value: u32, millis: u64) -> Result<u32> {
    if let Some(step) = StepInfo::current() {
        let mut seen = course.lock().unwrap();
        if seen.succeeded.contains(step.operation_id()) {
            seen.ran_again.push(step.path());
        }
    }
    tokio::time::sleep(Duration::from_millis(millis)).await;
    Ok(value)
}

#[step(retry = none)]
async fn refused(millis: u64) -> Result<u32> {
    tokio::time::sleep(Duration::from_millis(millis)).await;
    Err("refused")?
}

#[step]
async fn counted(state: u32) -> Result<u32> {
    Ok(state + 1)
}

/// One run, with or without a mishap: its result, and what was seen of it.
fn run<O>(flow: &(impl Fn(Course) -> O + Clone + Send + Sync + 'static), mishap: Option<Mishap>) -> (String, Course)
where
    O: Operation<Output = Result<String>> + 'static,
{
    #[durable]
    async fn slow(value: u32) -> Result<u32> {
        sleep(hours(9)).await?;
        Ok(value)
    }
    let course = Course::default();
    course.lock().unwrap().mishap = mishap;
    let (flow, seen) = (flow.clone(), course.clone());
    let handler = Disturbed(function(move |(): ()| flow(seen.clone())), course.clone());
    let run = virtual_time(async {
        let runner = Runner::new().await?;
        runner.register("slow", slow);
        runner.engine().register("flow", Arc::new(handler));
        let arn = runner.start("flow", &()).await?;
        tokio::time::timeout(days(30), runner.finish(&arn)).await?
    });
    let result = run.and_then(|run| run.result::<String>()).unwrap_or_else(|error| panic!("{mishap:?}: {error}"));
    assert!(course.lock().unwrap().ran_again.is_empty(), "{mishap:?}: {:?}", course.lock().unwrap().ran_again);
    (result, course)
}

/// Whatever goes wrong, the result is the one of an undisturbed run.
fn undisturbed_by_anything<O>(flow: impl Fn(Course) -> O + Clone + Send + Sync + 'static) -> String
where
    O: Operation<Output = Result<String>> + 'static,
{
    let (expected, course) = run(&flow, None);
    for request in 1..=course.lock().unwrap().requests {
        for mishap in [Mishap::Refused { request }, Mishap::AnswerLost { request }] {
            assert_eq!(run(&flow, Some(mishap)).0, expected, "{mishap:?}");
        }
    }
    // The later invocations of long flows are alike: the first ones stand for them.
    for invocation in 1..=course.lock().unwrap().invocations.min(8) {
        for millis in 0.. {
            let mishap = Mishap::Killed { invocation, millis };
            let (result, killed) = run(&flow, Some(mishap));
            assert_eq!(result, expected, "{mishap:?}");
            if !killed.lock().unwrap().happened {
                break;
            }
        }
    }
    expected
}

#[test]
fn arms_that_wait_for_anything_may_lose_races_in_races_in_a_batch_that_is_over_early() {
    #[step]
    async fn ask(_: String) -> Result<()> {
        Ok(())
    }
    #[durable]
    async fn flow(course: Course) -> Result<String> {
        let course = &course;
        let raced = parallel_map([1_u64, 2, 3], |item, _| {
            child!(async move {
                race!(
                    answer = async { Ok(wait_for_callback::<u32, _, _>("answer", ask).await.unwrap_or(0)) },
                    called = async { Ok(invoke::<u32>("slow", &item).await.unwrap_or(0)) },
                    polled = wait_for_condition(0, counted).every(minutes(4)).until(|state| *state > 1000),
                    inner = async {
                        race!(
                            worked = async {
                                work(course, 7, 3).await?;
                                commit().await;
                                sleep(hours(9)).await?;
                                Ok(7)
                            } => |value| value,
                            called_back = async {
                                let answer = callback::<u32>("raw").timeout(hours(20)).await?;
                                Ok(answer.result().await.unwrap_or(3))
                            } => |value| value,
                            first = async {
                                sleep(seconds(1000 * item)).await?;
                                work(course, 5, 4).await
                            } => |value| value,
                            free = async {
                                untracked(tokio::time::sleep(Duration::from_millis(5))).await;
                                sleep(hours(8)).await?;
                                Ok(8)
                            } => |value| value,
                        )
                        .await
                    },
                )
                .await
                .map(|winner| format!("{winner:?}"))
            })
        })
        .min_successful(2)
        .settled()
        .await?;
        sleep(hours(30)).await?;
        Ok(format!("{:?}", raced.outcomes))
    }
    assert_eq!(undisturbed_by_anything(flow), r#"[Succeeded("D(5)"), Succeeded("D(5)"), Unfinished]"#);
}

#[test]
fn a_predicate_ends_a_batch_alike_live_and_over_its_records() {
    #[durable]
    async fn flow(course: Course, cancel: bool) -> Result<String> {
        let course = &course;
        let batch = parallel_map([30_u64, 10, 50, 20, 40, 15], |millis, index| {
            child!(async move {
                let value = work(course, millis as u32, millis).await?;
                if index == 3 { refused(1).await } else { Ok(value) }
            })
        })
        .max_concurrency(4)
        .complete_when(|so_far| if so_far.succeeded * so_far.failed > 0 { Verdict::Failed } else { Verdict::GoOn });
        let settled = if cancel { batch.cancel_running() } else { batch.finish_running() }.settled().await?;
        sleep(seconds(30)).await?;
        Ok(format!("{:?} of {}", settled.values().collect::<Vec<_>>(), settled.total_count()))
    }
    assert_eq!(undisturbed_by_anything(|course| flow(course, false)), "[30, 10, 50, 40] of 5");
    assert_eq!(undisturbed_by_anything(|course| flow(course, true)), "[10] of 5");
}

#[test]
fn conditions_races_and_sagas_are_tried_again_beside_functions_that_write_through() {
    #[durable(write_through)]
    async fn through(course: Course, base: u32) -> Result<u32> {
        Ok(work(&course, base, 2).await? + work(&course, base, 1).named("second").await?)
    }
    #[durable]
    async fn flow(course: Course) -> Result<String> {
        let seen = &course;
        let policy = || RetryPolicy::fixed(seconds(2)).max_attempts(2);
        let polled = retrying(policy(), || wait_for_condition(0, counted).every(policy()).until(|state| *state > 100));
        let exhausted = polled.await.is_err_and(|error| error.failure().is_some());
        let raced = retrying(policy(), || {
            child!(async { race!(failing = refused(5) => |value| value, late = sleep(hours(1)) => |()| 1).await })
        });
        let raced = raced.await.is_err();
        let undone = retrying(policy(), || {
            saga(|undo| {
                child!(async move {
                    let batch = parallel_map([4_u32, 5, 6], |value, _| work(seen, value, 3).at_most_once().key(value));
                    let undo_batch = move |values: Vec<u32>| work(seen, values.iter().sum(), 1).named("undo");
                    undo.after(batch, undo_batch).await?;
                    refused(1).await
                })
            })
        });
        let undone = undone.await.is_err();
        let mixed = parallel!(
            through = through(course.clone(), 1),
            committed = async {
                commit().await;
                let value = work(seen, 2, 1).await?;
                commit().await;
                work(seen, value, 2).named("second").await
            },
        )
        .await?;
        Ok(format!("{exhausted} {raced} {undone} {mixed:?}"))
    }
    assert_eq!(undisturbed_by_anything(flow), "true true true (2, 2)");
}
