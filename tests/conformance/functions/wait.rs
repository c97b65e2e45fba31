//! The functions of suite `wait`: durable timers.

use durable_runtime::App;
use durable_runtime::prelude::*;
use serde::{Deserialize, Serialize};

/// Adds the suite's functions.
pub fn register(app: App) -> App {
    app.register("2-1", basic).register("2-2", named).register("2-3", one_after_the_other).register("2-5", one_hour)
}

#[durable]
async fn basic(_: ()) -> Result<()> {
    sleep(seconds(2)).await?;
    Ok(())
}

#[durable]
async fn named(_: ()) -> Result<()> {
    sleep(seconds(2)).named("custom_wait_name").await?;
    Ok(())
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Waited {
    completed_waits: u32,
}

#[durable]
async fn one_after_the_other(_: ()) -> Result<Waited> {
    let mut completed_waits = 0;
    for name in ["wait-1", "wait-2"] {
        sleep(seconds(2)).named(name).await?;
        completed_waits += 1;
    }
    Ok(Waited { completed_waits })
}

#[durable]
async fn one_hour(_: ()) -> Result<()> {
    sleep(hours(1)).await?;
    Ok(())
}
