//! What `list` and `show` print of executions, as text. Reads no store and decides nothing.

use super::table::Table;
use super::{text, tree};
use crate::engine::{ExecutionSummary, OperationSummary};
use crate::error::Error;
use crate::wire::{ErrorObject, Timestamp};

/// The status of an execution, where BLOCKED comes first: the API calls it RUNNING, a person needs to know.
fn status(summary: &ExecutionSummary) -> String {
    if summary.blocked.is_some() { "BLOCKED".to_owned() } else { summary.status.to_string() }
}

/// The time an execution took, or has been running for.
fn time_of(summary: &ExecutionSummary, now: Timestamp) -> String {
    text::duration(summary.ended.unwrap_or(now).since(summary.started))
}

/// The table of `list`.
pub(super) fn list(executions: &[ExecutionSummary], now: Timestamp) -> Vec<String> {
    let mut table = Table::with_head(&["NAME", "ID", "FUNCTION", "STATUS", "STARTED (UTC)", "TIME"]);
    for summary in executions {
        let cells = vec![
            summary.name.clone(),
            summary.arn.id().to_owned(),
            summary.function.clone(),
            status(summary),
            text::date_and_time(summary.started),
            time_of(summary, now),
        ];
        table.push(cells, Vec::new());
    }
    table.lines()
}

/// The page of `show`: the execution, the tree of its operations, and why it is BLOCKED.
pub(super) fn show(
    summary: &ExecutionSummary,
    operations: &[OperationSummary],
    payloads: bool,
    now: Timestamp,
) -> Vec<String> {
    let mut lines = vec![format!("{}  {}  {}", summary.function, summary.name, status(summary))];
    let mut fact = |name: &str, value: String| lines.push(format!("  {name:9}{value}"));
    fact("arn", summary.arn.to_string());
    fact("started", format!("{} UTC", text::date_and_time(summary.started)));
    match summary.ended {
        Some(ended) => fact("ended", format!("{} UTC, after {}", text::date_and_time(ended), time_of(summary, now))),
        None => fact("running", format!("for {}", time_of(summary, now))),
    }
    if let Some(parent) = &summary.parent {
        fact("invoked by", format!(" {} ({})", parent.name(), parent.id()));
    }
    fact("input", payload(&summary.input, payloads));
    if let Some(result) = &summary.result {
        fact("result", payload(result, payloads));
    }
    if let Some(error) = &summary.error {
        fact("error", error_text(error, payloads));
    }
    lines.push(String::new());
    lines.extend(tree::tree(operations, summary.status.is_terminal(), payloads, now));
    if let Some(report) = &summary.blocked {
        lines.extend([String::new(), "BLOCKED: today's code does not fit this history".to_owned()]);
        lines.extend(text::clean(report).lines().map(|line| format!("  {line}")));
    }
    lines
}

/// A payload, or how much of it there is.
pub(super) fn payload(json: &str, payloads: bool) -> String {
    if payloads {
        text::clean(&text::one_line(json))
    } else {
        format!("{} (shown with --payloads)", text::count(json.len(), "byte"))
    }
}

/// An error's type and message, and behind them what caused it, as far as that is not in the message already.
pub(super) fn error_line(error: &ErrorObject) -> String {
    let recorded = error.error_data.as_deref().and_then(|data| serde_json::from_str::<Error>(data).ok());
    let recorded = recorded.filter(|recorded| error.error_message.as_deref() == Some(recorded.message()));
    let mut said = error.to_string();
    for source in recorded.iter().flat_map(Error::sources) {
        if !said.contains(source) {
            said = format!("{said}: {source}");
        }
    }
    text::clean(&said)
}

/// An error's line, which is what a person looks for; its data only on request.
pub(super) fn error_text(error: &ErrorObject, payloads: bool) -> String {
    let said = error_line(error).replace('\n', "\n           ");
    match error.error_data.as_ref().filter(|_| payloads) {
        Some(data) => format!("{said}  {}", text::clean(&text::one_line(data))),
        None => said,
    }
}
