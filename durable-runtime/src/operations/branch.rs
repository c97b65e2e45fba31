//! A context that is recorded: opened, run to its end, closed. Child contexts, branches and batches are this.

use std::sync::Arc;

use super::outcome::{self, End, Recorded};
use crate::clock::BoxFuture;
use crate::core::{Claim, Context, FunctionRun, Gate, Mismatch, Name, Spec, supervise};
use crate::error::{FailureKind, StepFailure};
use crate::operation::Recordable;
use crate::serdes::{Codec, Coding, Plain};
use crate::wire::{
    Action, ContextOptions, ErrorObject, Operation as Record, OperationId, OperationStatus, OperationType,
    OperationUpdate, SubType, limits,
};

/// How a recorded context stands when code reaches it.
pub(crate) enum Standing {
    /// It is over, with what is recorded.
    Over(Result<Option<String>, ErrorObject>),
    /// It has to run.
    Runs(Runs),
}

/// How a context runs.
pub(crate) enum Runs {
    /// For the first time.
    Fresh,
    /// Again, because an earlier invocation ended before it did.
    Again,
    /// It is over, and only its result was too large to store: it runs to make the result again. Holds what was
    /// recorded in the result's place.
    ForItsResult(Option<String>),
}

impl Standing {
    /// Reads a context's record.
    pub(crate) fn of(recorded: Option<Box<Record>>) -> Self {
        let Some(mut record) = recorded else { return Self::Runs(Runs::Fresh) };
        let details = record.context_details.take().unwrap_or_default();
        match record.status {
            OperationStatus::Succeeded if details.replay_children == Some(true) => {
                Self::Runs(Runs::ForItsResult(details.result))
            }
            OperationStatus::Succeeded => Self::Over(Ok(details.result)),
            status if status.is_terminal() => Self::Over(Err(details.error.unwrap_or_default())),
            _ => Self::Runs(Runs::Again),
        }
    }
}

/// Queues the START that a context needs, and gives the context inside.
pub(crate) async fn open(cx: &Context, id: OperationId, spec: &Spec<'_>, runs: &Runs) -> Context {
    let fresh = matches!(runs, Runs::Fresh);
    if fresh {
        cx.start(cx.update(id, spec, Action::Start)).await;
    }
    cx.inside(id, spec.name, !fresh, matches!(runs, Runs::ForItsResult(_)))
}

/// Queues the end of the context `id`, in the context around it. A result too large to store is left to be made
/// again from the context's children; `summary` is recorded in its place.
pub(crate) fn close<'a>(
    cx: &'a Context,
    id: OperationId,
    spec: &Spec<'_>,
    ended: &Recorded,
    summary: &dyn Fn() -> String,
) -> impl Future<Output = ()> + Send + use<'a> {
    let update = match ended {
        Ok(text) => {
            let sealed = cx.seal(&id, text.clone());
            let too_large = sealed.len() > limits::INLINE_CONTEXT_BYTES;
            OperationUpdate {
                payload: Some(if too_large { summary() } else { sealed }),
                context_options: too_large.then_some(ContextOptions { replay_children: Some(true) }),
                ..cx.update(id, spec, Action::Succeed)
            }
        }
        Err(error) => {
            OperationUpdate { error: Some(cx.seal_error(&id, error.clone())), ..cx.update(id, spec, Action::Fail) }
        }
    };
    cx.complete(update)
}

/// What is special about the content of a context.
#[derive(Default)]
pub(crate) struct Setting {
    pub(crate) write_through: bool,
    pub(crate) gate: Option<Arc<Gate>>,
    pub(crate) codec: Option<Arc<dyn Codec>>,
}

/// Runs the content of a context to its recorded end: what a child context and a branch have in common.
pub(crate) async fn run_content<R, Fut>(
    cx: &Context,
    (id, spec): (OperationId, &Spec<'_>),
    (runs, setting): (Runs, Setting),
    coding: &dyn Coding<R>,
    enter: impl FnOnce(Context) -> Fut + Send,
) -> End<R>
where
    R: Recordable,
    Fut: Future<Output = R> + Send,
{
    let inside = open(cx, id, spec, &runs).await.behind(setting.gate);
    inside.set(setting.write_through, setting.codec);
    let run = FunctionRun {
        attempt: None,
        is_replay: !matches!(runs, Runs::Fresh),
        is_replaying_children: matches!(runs, Runs::ForItsResult(_)),
    };
    let observed = cx.function_starts(&id, spec, run);
    let ended = match inside.check_depth() {
        Ok(()) => supervise(&inside, || enter(inside.clone())).await,
        Err(failure) => Err(failure),
    };
    if ended.is_ok() {
        inside.check_end().await;
    }
    let (ended, output) = outcome::record(cx, &id, ended, coding);
    if let (Runs::ForItsResult(_), Err(error)) = (&runs, &ended) {
        let recorded = "a success, too large to store".to_owned();
        return cx.diverged(&id, Some(spec), &Mismatch::Setting { recorded, ran: error.to_string() }).await;
    }
    cx.function_ended(&id, spec, observed, ended.as_ref().err());
    cx.depend_on(inside.causal());
    if !matches!(runs, Runs::ForItsResult(_)) {
        let closing = close(cx, id, spec, &ended, &String::new);
        closing.await;
    }
    (ended.map(Some), output)
}

/// A child context without settings of its own: claimed under `name`, run if it is not over, recorded. `enter` is given
/// the context inside and its id.
pub(crate) async fn run_context<R, Fut>(
    cx: &Context,
    name: Name,
    enter: impl FnOnce(Context, OperationId) -> Fut + Send,
) -> R
where
    R: Recordable,
    Fut: Future<Output = R> + Send,
{
    let sub_type = SubType::RUN_IN_CHILD_CONTEXT;
    let spec = Spec { operation_type: OperationType::Context, sub_type, name: name.as_str() };
    if let Err(refused) = name.validate() {
        return R::from_result(Err(outcome::refuse(cx, refused).await));
    }
    let Claim { id, recorded } = cx.claim(&spec).await;
    let end = match Standing::of(recorded) {
        Standing::Over(ended) => (ended, None),
        Standing::Runs(runs) => {
            let setting = Setting::default();
            let content: BoxFuture<'_, End<R>> =
                Box::pin(run_content(cx, (id, &spec), (runs, setting), &Plain, |inside| enter(inside, id)));
            content.await
        }
    };
    outcome::output(cx, &id, &spec, end, &Plain).await
}

/// A setting that makes no sense.
pub(crate) fn refused_setting(text: impl Into<String>) -> StepFailure {
    StepFailure::new(FailureKind::SettingRefused, text)
}
