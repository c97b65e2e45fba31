//! The functions of suite `parallel`: batches of branches and their completion policies.

use durable_runtime::prelude::*;
use durable_runtime::{App, BatchResult, Child, ChildBody, CompletionReason, Outcome, Serdes, SerdesPlace, Sleep};
use serde::{Deserialize, Serialize};

/// Adds the suite's functions.
pub fn register(app: App) -> App {
    app.register("8-1", one_step_each)
        .register("8-2", without_a_name)
        .register("8-3", named_branches)
        .register("8-5", no_branches)
        .register("8-6", fail_fast)
        .register("8-7", the_first_failure_goes_on)
        .register("8-8", enough_succeeded)
        .register("8-9", one_failure_tolerated)
        .register("8-11", two_at_once)
        .register("8-12", flat)
        .register("8-13", too_large_a_share_failed)
        .register("8-15", wrapped_results)
        .register("8-16", every_branch_fails)
        .register("8-17", too_few_succeed)
        .register("8-19", no_concurrency_at_all)
        .register("8-20", accessors)
        .register("8-22", the_share_that_is_tolerated)
}

/// What a function tells of a settled batch. What a requirement does not ask for is left out.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Told {
    completion_reason: CompletionReason,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    success_count: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure_count: Option<usize>,
    total_count: usize,
}

impl Told {
    /// Reason and counts.
    pub fn counts<O>(batch: &BatchResult<O>) -> Self {
        Self {
            completion_reason: batch.completion_reason(),
            status: None,
            success_count: batch.succeeded_count(),
            failure_count: Some(batch.failed_count()),
            total_count: batch.total_count(),
        }
    }

    /// Reason, counts and status.
    pub fn all<O>(batch: &BatchResult<O>) -> Self {
        let status = if batch.is_success() { "SUCCEEDED" } else { "FAILED" };
        Self { status: Some(status.to_owned()), ..Self::counts(batch) }
    }

    /// Reason and counts, but not how many failed.
    pub fn successes<O>(batch: &BatchResult<O>) -> Self {
        Self { failure_count: None, ..Self::counts(batch) }
    }
}

#[step]
async fn task(result: &str) -> Result<String> {
    Ok(result.to_owned())
}

/// A branch that gives its value without an operation of its own, or fails.
#[durable]
async fn branch(fails: bool) -> Result<String> {
    if fails { Err("the branch has failed")? } else { Ok("ok".to_owned()) }
}

/// One branch for each, which fails where it says so.
fn branches(fails: &[bool]) -> Vec<Child<impl ChildBody<Output = Result<String>> + use<>>> {
    fails.iter().map(|fails| branch(*fails)).collect()
}

#[durable]
async fn one_step_each(_: ()) -> Result<(String, String)> {
    parallel!("parallel", first = task("task-1"), second = task("task-2")).max_concurrency(1).await
}

#[durable]
async fn without_a_name(_: ()) -> Result<(String, String)> {
    parallel!(first = async { Ok("alpha".to_owned()) }, second = async { Ok("beta".to_owned()) })
        .max_concurrency(1)
        .await
}

#[durable]
async fn named_branches(_: ()) -> Result<(String, String)> {
    parallel!("named", first = async { Ok("one".to_owned()) }, second = async { Ok("two".to_owned()) })
        .max_concurrency(1)
        .await
}

#[durable]
async fn no_branches(_: ()) -> Result<Vec<()>> {
    parallel_all(Vec::<Sleep>::new()).named("empty").await
}

#[durable]
async fn fail_fast(_: ()) -> Result<Told> {
    let batch = parallel!("failfast", first = branch(false), second = branch(true), third = branch(false))
        .max_concurrency(1)
        .tolerate_failures(0)
        .settled()
        .await?;
    Ok(Told::all(&batch))
}

#[durable]
async fn the_first_failure_goes_on(_: ()) -> Result<(String, String)> {
    parallel!("throwing", first = branch(true), second = branch(false)).max_concurrency(1).tolerate_failures(0).await
}

