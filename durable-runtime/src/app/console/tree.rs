//! The tree of an execution's operations, as `show` prints it. Reads no store.

use std::collections::{BTreeMap, BTreeSet};

use super::progress::status_word;
use super::render::{error_text, payload};
use super::table::Table;
use super::text;
use crate::engine::OperationSummary;
use crate::wire::{Operation, OperationId, OperationStatus, OperationType, SubType, Timestamp};

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

/// An operation in its place.
struct Node<'a> {
    summary: &'a OperationSummary,
    /// What its own line begins with.
    lead: String,
    /// What the lines below it begin with.
    indent: String,
    /// Whether everything around it has ended: what is still open will never go on.
    over: bool,
}

/// The operations by the operation that holds them; those of the root under `None`.
type Children<'a> = BTreeMap<Option<OperationId>, Vec<&'a OperationSummary>>;

/// The lines of the tree; `over` when the execution has ended.
pub(super) fn tree(operations: &[OperationSummary], over: bool, payloads: bool, now: Timestamp) -> Vec<String> {
    let children = by_parent(operations);
    if children.is_empty() {
        return vec![if over { "no operations" } else { "no operations yet" }.to_owned()];
    }
    let mut table = Table::with_head(&["OPERATION", "TYPE", "STATUS", "ATTEMPTS", "TIME"]);
    // A stack rather than recursion: depth is the user's choice.
    let mut stack = nodes(&children, None, "", over);
    while let Some(Node { summary, lead, indent, over }) = stack.pop() {
        let operation = &summary.operation;
        let name = operation.name.as_deref().unwrap_or_else(|| operation.id.as_str());
        let cells = vec![
            format!("{lead}{}", text::clean(name)),
            kind(operation),
            if over && !operation.status.is_terminal() { "not finished".to_owned() } else { state(summary, now) },
            attempts(operation),
            summary.duration.map(text::duration).unwrap_or_default(),
        ];
        let below = details(operation, over, payloads).iter().map(|line| format!("{indent}    {line}")).collect();
        table.push(cells, below);
        stack.extend(nodes(&children, Some(operation.id), &indent, over || operation.status.is_terminal()));
    }
    table.lines()
}

fn by_parent(operations: &[OperationSummary]) -> Children<'_> {
    let is_shown = |summary: &&OperationSummary| summary.operation.operation_type != OperationType::Execution;
    let shown: BTreeSet<OperationId> = operations.iter().filter(is_shown).map(|summary| summary.operation.id).collect();
    let mut children = Children::new();
    for summary in operations.iter().filter(is_shown) {
        // The execution itself is nobody's parent here: what it holds is the root.
        let parent = summary.operation.parent_id.filter(|parent| shown.contains(parent));
        children.entry(parent).or_default().push(summary);
    }
    children
}

/// The operations of one context, last first as a stack wants them.
fn nodes<'a>(children: &Children<'a>, parent: Option<OperationId>, indent: &str, over: bool) -> Vec<Node<'a>> {
    let siblings = children.get(&parent).map(Vec::as_slice).unwrap_or_default();
    let last = siblings.len().saturating_sub(1);
    let node = |(index, summary): (usize, &&'a OperationSummary)| {
        let (lead, more) = match (parent, index == last) {
            (None, _) => ("", ""),
            (Some(_), true) => ("└─ ", "   "),
            (Some(_), false) => ("├─ ", "│  "),
        };
        Node { summary, lead: format!("{indent}{lead}"), indent: format!("{indent}{more}"), over }
    };
    siblings.iter().enumerate().rev().map(node).collect()
}

fn kind(operation: &Operation) -> String {
    let word = operation.sub_type.as_ref().map(SubType::as_str);
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

/// The lines under an operation: an open callback's id, its error, and its result when asked for.
fn details(operation: &Operation, over: bool, payloads: bool) -> Vec<String> {
    let (result, error) = operation.outcome();
    let open = (!over && operation.status == OperationStatus::Started)
        .then_some(operation.callback_details.as_ref())
        .flatten();
    let id = open.and_then(|details| details.callback_id.as_ref()).map(|id| format!("? id {id}"));
    let result = result.filter(|_| payloads).map(|json| format!("= {}", payload(json, true)));
    id.into_iter().chain(result).chain(error.map(|error| format!("! {}", error_text(error, payloads)))).collect()
}
