//! What functions write while a requirement runs: one-line JSON objects that carry the execution's ARN. Knows nothing of
//! what is expected of them.

use std::cell::RefCell;
use std::io::Write;

use durable_runtime::Execution;
use durable_runtime::logging::{self, LogLayer};
use tracing_subscriber::Registry;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;

use super::functions;

thread_local! {
    /// A requirement runs on one thread: what is written on it is the requirement's.
    static WRITTEN: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

/// Writes one line: to standard output in the program, into the requirement's log under the runner. Everything that
/// functions and plugins log goes through here.
pub fn write_line(line: &str) {
    WRITTEN.with_borrow_mut(|written| match written {
        Some(lines) => lines.extend(line.lines().map(str::to_owned)),
        None => println!("{line}"),
    });
}

/// The log of functions: an event is a line of JSON.
pub fn layer() -> LogLayer {
    let keeps = |execution: &Execution| functions::KEEP_REPLAYED.contains(&execution.function_name());
    logging::json().keep_replayed_when(keeps).write_to(Lines)
}

/// Takes each write for a line, as the layer gives it.
struct Lines;

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        write_line(String::from_utf8_lossy(line).trim_end());
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Runs `run`; what is written meanwhile is kept.
pub fn capture<R>(run: impl FnOnce() -> R) -> R {
    WRITTEN.set(Some(Vec::new()));
    let log = Registry::default().with(layer()).with(LevelFilter::INFO);
    let result = tracing::subscriber::with_default(log, run);
    WRITTEN.set(None);
    result
}

/// The lines that were kept so far.
pub fn written() -> Vec<String> {
    WRITTEN.with_borrow(|written| written.clone().unwrap_or_default())
}
