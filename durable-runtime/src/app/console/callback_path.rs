//! Which open callback `EXECUTION/NAME` means. Reads no store: it is given the operations.

use std::collections::BTreeMap;

use super::failure::Failure;
use crate::engine::{ClosedBy, EngineError, OperationSummary};
use crate::wire::{OperationId, OperationStatus, OperationType};

/// A callback of an execution.
struct Candidate {
    id: String,
    /// The names from the root, joined by `/`.
    path: String,
    status: OperationStatus,
}

/// The execution and the path that a text names: `EXECUTION/NAME`, where an execution may be an ARN.
pub(super) fn split(text: &str) -> Option<(&str, &str)> {
    // An ARN has three slashes of its own.
    let own = if text.starts_with("arn:") { 3 } else { 0 };
    let (at, _) = text.match_indices('/').nth(own)?;
    Some((text.get(..at)?, text.get(at + 1..)?)).filter(|(execution, path)| !execution.is_empty() && !path.is_empty())
}

/// The id of the open callback that `path` means among the operations of `execution`: the one of that path or, when
/// there is none, one that has it in its path.
pub(super) fn find(execution: &str, path: &str, operations: &[OperationSummary]) -> Result<String, Failure> {
    // As progress shows it, with spaces, and as commands take it.
    let path = path.replace(" / ", "/");
    let all = callbacks(operations);
    let (open, closed): (Vec<_>, Vec<_>) = all.iter().partition(|one| one.status == OperationStatus::Started);
    let exact = |one: &&&Candidate| one.path == path;
    let around = |one: &&&Candidate| format!("/{}/", one.path).contains(&format!("/{path}/"));
    let mut found: Vec<&&Candidate> = open.iter().filter(exact).collect();
    if found.is_empty() {
        found = open.iter().filter(around).collect();
    }
    match found.as_slice() {
        [only] => Ok(only.id.clone()),
        [] => Err(match closed.iter().rfind(around) {
            Some(one) => {
                let timed_out = one.status == OperationStatus::TimedOut;
                let by = if timed_out { ClosedBy::Timeout } else { ClosedBy::Answer };
                EngineError::CallbackClosed { id: format!("{execution}/{}", one.path), by }.into()
            }
            None => Failure::usage(format!("no callback of `{execution}` is called `{path}`; {}", listed(&open))),
        }),
        several => {
            let several: Vec<&Candidate> = several.iter().map(|one| **one).collect();
            Err(Failure::usage(format!("several callbacks match `{execution}/{path}`; {}", listed(&several))))
        }
    }
}

/// The open callbacks, for a person to choose from.
fn listed(open: &[&Candidate]) -> String {
    if open.is_empty() {
        return "it waits for none".to_owned();
    }
    let lines = open.iter().map(|one| format!("\n  {}  {}", one.path, one.id));
    format!("give the path or the id of one of these:{}", lines.collect::<String>())
}

fn callbacks(operations: &[OperationSummary]) -> Vec<Candidate> {
    let by_id: BTreeMap<OperationId, &OperationSummary> =
        operations.iter().map(|summary| (summary.operation.id, summary)).collect();
    let candidate = |summary: &OperationSummary| {
        let operation = &summary.operation;
        let parent = |one: &&OperationSummary| one.operation.parent_id.and_then(|id| by_id.get(&id).copied());
        let shown = |one: &&OperationSummary| one.operation.operation_type != OperationType::Execution;
        let above = std::iter::successors(Some(summary), parent).take_while(shown);
        let name = |one: &OperationSummary| {
            let id = one.operation.id.as_str();
            one.operation.name.as_deref().unwrap_or(id).to_owned()
        };
        let mut names: Vec<String> = above.map(name).collect();
        names.reverse();
        let id = operation.callback_details.as_ref()?.callback_id.clone()?;
        Some(Candidate { id, path: names.join("/"), status: operation.status })
    };
    operations.iter().filter_map(candidate).collect()
}