#[durable]
async fn enough_succeeded(_: ()) -> Result<Told> {
    let branches = branches(&[false; 4]);
    let batch = parallel_all(branches).named("min-successful").max_concurrency(1).min_successful(2).settled().await?;
    Ok(Told::successes(&batch))
}

#[durable]
async fn one_failure_tolerated(_: ()) -> Result<Told> {
    let branches = branches(&[false, true, false]);
    let batch = parallel_all(branches).named("tolerated").max_concurrency(1).tolerate_failures(1).settled().await?;
    Ok(Told::all(&batch))
}

#[durable]
async fn two_at_once(_: ()) -> Result<(String, String, String)> {
    parallel!(
        "concurrent",
        first = async { Ok("r0".to_owned()) },
        second = async { Ok("r1".to_owned()) },
        third = async { Ok("r2".to_owned()) }
    )
    .max_concurrency(2)
    .await
}

#[durable]
async fn flat(_: ()) -> Result<(String, String)> {
    parallel!("flat", first = task("fa"), second = task("fb")).max_concurrency(1).flat().await
}

#[durable]
async fn too_large_a_share_failed(_: ()) -> Result<Told> {
    let branches = branches(&[true, true, false, false]);
    let batch = parallel_all(branches)
        .named("tolerated-pct")
        .max_concurrency(1)
        .tolerate_failure_percentage(25.0)
        .settled()
        .await?;
    Ok(Told::counts(&batch))
}

/// Records a text in an envelope.
struct Envelope;

#[derive(Serialize, Deserialize)]
struct Wrapped<T> {
    wrapped: T,
}

impl Serdes<String> for Envelope {
    fn serialize(&self, value: &String, _: SerdesPlace<'_>) -> Result<String, BoxError> {
        Ok(serde_json::to_string(&Wrapped { wrapped: value })?)
    }

    fn deserialize(&self, text: &str, _: SerdesPlace<'_>) -> Result<String, BoxError> {
        Ok(serde_json::from_str::<Wrapped<String>>(text)?.wrapped)
    }
}

#[durable]
async fn wrapped_results(_: ()) -> Result<Vec<String>> {
    let branches = ["x", "y"].map(|result| child!(async move { Ok(result.to_owned()) }));
    parallel_all(branches).named("serde").item_serdes(Envelope).max_concurrency(1).await
}

#[durable]
async fn every_branch_fails(_: ()) -> Result<Told> {
    let branches = branches(&[true; 3]);
    let batch = parallel_all(branches).named("all-fail").max_concurrency(1).tolerate_failures(3).settled().await?;
    Ok(Told::all(&batch))
}

#[durable]
async fn too_few_succeed(_: ()) -> Result<Told> {
    let branches = branches(&[false, true, false]);
    let batch = parallel_all(branches).named("min-not-reached").max_concurrency(1).min_successful(3).settled().await?;
    Ok(Told::all(&batch))
}

#[durable]
async fn no_concurrency_at_all(_: ()) -> Result<(String, String)> {
    parallel!("bad-concurrency", first = branch(false), second = branch(false)).max_concurrency(0).await
}

/// What the accessors of a settled batch say.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Accessed {
    has_failure: bool,
    success_count: usize,
    failure_count: usize,
    error_count: usize,
}

#[durable]
async fn accessors(_: ()) -> Result<Accessed> {
    let branches = branches(&[false, true, false]);
    let batch = parallel_all(branches).named("accessors").max_concurrency(1).tolerate_failures(1).settled().await?;
    Ok(Accessed {
        has_failure: !batch.is_success(),
        success_count: batch.values().count(),
        failure_count: batch.outcomes.iter().filter(|outcome| Outcome::is_failed(outcome)).count(),
        error_count: batch.errors().count(),
    })
}

#[durable]
async fn the_share_that_is_tolerated(_: ()) -> Result<Told> {
    let branches = branches(&[true, false, false, false]);
    let batch = parallel_all(branches)
        .named("pct-boundary")
        .max_concurrency(1)
        .tolerate_failure_percentage(25.0)
        .settled()
        .await?;
    Ok(Told::all(&batch))
}
