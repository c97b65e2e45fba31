//! Failures of operations without a body: typed, convertible, and the same after replay.

use std::fmt;

use durable_runtime::engine::ExecutionStatus;
use durable_runtime::prelude::*;
use durable_runtime::testing::{Run, Runner, virtual_time};
use durable_runtime::{FailureKind, StepFailure};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
enum OrderError {
    Runtime(Error),
}

impl From<Error> for OrderError {
    fn from(error: Error) -> Self {
        Self::Runtime(error)
    }
}

impl fmt::Display for OrderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// Waits too long, in a block whose error is the application's.
#[durable]
async fn too_long(days_to_wait: u64) -> Result<(), OrderError> {
    let (_, ()) = parallel!(id = new_uuid(), wait = sleep(days(days_to_wait))).await?;
    current_time().await?;
    random_value::<u64>().await?;
    callback::<bool>("approval").await?;
    Ok(())
}

/// Tells failures by their kind, before and behind a suspension.
#[durable]
async fn told(_: ()) -> Result<String> {
    let kind = |error: Error| error.failure().map(StepFailure::kind);
    let before = child!("inner", async { sleep(days(400)).await }).await;
    sleep(seconds(1)).await?;
    let after = sleep(days(400)).await.map_err(kind);
    Ok(format!("{:?} {after:?}", before.map_err(kind)))
}

/// A timer is the last word of a function that returns the ready-made error.
#[durable]
async fn ready_made(_: ()) -> Result<()> {
    sleep(days(400)).await
}

fn run<In, O>(function: impl Fn(In) -> O + Send + Sync + 'static, input: &impl Serialize) -> Run
where
    In: serde::de::DeserializeOwned + Send + 'static,
    O: Operation + 'static,
    O::Output: durable_runtime::Recordable,
{
    virtual_time(async { Runner::new().await?.run("function", function, input).await }).unwrap()
}

#[test]
fn an_error_enum_takes_the_failures_of_timers_and_values_by_from() {
    let failed = run(too_long, &400);
    let error = failed.error().unwrap();
    assert_eq!((failed.status(), error.error_type.as_deref()), (ExecutionStatus::Failed, Some("OrderError")));
    let OrderError::Runtime(error) = serde_json::from_str(error.error_data.as_deref().unwrap()).unwrap();
    assert_eq!(error.failure().map(StepFailure::kind), Some(FailureKind::SettingRefused));
}

#[test]
fn a_failure_is_the_same_value_live_and_replayed() {
    assert_eq!(run(told, &()).result::<String>().unwrap(), "Err(Some(SettingRefused)) Err(Some(SettingRefused))");
}

#[test]
fn the_ready_made_error_keeps_the_failure() {
    let failed = run(ready_made, &());
    assert_eq!(failed.error().unwrap().error_type.as_deref(), Some("StepFailure.SettingRefused"));
}
