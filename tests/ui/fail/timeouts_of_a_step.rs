use std::time::Duration;

use durable_runtime::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
struct Declined;

impl std::fmt::Display for Declined {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("declined")
    }
}

#[step(timeout = "0s")]
async fn no_time() -> Result<u32> {
    Ok(1)
}

#[step(timeout = 30)]
async fn without_a_unit() -> Result<u32> {
    Ok(1)
}

#[step(timeout = "5s")]
fn nothing_stops_it() -> Result<u32> {
    Ok(1)
}

#[step(timeout = "5s")]
async fn no_place_for_a_timeout() -> Result<u32, Declined> {
    Ok(1)
}

#[step]
async fn charge() -> Result<u32, Declined> {
    Ok(1)
}

#[durable]
async fn at_the_call() -> Result<u32, Declined> {
    charge().timeout(Duration::from_secs(5)).await
}

fn main() {}
