//! The time of an attempt is given with the attribute or where the step is called; its error takes a `StepFailure`.
#![deny(warnings)]
use std::time::Duration;

use durable_runtime::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
enum FetchError {
    Runtime(StepFailure),
    Refused,
}

impl std::fmt::Display for FetchError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("not fetched")
    }
}

impl std::error::Error for FetchError {}

impl From<StepFailure> for FetchError {
    fn from(failure: StepFailure) -> Self {
        Self::Runtime(failure)
    }
}

const LIMIT: Duration = Duration::from_millis(200);

#[step(timeout = "30s", retry = fixed(max_attempts = 3, delay = "1s"), at_most_once)]
async fn fetch(url: &str) -> Result<String, FetchError> {
    if url.is_empty() { Err(FetchError::Refused) } else { Ok(url.to_owned()) }
}

#[step(timeout = "1.5s", spawn)]
async fn spawned(url: String) -> Result<String> {
    Ok(url)
}

#[step(blocking, timeout = LIMIT)]
fn blocking(url: String) -> Result<String> {
    Ok(url)
}

#[durable]
async fn fetched(url: String) -> Result<String> {
    let first = match fetch(&url).timeout(minutes(1)).await {
        Ok(text) => text,
        Err(FetchError::Runtime(failure)) => return Ok(failure.message().to_owned()),
        Err(error @ FetchError::Refused) => return Err(error.into()),
    };
    let second = record!(async { Ok(url.clone()) }).timeout(LIMIT).await?;
    Ok(first + &second + &spawned(url.clone()).await? + &blocking(url).await?)
}

fn main() {
    drop(fetched(String::new()));
}
