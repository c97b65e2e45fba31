//! `stop`: ends an execution, by asking the process that owns the store or, if there is none, by itself.

use std::path::PathBuf;

use super::exit::Exit;
use super::failure::Failure;
use super::inspect::off_the_task;
use super::terminal::Terminal;
use crate::engine::{ExecutionStatus, Reader, stop_in_store};
use crate::wire::ErrorObject;

/// The error that a stopped execution ends with.
const ERROR_TYPE: &str = "ExecutionStopped";

/// Stops the execution that `id` names and says how it ended.
pub(super) async fn stop(store: PathBuf, id: String, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let file = store.clone();
    let (arn, before) = off_the_task(move || {
        let reader = Reader::open(file)?;
        let arn = reader.find(&id)?;
        let summary = reader.describe(&arn)?;
        Ok((arn, summary.status))
    })
    .await?;
    if before.is_terminal() {
        terminal.say(&format!("{} had ended before ({before}): nothing was changed", arn.name()));
        return Ok(Exit::Succeeded);
    }
    terminal.say(&format!("stopping {} …", arn.name()));
    let error = ErrorObject::new(ERROR_TYPE, "stopped from the command line");
    let after = stop_in_store(&store, &arn, Some(error)).await?;
    match after.status {
        ExecutionStatus::Stopped => terminal.say(&format!("{} is stopped", arn.name())),
        ended => terminal.say(&format!("{} ended first ({ended}): nothing was stopped", arn.name())),
    }
    Ok(Exit::Succeeded)
}
