//! `list` and `show`: looks at a store without owning it, so that they work beside the process that runs it.

use std::path::PathBuf;

use super::exit::Exit;
use super::failure::Failure;
use super::render;
use super::terminal::Terminal;
use crate::engine::{EngineError, ListFilter, Reader};
use crate::wire::Timestamp;

/// Prints the table of executions.
pub(super) async fn list(
    store: PathBuf,
    filter: ListFilter,
    now: Timestamp,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let executions = off_the_task(move || Reader::open(store)?.list(&filter)).await?;
    if executions.is_empty() {
        terminal.say("no executions match");
        return Ok(Exit::Succeeded);
    }
    for line in render::list(&executions, now) {
        terminal.print(&line);
    }
    Ok(Exit::Succeeded)
}

/// Prints one execution as a tree.
pub(super) async fn show(
    store: PathBuf,
    id: String,
    payloads: bool,
    now: Timestamp,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let (summary, operations) = off_the_task(move || {
        let reader = Reader::open(store)?;
        let arn = reader.find(&id)?;
        Ok((reader.describe(&arn)?, reader.operations(&arn)?))
    })
    .await?;
    for line in render::show(&summary, &operations, payloads, now) {
        terminal.print(&line);
    }
    Ok(Exit::Succeeded)
}

/// Reads a store on a thread that may block.
pub(super) async fn off_the_task<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, EngineError> + Send + 'static,
) -> Result<T, Failure> {
    match tokio::task::spawn_blocking(read).await {
        Ok(result) => Ok(result?),
        Err(error) => Err(Failure::failed(format!("reading the store was cut short: {error}"))),
    }
}
