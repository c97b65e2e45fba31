//! Tables and trees of what the store holds, as text. Reads no store and decides nothing.

use std::collections::BTreeMap;

use super::progress::status_word;
use super::text;
use crate::engine::{ExecutionSummary, OperationSummary};
use crate::wire::{ErrorObject, Operation, OperationId, OperationStatus, OperationType, Timestamp};

/// The words for the service's sub-types.
const KINDS: [(&str, &str); 12] = [
    ("Step", "step"),
    ("Wait", "wait"),
    ("Callback", "callback"),
    ("WaitForCallback", "wait for callback"),
    ("ChainedInvoke", "invoke"),
    ("RunInChildContext", "child"),
    ("Parallel", "parallel"),
    ("ParallelBranch", "branch"),
    ("Map", "map"),
    ("MapIteration", "item"),
    ("WaitForCondition", "wait for condition"),
    ("RetryError", "retrying"),
];

/// A table: columns as wide as their widest cell, the last one ragged.
struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    fn with_head(head: &[&str]) -> Self {
        Self { rows: vec![head.iter().map(|cell| (*cell).to_owned()).collect()] }
    }

    fn lines(&self) -> Vec<String> {
        let columns = self.rows.first().map_or(0, Vec::len);
        let letters = |cell: &String| cell.chars().count();
        let width = |column: usize| self.rows.iter().filter_map(|row| row.get(column)).map(letters).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        self.rows.iter().map(line).collect()
    }
}

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
        table.rows.push(vec![
            summary.name.clone(),
            summary.arn.id().to_owned(),
            summary.function.clone(),
            status(summary),
            text::date_and_time(summary.started),
            time_of(summary, now),
        ]);
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
    lines.extend(tree(operations, payloads, now));
    if let Some(report) = &summary.blocked {
        lines.extend([String::new(), "BLOCKED: today's code does not fit this history".to_owned()]);
        lines.extend(text::clean(report).lines().map(|line| format!("  {line}")));
    }
    lines
}

/// A payload, or how much of it there is.
fn payload(json: &str, payloads: bool) -> String {
    if payloads {
        text::clean(&text::one_line(json))
    } else {
        format!("{} (shown with --payloads)", text::count(json.len(), "byte"))
    }
}

/// An error's type and message, which are what a person looks for; its data only on request.
fn error_text(error: &ErrorObject, payloads: bool) -> String {
    let said = text::clean(&error.to_string()).replace('\n', "\n           ");
    match error.error_data.as_ref().filter(|_| payloads) {
        Some(data) => format!("{said}  {}", text::clean(&text::one_line(data))),
        None => said,
    }
}

fn tree(operations: &[OperationSummary], payloads: bool, now: Timestamp) -> Vec<String> {
    let known: std::collections::BTreeSet<OperationId> =
        operations.iter().map(|summary| summary.operation.id).collect();
    let mut children: BTreeMap<Option<OperationId>, Vec<&OperationSummary>> = BTreeMap::new();
    for summary in operations.iter().filter(|summary| summary.operation.operation_type != OperationType::Execution) {
        let parent = summary.operation.parent_id.filter(|parent| known.contains(parent));
        let at_root = parent.is_none_or(|parent| is_execution(operations, parent));
        children.entry(parent.filter(|_| !at_root)).or_default().push(summary);
    }
    if children.is_empty() {
        return vec!["no operations yet".to_owned()];
    }
    let mut table = Table::with_head(&["OPERATION", "TYPE", "STATUS", "ATTEMPTS", "TIME"]);
    let mut below: Vec<(usize, Vec<String>)> = Vec::new();
    // A stack rather than recursion: depth is the user's choice.
    let mut stack: Vec<(&OperationSummary, String, String)> = children_of(&children, None, "", true);
    while let Some((summary, lead, indent)) = stack.pop() {
        let operation = &summary.operation;
        let name = operation.name.as_deref().unwrap_or_else(|| operation.id.as_str());
        table.rows.push(vec![
            format!("{lead}{}", text::clean(name)),
            kind(operation),
            state(summary, now),
            attempts(operation),
            summary.duration.map(text::duration).unwrap_or_default(),
        ]);
        below.push((
            table.rows.len(),
            details(operation, payloads).iter().map(|line| format!("{indent}    {line}")).collect(),
        ));
        stack.extend(children_of(&children, Some(operation.id), &indent, false));
    }
    let mut lines = table.lines();
    for (row, details) in below.into_iter().rev() {
        lines.splice(row..row, details);
    }
    lines
}

