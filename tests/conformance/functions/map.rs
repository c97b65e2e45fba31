//! The functions of suite `map`: one branch per item, and the completion policies of batches.

use durable_runtime::prelude::*;
use durable_runtime::{App, BatchResult, Outcome, Serdes, SerdesPlace};
use serde::{Deserialize, Serialize};

use super::parallel::Told;

/// Adds the suite's functions.
pub fn register(app: App) -> App {
    app.register("9-1", one_step_each)
        .register("9-2", without_a_name)
        .register("9-4", no_items)
        .register("9-5", fail_fast)
        .register("9-6", the_first_failure_goes_on)
        .register("9-7", enough_succeeded)
        .register("9-8", one_failure_tolerated)
        .register("9-10", too_large_a_share_failed)
        .register("9-11", two_at_once)
        .register("9-12", flat)
        .register("9-14", wrapped_results)
        .register("9-16", large_results)
        .register("9-17", a_wait_afterwards)
        .register("9-19", a_whole_of_another_shape)
        .register("9-20", a_whole_of_another_shape_is_read_again)
}

#[step]
async fn greet(item: &str) -> Result<String> {
    Ok(format!("Hello, {item}!"))
}

#[step]
async fn same(item: &str) -> Result<String> {
    Ok(item.to_owned())
}

/// An item that gives its value without an operation of its own, or fails.
#[durable]
async fn item(fails: bool) -> Result<String> {
    if fails { Err("the item has failed")? } else { Ok("ok".to_owned()) }
}

#[durable]
async fn one_step_each(items: Vec<String>) -> Result<Vec<String>> {
    parallel_map(&items, |item, _| greet(item)).max_concurrency(1).await
}

#[durable]
async fn without_a_name(items: Vec<u64>) -> Result<Vec<u64>> {
    parallel_map(items, |item, _| child!(async move { Ok(item * 2) })).max_concurrency(1).await
}

#[durable]
async fn no_items(items: Vec<String>) -> Result<Vec<String>> {
    parallel_map(&items, |item, _| same(item)).named("empty").await
}

#[durable]
async fn fail_fast(_: ()) -> Result<Told> {
    let batch = parallel_map([false, true, false], |fails, _| item(fails))
        .named("failfast")
        .max_concurrency(1)
        .tolerate_failures(0)
        .settled()
        .await?;
    Ok(Told::all(&batch))
}

#[durable]
async fn the_first_failure_goes_on(_: ()) -> Result<Vec<String>> {
    let batch = parallel_map([true, false], |fails, _| item(fails))
        .named("throwing")
        .max_concurrency(1)
        .tolerate_failures(0)
        .settled()
        .await?;
    batch.into_result()
}

#[durable]
async fn enough_succeeded(_: ()) -> Result<Told> {
    let batch = parallel_map([false; 4], |fails, _| item(fails))
        .named("min-successful")
        .max_concurrency(1)
        .min_successful(2)
        .settled()
        .await?;
    Ok(Told::successes(&batch))
}

#[durable]
async fn one_failure_tolerated(_: ()) -> Result<Told> {
    let batch = parallel_map([false, true, false], |fails, _| item(fails))
        .named("tolerated")
        .max_concurrency(1)
        .tolerate_failures(1)
        .settled()
        .await?;
    Ok(Told::all(&batch))
}

#[durable]
async fn too_large_a_share_failed(_: ()) -> Result<Told> {
    let batch = parallel_map([true, true, false, false], |fails, _| item(fails))
        .named("tolerated-pct")
        .max_concurrency(1)
        .tolerate_failure_percentage(25.0)
        .settled()
        .await?;
    Ok(Told::counts(&batch))
}

#[durable]
async fn two_at_once(_: ()) -> Result<Vec<String>> {
    parallel_map(["r0", "r1", "r2"], |item, _| child!(async move { Ok(item.to_owned()) }))
        .named("concurrent")
        .max_concurrency(2)
        .await
}

#[durable]
async fn flat(_: ()) -> Result<Vec<String>> {
    parallel_map(["fa", "fb"], |item, _| same(item)).named("flat").max_concurrency(1).flat().await
}

/// Records a text behind a mark.
struct Marked;

impl Serdes<String> for Marked {
    fn serialize(&self, value: &String, _: SerdesPlace<'_>) -> Result<String, BoxError> {
        Ok(format!("wrapped:{value}"))
    }

    fn deserialize(&self, text: &str, _: SerdesPlace<'_>) -> Result<String, BoxError> {
        Ok(text.strip_prefix("wrapped:").ok_or("a text that was not recorded here")?.to_owned())
    }
}

#[durable]
async fn wrapped_results(_: ()) -> Result<Vec<String>> {
    parallel_map(["x", "y"], |item, _| child!(async move { Ok(item.to_uppercase()) }))
        .named("serdes")
        .item_serdes(Marked)
        .max_concurrency(1)
        .await
}

/// Records the values of a batch in which every item succeeded, separated by commas.
struct Commas;

type Settled = BatchResult<Vec<Outcome<String, Error>>>;

impl Serdes<Settled> for Commas {
    fn serialize(&self, settled: &Settled, _: SerdesPlace<'_>) -> Result<String, BoxError> {
        if !settled.is_success() {
            return Err("a batch with failures has no list of values".into());
        }
        let values: Vec<&str> = settled.values().map(String::as_str).collect();
        Ok(format!("OPSERDE:{}", values.join(",")))
    }

    fn deserialize(&self, text: &str, _: SerdesPlace<'_>) -> Result<Settled, BoxError> {
        let values = text.strip_prefix("OPSERDE:").ok_or("a text that was not recorded here")?;
        Ok(BatchResult::of_values(values.split(',').map(str::to_owned)))
    }
}

#[durable]
async fn a_whole_of_another_shape(_: ()) -> Result<Vec<String>> {
    parallel_map(["x", "y"], |item, _| child!(async move { Ok(item.to_uppercase()) }))
        .named("op-serde")
        .serdes(Commas)
        .max_concurrency(1)
        .await
}

#[durable]
async fn a_whole_of_another_shape_is_read_again(_: ()) -> Result<Vec<String>> {
    let upper = parallel_map(["x", "y"], |item, _| child!(async move { Ok(item.to_uppercase()) }))
        .named("op-serde-replay")
        .serdes(Commas)
        .max_concurrency(1)
        .await?;
    sleep(seconds(1)).await?;
    Ok(upper)
}

/// How many succeeded of how many.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Counts {
    success_count: usize,
    total_count: usize,
}

#[durable]
async fn large_results(_: ()) -> Result<Counts> {
    let batch = parallel_map(["a", "b", "c", "d"], |item, _| child!(async move { Ok(item.repeat(70_000)) }))
        .named("large")
        .max_concurrency(1)
        .settled()
        .await?;
    Ok(Counts { success_count: batch.succeeded_count(), total_count: batch.total_count() })
}

#[durable]
async fn a_wait_afterwards(_: ()) -> Result<Vec<String>> {
    let upper = parallel_map(["a", "b"], |item, _| child!(async move { Ok(item.to_uppercase()) }))
        .named("then-wait")
        .max_concurrency(1)
        .await?;
    sleep(seconds(1)).await?;
    Ok(upper)
}
