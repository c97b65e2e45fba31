//! The functions of suite `wait_for_condition`: a state that is checked again and again until it will do.

use durable_runtime::prelude::*;
use durable_runtime::{App, Serdes, SerdesPlace};
use serde::{Deserialize, Serialize};

/// Adds the suite's functions.
pub fn register(app: App) -> App {
    app.register("6-1", until_the_threshold)
        .register("6-2", met_at_once)
        .register("6-3", named)
        .register("6-5", fixed_delay)
        .register("6-6", never_met)
        .register("6-7", a_check_that_fails)
        .register("6-9", an_object_as_state)
        .register("6-10", nothing_as_state)
        .register("6-11", a_state_of_another_shape)
        .register("6-12", then_a_step)
}

#[step]
async fn next(state: u64) -> Result<u64> {
    Ok(state + 1)
}

#[durable]
async fn until_the_threshold(threshold: u64) -> Result<u64> {
    wait_for_condition(0, next).every(seconds(1)).until(|state| *state >= threshold).await
}

#[durable]
async fn met_at_once(threshold: u64) -> Result<u64> {
    #[step]
    async fn unchanged(state: u64) -> Result<u64> {
        Ok(state)
    }
    wait_for_condition(5, unchanged).every(seconds(1)).until(|state| *state >= threshold).await
}

#[durable]
async fn named(threshold: u64) -> Result<u64> {
    wait_for_condition(0, next).named("poll-status").every(seconds(1)).until(|state| *state >= threshold).await
}

#[durable]
async fn fixed_delay(threshold: u64) -> Result<u64> {
    wait_for_condition(0, next).every(RetryPolicy::fixed(seconds(2))).until(|state| *state >= threshold).await
}

#[durable]
async fn never_met(first: u64) -> Result<u64> {
    let policy = RetryPolicy::fixed(seconds(1)).max_attempts(3);
    wait_for_condition(first, next).every(policy).until(|_| false).await
}

#[durable]
async fn a_check_that_fails(_: ()) -> Result<u64> {
    #[step]
    async fn fails(_state: u64) -> Result<u64> {
        Err("the check has failed")?
    }
    wait_for_condition(0, fails).until(|_| true).await
}

/// A job as it is asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Job {
    status: Status,
    attempts: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Status {
    Pending,
    Done,
}

#[durable]
async fn an_object_as_state(_: ()) -> Result<Job> {
    #[step]
    async fn ask(job: Job) -> Result<Job> {
        let attempts = job.attempts + 1;
        Ok(Job { status: if attempts < 2 { Status::Pending } else { Status::Done }, attempts })
    }
    let submitted = Job { status: Status::Pending, attempts: 0 };
    wait_for_condition(submitted, ask).every(seconds(1)).until(|job| job.status == Status::Done).await
}

#[durable]
async fn nothing_as_state(_: ()) -> Result<()> {
    #[step]
    async fn nothing(_state: ()) -> Result<()> {
        Ok(())
    }
    wait_for_condition((), nothing).until(|()| true).await
}

/// Records a text backwards, behind a mark.
struct Backwards;

impl Serdes<String> for Backwards {
    fn serialize(&self, value: &String, _: SerdesPlace<'_>) -> Result<String, BoxError> {
        Ok(format!("<{}", value.chars().rev().collect::<String>()))
    }

    fn deserialize(&self, text: &str, _: SerdesPlace<'_>) -> Result<String, BoxError> {
        let text = text.strip_prefix('<').ok_or("a text that was not recorded here")?;
        Ok(text.chars().rev().collect())
    }
}

#[durable]
async fn a_state_of_another_shape(_: ()) -> Result<String> {
    #[step]
    async fn longer(state: String) -> Result<String> {
        Ok(state + "x")
    }
    wait_for_condition(String::new(), longer).serdes(Backwards).every(seconds(1)).until(|state| state.len() == 2).await
}

#[durable]
async fn then_a_step(threshold: u64) -> Result<u64> {
    #[step]
    async fn tenfold(state: u64) -> Result<u64> {
        Ok(state * 10)
    }
    let state = wait_for_condition(0, next).every(seconds(1)).until(|state| *state >= threshold).await?;
    tenfold(state).await
}
