//! A context that is recorded: opened, run to its end, closed. Child contexts, branches and batches are this.

use super::outcome::{self, Recorded};
use crate::clock::BoxFuture;
use crate::core::{Context, Gate, Spec, supervise};
use crate::error::{FailureKind, StepFailure};
use crate::operation::Recordable;
use crate::wire::{
    Action, ContextDetails, ContextOptions, ErrorObject, Operation as Record, OperationId, OperationStatus,
    OperationUpdate, limits,
};

/// How a recorded context stands when code reaches it.
pub(crate) enum Opened {
    /// It is over, with what is recorded.
    Over(Result<Option<String>, ErrorObject>),
    /// It runs, or runs again; `finished` when it is over and only its result was too large to store.
    Runs { inside: Context, finished: Option<ContextDetails> },
}

/// Opens the context `id`: reads its record, or queues its START.
pub(crate) async fn open(cx: &Context, id: OperationId, spec: &Spec<'_>, recorded: Option<Record>) -> Opened {
    let on_record = recorded.is_some();
    let (status, details) = match recorded {
        Some(record) => (Some(record.status), record.context_details.unwrap_or_default()),
        None => (None, ContextDetails::default()),
    };
    let finished = match status {
        Some(OperationStatus::Succeeded) if details.replay_children == Some(true) => Some(details),
        Some(OperationStatus::Succeeded) => return Opened::Over(Ok(details.result)),
        Some(status) if status.is_terminal() => return Opened::Over(Err(details.error.unwrap_or_default())),
        _ => None,
    };
    if !on_record {
        cx.start(cx.update(id, spec, Action::Start)).await;
    }
    let inside = cx.inside(id, spec.name, on_record, finished.is_some());
    Opened::Runs { inside, finished }
}

/// Queues the end of the context `id`, in the context around it. A result too large to store is left to be made
/// again from the context's children; `summary` is recorded in its place.
pub(crate) async fn close(
    cx: &Context,
    id: OperationId,
    spec: &Spec<'_>,
    ended: &Recorded,
    summary: impl FnOnce() -> String,
) {
    let update = match ended {
        Ok(text) if text.len() > limits::INLINE_CONTEXT_BYTES => OperationUpdate {
            payload: Some(summary()),
            context_options: Some(ContextOptions { replay_children: Some(true) }),
            ..cx.update(id, spec, Action::Succeed)
        },
        Ok(text) => OperationUpdate { payload: Some(text.clone()), ..cx.update(id, spec, Action::Succeed) },
        Err(error) => OperationUpdate { error: Some(error.clone()), ..cx.update(id, spec, Action::Fail) },
    };
    cx.complete(update).await;
}

/// Runs the content of a context to its recorded end: what a child context and a branch have in common.
pub(crate) struct Content<'a, R> {
    pub(crate) cx: &'a Context,
    pub(crate) id: OperationId,
    pub(crate) spec: &'a Spec<'a>,
    pub(crate) write_through: bool,
    pub(crate) gate: Option<std::sync::Arc<Gate>>,
    pub(crate) enter: Box<dyn FnOnce(Context) -> BoxFuture<'a, R> + Send + 'a>,
}

impl<R: Recordable> Content<'_, R> {
    /// The end as it is or was recorded, and the fresh value where the content ran.
    pub(crate) async fn run(self, recorded: Option<Record>) -> (Result<Option<String>, ErrorObject>, Option<R::Ok>) {
        let Self { cx, id, spec, write_through, gate, enter } = self;
        let (inside, finished) = match open(cx, id, spec, recorded).await {
            Opened::Over(over) => return (over, None),
            Opened::Runs { inside, finished } => (inside, finished),
        };
        let inside = if write_through { inside.write_through() } else { inside };
        let inside = match gate {
            Some(gate) => inside.behind(gate),
            None => inside,
        };
        let ended = match inside.check_depth() {
            Ok(()) => supervise(&inside, enter(inside.clone())).await,
            Err(failure) => Err(failure),
        };
        if ended.is_ok() {
            inside.check_end().await;
        }
        let (ended, value) = outcome::record(ended);
        cx.depend_on(inside.causal());
        if finished.is_none() {
            close(cx, id, spec, &ended, String::new).await;
        }
        (ended.map(Some), value)
    }
}

/// A setting that makes no sense.
pub(crate) fn refused_setting(text: impl Into<String>) -> StepFailure {
    StepFailure::new(FailureKind::SettingRefused, text)
}