fn is_execution(operations: &[OperationSummary], id: OperationId) -> bool {
    let first = operations.iter().find(|summary| summary.operation.operation_type == OperationType::Execution);
    first.is_some_and(|summary| summary.operation.id == id)
}

/// The operations of one context, last first as a stack wants them, each with the lead of its own line and the indent
/// of what is below it.
fn children_of<'a>(
    children: &BTreeMap<Option<OperationId>, Vec<&'a OperationSummary>>,
    parent: Option<OperationId>,
    indent: &str,
    root: bool,
) -> Vec<(&'a OperationSummary, String, String)> {
    let siblings = children.get(&parent).map(Vec::as_slice).unwrap_or_default();
    let last = siblings.len().saturating_sub(1);
    let place = |(index, summary): (usize, &&'a OperationSummary)| {
        let (lead, more) = match (root, index == last) {
            (true, _) => ("", ""),
            (false, true) => ("└─ ", "   "),
            (false, false) => ("├─ ", "│  "),
        };
        (*summary, format!("{indent}{lead}"), format!("{indent}{more}"))
    };
    siblings.iter().enumerate().rev().map(place).collect()
}

fn kind(operation: &Operation) -> String {
    let word = operation.sub_type.as_ref().map(crate::wire::SubType::as_str);
    let known = KINDS.iter().find(|(sub_type, _)| Some(*sub_type) == word).map(|(_, kind)| (*kind).to_owned());
    let fallback = || match operation.operation_type {
        OperationType::Context => "child".to_owned(),
        OperationType::Step => "step".to_owned(),
        OperationType::Wait => "wait".to_owned(),
        OperationType::Callback => "callback".to_owned(),
        OperationType::ChainedInvoke => "invoke".to_owned(),
        OperationType::Execution | OperationType::Unknown => "unknown".to_owned(),
    };
    known.or_else(|| word.map(text::clean)).unwrap_or_else(fallback)
}

/// The status, with what an open operation waits for.
fn state(summary: &OperationSummary, now: Timestamp) -> String {
    let operation = &summary.operation;
    let due = summary.due.filter(|_| !operation.status.is_terminal()).map(|due| text::due(due, now));
    match (operation.status, operation.operation_type, due) {
        (OperationStatus::Pending, _, Some(due)) => format!("next attempt {due}"),
        (_, OperationType::Wait, Some(due)) => format!("waits until {due}"),
        (_, OperationType::Callback, Some(due)) => format!("waits for an answer until {due}"),
        (OperationStatus::Started, OperationType::Callback, None) => "waits for an answer".to_owned(),
        (OperationStatus::Started, OperationType::ChainedInvoke, _) => {
            let target = summary.target.as_deref().unwrap_or("its function");
            let child = summary.child.as_ref().map(|arn| format!(" ({})", arn.name())).unwrap_or_default();
            text::clean(&format!("waits for {target}{child}"))
        }
        (status, _, _) => status_word(status).to_owned(),
    }
}

/// How often a step was tried: finished attempts, and the one that runs.
fn attempts(operation: &Operation) -> String {
    let Some(details) = operation.step_details.as_ref() else { return String::new() };
    let running = u32::from(operation.status == OperationStatus::Started);
    details.attempt.saturating_add(running).max(1).to_string()
}

/// The lines under an operation: its error, and its result when asked for.
fn details(operation: &Operation, payloads: bool) -> Vec<String> {
    let (result, error) = match operation.operation_type {
        OperationType::Context => operation.context_details.as_ref().map(|of| (&of.result, &of.error)),
        OperationType::Step => operation.step_details.as_ref().map(|of| (&of.result, &of.error)),
        OperationType::Callback => operation.callback_details.as_ref().map(|of| (&of.result, &of.error)),
        OperationType::ChainedInvoke => operation.chained_invoke_details.as_ref().map(|of| (&of.result, &of.error)),
        _ => None,
    }
    .unwrap_or((&None, &None));
    // A step keeps its last attempt's error after it has succeeded.
    let error = error.as_ref().filter(|_| operation.status != OperationStatus::Succeeded);
    let result = result.as_ref().filter(|_| payloads).map(|json| format!("= {}", payload(json, true)));
    result.into_iter().chain(error.map(|error| format!("! {}", error_text(error, payloads)))).collect()
}
