//! What runs and what waits, learned from changes. A plain model: draws nothing, and forgets steps that have
//! ended, so that drawing costs no more the longer an execution gets.

use std::collections::{BTreeMap, HashSet};

use super::Place;
use super::text;
use crate::engine::{Change, ChangeKind, OperationSummary};
use crate::wire::{OperationId, OperationStatus, OperationType, Timestamp};

/// What stands between the names of a path.
const BETWEEN: &str = " / ";

/// One followed execution.
#[derive(Debug)]
pub(super) struct Progress {
    name: String,
    started: Timestamp,
    open: BTreeMap<OperationId, Open>,
    /// The paths of all contexts: what is committed together may tell of a context's end before its content's.
    contexts: BTreeMap<OperationId, String>,
    /// Those that have ended: a change may tell again what was loaded from the store already.
    ended: HashSet<OperationId>,
    note: Option<String>,
    place: Place,
}

/// An operation that has not finished.
#[derive(Debug, Clone)]
struct Open {
    parent: Option<OperationId>,
    /// Names from the root, joined by ` / `.
    path: String,
    operation_type: OperationType,
    status: OperationStatus,
    attempt: u32,
    due: Option<Timestamp>,
}

impl Progress {
    /// An execution that was started at `started`.
    /// `place` is where its callbacks are answered.
    pub(super) fn new(name: impl Into<String>, started: Timestamp, place: Place) -> Self {
        Self {
            name: name.into(),
            started,
            open: BTreeMap::new(),
            contexts: BTreeMap::new(),
            ended: HashSet::new(),
            note: None,
            place,
        }
    }

    /// Forgets what it knew and starts again from the store: for a resumed execution, and when changes were missed.
    pub(super) fn reload(&mut self, operations: &[OperationSummary]) {
        (self.open, self.ended) = (BTreeMap::new(), HashSet::new());
        for summary in operations {
            let operation = &summary.operation;
            let attempt = operation.step_details.as_ref().map_or(0, |details| details.attempt);
            self.set(
                operation.id,
                operation.name.as_deref(),
                Open {
                    parent: operation.parent_id,
                    path: String::new(),
                    operation_type: operation.operation_type,
                    status: operation.status,
                    attempt,
                    due: summary.due,
                },
            );
        }
    }

    /// Takes a change in, and returns the plain line that tells of it, if it deserves one.
    pub(super) fn apply(&mut self, change: &Change, now: Timestamp) -> Option<String> {
        match &change.kind {
            ChangeKind::Operation { id, parent, name, operation_type, status, attempt, due } => {
                let (parent, operation_type, status) = (*parent, *operation_type, *status);
                let open = Open { parent, path: String::new(), operation_type, status, attempt: *attempt, due: *due };
                self.note = None;
                let open = self.set(*id, name.as_deref(), open).filter(is_worth_a_line)?;
                let answer = self.answer(&open).map(|command| format!("; answer with `{command}`")).unwrap_or_default();
                Some(format!("{}: {}{answer}", open.path, describe(&open, now)))
            }
            ChangeKind::InvocationFailed { error, again } => {
                let again = text::due(*again, now);
                let note = text::clean(&format!("the invocation failed ({error}); the next is due {again}"));
                self.note = Some(note.clone());
                Some(note)
            }
            _ => None,
        }
    }

    /// The execution's name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The lines that tell where the execution is: one for itself, one for each open operation that holds no other.
    pub(super) fn lines(&self, now: Timestamp) -> Vec<String> {
        let elapsed = text::duration(std::time::Duration::from_secs(now.since(self.started).as_secs()));
        let mut lines = vec![format!("{}  {elapsed}, {} done", self.name, self.ended.len())];
        lines.extend(self.note.iter().map(|note| format!("  {note}")));
        let parents: HashSet<OperationId> = self.open.values().filter_map(|open| open.parent).collect();
        let leaves: Vec<&Open> =
            self.open.iter().filter(|(id, _)| !parents.contains(*id)).map(|(_, open)| open).collect();
        let width = leaves.iter().map(|open| open.path.chars().count()).max().unwrap_or(0).min(40);
        for open in leaves {
            lines.push(format!("  {:width$}  {}", open.path, describe(open, now)));
            lines.extend(self.answer(open).map(|command| format!("    answer with `{command}`")));
        }
        lines
    }

    /// The command that answers an open callback.
    fn answer(&self, open: &Open) -> Option<String> {
        let waits = open.operation_type == OperationType::Callback && open.status == OperationStatus::Started;
        waits.then(|| self.place.answer_command(&self.name, &open.path.replace(BETWEEN, "/")))
    }

    /// Records an operation's state and returns it with its path.
    fn set(&mut self, id: OperationId, name: Option<&str>, mut state: Open) -> Option<Open> {
        if state.operation_type == OperationType::Execution {
            return None;
        }
        let own = text::clean(name.unwrap_or_else(|| id.as_str()));
        let above = state.parent.and_then(|parent| self.contexts.get(&parent));
        state.path = above.map_or_else(|| own.clone(), |above| format!("{above}{BETWEEN}{own}"));
        if state.operation_type == OperationType::Context {
            self.contexts.insert(id, state.path.clone());
        }
        if state.status.is_terminal() {
            self.open.remove(&id);
            self.ended.insert(id);
        } else {
            self.open.insert(id, state.clone());
        }
        Some(state)
    }
}

/// Contexts begin silently, what they hold speaks; a retry that is ready starts in the same moment.
fn is_worth_a_line(open: &Open) -> bool {
    let begins = matches!(open.status, OperationStatus::Started);
    let ready = matches!(open.status, OperationStatus::Ready);
    !(ready || begins && open.operation_type == OperationType::Context)
}

/// What an operation does now.
fn describe(open: &Open, now: Timestamp) -> String {
    let due = || open.due.map(|due| text::due(due, now));
    let until = |what: &str| due().map_or_else(|| what.to_owned(), |due| format!("{what} until {due}"));
    match (open.status, open.operation_type) {
        (OperationStatus::Started, OperationType::Wait) => until("waits"),
        (OperationStatus::Started, OperationType::Callback) => until("waits for an answer"),
        (OperationStatus::Started, OperationType::ChainedInvoke) => "waits for the function it invoked".to_owned(),
        (OperationStatus::Started, OperationType::Step) if open.attempt > 0 => {
            format!("runs, attempt {}", open.attempt.saturating_add(1))
        }
        (OperationStatus::Pending, _) => {
            let next = due().unwrap_or_else(|| "soon".to_owned());
            format!("attempt {} failed, the next is due {next}", open.attempt)
        }
        (status, _) => status_word(status).to_owned(),
    }
}

/// A status in a word.
pub(super) fn status_word(status: OperationStatus) -> &'static str {
    match status {
        OperationStatus::Started => "runs",
        OperationStatus::Pending => "waits to be tried again",
        OperationStatus::Ready => "is tried again",
        OperationStatus::Succeeded => "succeeded",
        OperationStatus::Failed => "failed",
        OperationStatus::Cancelled => "cancelled",
        OperationStatus::TimedOut => "timed out",
        OperationStatus::Stopped => "stopped",
        OperationStatus::Unknown => "unknown",
    }
}
