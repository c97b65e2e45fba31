//! The time of a step's attempts: an attempt over it has failed, and what follows is the retry policy's to say.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use durable_runtime::engine::ExecutionStatus;
use durable_runtime::function::InvocationOutcome;
use durable_runtime::handler::function;
use durable_runtime::prelude::*;
use durable_runtime::testing::{Run, Runner, virtual_time};
use durable_runtime::wire::OperationStatus;
use durable_runtime::{FailureKind, Recordable};
use serde::{Deserialize, Serialize};
use tests::Scripted;

fn run<F, O>(handler: F) -> Run
where
    F: Fn(()) -> O + Send + Sync + 'static,
    O: Operation + 'static,
    O::Output: Recordable,
{
    virtual_time(async { Runner::new().await?.run("flow", handler, &()).await }).unwrap()
}

fn took(run: &Run) -> Duration {
    run.summary().ended.unwrap().since(run.summary().started)
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum FetchError {
    Runtime(StepFailure),
    Refused,
}

impl std::fmt::Display for FetchError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Runtime(failure) => failure.fmt(f),
            Self::Refused => f.write_str("refused"),
        }
    }
}

impl From<StepFailure> for FetchError {
    fn from(failure: StepFailure) -> Self {
        Self::Runtime(failure)
    }
}

/// Says when it is dropped before its end.
struct Guard<'a>(&'a AtomicUsize);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Ends at once in the attempt of this number, and never before.
#[step(timeout = "30s", retry = fixed(max_attempts = 3, delay = "10s"))]
async fn fetch(ends_in: u32, dropped: &AtomicUsize) -> Result<u32, FetchError> {
    let attempt = StepInfo::current().map(|step| step.attempt()).unwrap_or_default();
    let _guard = Guard(dropped);
    if attempt < ends_in {
        std::future::pending::<()>().await;
    }
    if ends_in == 0 { Err(FetchError::Refused) } else { Ok(attempt) }
}

#[durable]
async fn fetched(ends_in: u32, dropped: Arc<AtomicUsize>) -> Result<String> {
    let ended = fetch(ends_in, &dropped).await;
    // The same value once more, read from the record.
    sleep(hours(1)).await?;
    Ok(match ended {
        Ok(attempt) => format!("attempt {attempt}"),
        Err(FetchError::Refused) => "refused".to_owned(),
        Err(FetchError::Runtime(failure)) => format!("{:?}: {failure}", failure.kind()),
    })
}

#[test]
fn an_attempt_over_its_time_has_failed_and_the_next_one_begins_by_the_policy() {
    let dropped = Arc::new(AtomicUsize::new(0));
    let counter = dropped.clone();
    let run = run(move |()| fetched(3, counter.clone()));
    assert_eq!(run.result::<String>().unwrap(), "attempt 3");
    assert_eq!(run.operation("flow / fetch").unwrap().attempts(), 3);
    assert_eq!(dropped.load(Ordering::SeqCst), 3, "every body was dropped");
    assert_eq!(took(&run), Duration::from_secs(2 * (30 + 10) + 3600), "each attempt has its own time");
}

#[test]
fn the_last_attempt_over_its_time_gives_a_typed_error_live_and_replayed() {
    let run = run(move |()| fetched(9, Arc::default()));
    let expected = "TimedOut: attempt 3 took longer than the 30s that its step gives it";
    assert_eq!(run.result::<String>().unwrap(), expected);
    let fetch = run.operation("flow / fetch").unwrap();
    assert_eq!(fetch.status(), OperationStatus::Failed);
    let error = fetch.summary().operation.step_details.as_ref().unwrap().error.as_ref().unwrap();
    assert_eq!(error.error_type.as_deref(), Some("StepFailure.TimedOut"));
}

#[test]
fn an_error_of_the_body_is_its_own() {
    assert_eq!(run(move |()| fetched(0, Arc::default())).result::<String>().unwrap(), "refused");
}

#[test]
fn the_time_is_also_given_where_a_step_is_called_and_the_ready_made_error_takes_it() {
    async fn pause(seconds: u64) -> Result<u32> {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        Ok(1)
    }
    #[durable]
    async fn flow(_: ()) -> Result<(Option<FailureKind>, Option<FailureKind>, u32)> {
        let kind = |error: Error| error.failure().map(StepFailure::kind);
        let late = record!(pause(3)).retry(RetryPolicy::none()).timeout(Duration::from_millis(2500)).await;
        #[step(spawn, timeout = "30s", retry = none)]
        async fn spawned() -> Result<u32> {
            std::future::pending().await
        }
        let spawned = spawned().await;
        let in_time = record!(pause(2)).timeout(Duration::from_millis(2500)).await?;
        Ok((late.err().and_then(kind), spawned.err().and_then(kind), in_time))
    }
    let run = run(flow);
    let expected = (Some(FailureKind::TimedOut), Some(FailureKind::TimedOut), 1);
    assert_eq!(run.result::<(Option<FailureKind>, Option<FailureKind>, u32)>().unwrap(), expected);
    assert_eq!(took(&run), Duration::from_millis(2500 + 30_000 + 2000));
}

#[test]
fn a_timeout_that_makes_no_sense_is_refused() {
    #[step]
    async fn next(state: u32) -> Result<u32> {
        Ok(state + 1)
    }
    #[durable]
    async fn none_at_all(_: ()) -> Result<u32> {
        next(1).timeout(Duration::ZERO).await
    }
    #[durable]
    async fn of_a_check(_: ()) -> Result<u32> {
        wait_for_condition(0, |state| next(state).timeout(seconds(5))).until(|state| *state > 2).await
    }
    let refused = run(none_at_all);
    assert_eq!(refused.status(), ExecutionStatus::Failed);
    assert_eq!(refused.error().unwrap().error_type.as_deref(), Some("StepFailure.SettingRefused"));
    assert!(refused.operations().is_empty());
    let check = run(of_a_check);
    assert_eq!(check.error().unwrap().error_type.as_deref(), Some("StepFailure.SettingRefused"));
    assert!(check.error().unwrap().error_message.as_deref().unwrap().contains("has a timeout"));
}

/// In real time, because virtual time stands still while a thread works.
#[tokio::test]
async fn a_blocking_body_goes_on_while_its_attempt_has_failed() {
    #[step(blocking, timeout = "20ms", retry = none)]
    fn blocked(go: Arc<Mutex<Receiver<()>>>, went_on: Sender<()>) -> Result<u32> {
        go.lock().unwrap().recv()?;
        went_on.send(())?;
        Ok(1)
    }
    #[durable]
    async fn flow(go: Arc<Mutex<Receiver<()>>>, went_on: Sender<()>) -> Result<Option<FailureKind>> {
        Ok(blocked(go, went_on).await.err().and_then(|error| error.failure().map(StepFailure::kind)))
    }
    // On a busy machine the time may be over before a thread has begun the body, which then never does.
    for _ in 0..100 {
        let ((go, wait), (went_on, ended)) = (channel(), channel());
        let wait = Arc::new(Mutex::new(wait));
        let handler = function(move |(): ()| flow(wait.clone(), went_on.clone()));
        let outcome = Scripted::new("null").run(&handler).await;
        let InvocationOutcome::Answered(response) = outcome else { panic!("no answer but {outcome:?}") };
        assert_eq!(response.result.as_deref(), Some("\"TimedOut\""));
        drop(handler);
        if go.send(()).is_ok() && ended.recv().is_ok() {
            return;
        }
    }
    panic!("no body was ever begun");
}
