//! The few lines that every example needs around its durable function.

use std::io::Write;
use std::path::PathBuf;

use durable_runtime::prelude::*;
use durable_runtime::{App, BoxError};

/// Runs the command line; called without arguments, starts an execution with `input`, so that every example shows
/// something at once.
///
/// # Errors
/// As [`App::run`].
pub async fn run(app: App, input: &str) -> Result<(), BoxError> {
    if std::env::args_os().len() > 1 { app.run().await } else { app.run_with(["start", input]).await }
}

/// Where an example keeps files of its own: beside the program's store.
#[cfg(feature = "engine")]
#[must_use]
pub fn home(app: &App) -> PathBuf {
    app.store_path()
}

/// Where an example keeps files of its own: on AWS Lambda there is only a folder that goes with the process, so what an
/// example does there is for show.
#[cfg(not(feature = "engine"))]
#[must_use]
pub fn home(_app: &App) -> PathBuf {
    std::env::temp_dir().join("example")
}

/// Says which step body runs, and in which attempt. A step that is replayed says nothing, which is the point.
pub fn ran() {
    if let Some(step) = StepInfo::current() {
        // Unlike `eprintln!`, which panics when nobody reads any more.
        let _ = writeln!(std::io::stderr(), "ran {} attempt {}", step.path(), step.attempt());
    }
}

/// The key that makes this step's effect happen once: the same in every attempt, also in another process.
#[must_use]
pub fn key() -> String {
    StepInfo::current().map(|step| step.idempotency_key()).unwrap_or_default()
}
