//! `saga`: what is to be undone is registered as it succeeds, and undone in reverse when the block fails. Durably.

use std::sync::{Arc, Mutex, PoisonError};

use serde::de::DeserializeOwned;

use super::branch::{Setting, Standing, refused_setting, run_content, run_context};
use super::builder::naming;
use super::outcome;
use crate::clock::BoxFuture;
use crate::core::{Claim, Context, Name, Spec, supervise};
use crate::operation::{Operation, Recordable};
use crate::serdes::Plain;
use crate::wire::{OperationType, SubType};

/// A block whose effects are undone when it fails. Made by [`saga`].
#[must_use = "an operation does nothing unless it is awaited in a `#[durable]` function"]
pub struct Saga<'a, O> {
    name: Name,
    operation: O,
    compensations: Compensations<'a>,
}

/// What is to be undone, in the order of its success. A saga's block gets one.
#[derive(Clone)]
pub struct Compensations<'a>(Arc<Mutex<Vec<Registered<'a>>>>);

struct Registered<'a>(Box<dyn Compensation + 'a>);

/// An operation that is run for its effect alone.
trait Compensation: Send {
    fn run<'c>(self: Box<Self>, cx: Context) -> BoxFuture<'c, crate::Result<()>>
    where
        Self: 'c;
}

impl<O> Compensation for O
where
    O: Operation,
    O::Output: Recordable,
{
    fn run<'c>(self: Box<Self>, cx: Context) -> BoxFuture<'c, crate::Result<()>>
    where
        Self: 'c,
    {
        Box::pin(async move {
            match self.run_as_content(cx).await.into_result() {
                Ok(_) => Ok(()),
                Err(error) => Err(crate::Error::new(
                    crate::error::short_type_name::<<O::Output as Recordable>::Err>(),
                    error.to_string(),
                )),
            }
        })
    }
}

/// Runs a block, and undoes what it has done when it fails.
///
/// The block gets the [`Compensations`]: [`after`](Compensations::after) runs an operation and registers what undoes it. When the block
/// returns an error or panics, what was registered runs in reverse order, each in a context of its own with its own
/// retries, and then the error goes on. A compensation that fails does not keep the others from running; the history shows it.
///
/// ```no_run
/// # use durable_runtime::prelude::*;
/// # #[step] async fn book_flight(to: &str) -> Result<String> { Ok(to.into()) }
/// # #[step] async fn cancel_flight(flight: String) -> Result<()> { Ok(()) }
/// # #[step] async fn book_hotel(to: &str) -> Result<String> { Ok(to.into()) }
/// # #[step] async fn cancel_hotel(hotel: String) -> Result<()> { Ok(()) }
/// #[durable]
/// async fn trip(to: String) -> Result<String> {
///     saga(|undo| {
///         child!(async {
///             let flight = undo.after(book_flight(&to), cancel_flight).await?;
///             let hotel = undo.after(book_hotel(&to), cancel_hotel).await?;
///             Ok(format!("{flight}, {hotel}"))
///         })
///     })
///     .await
/// }
/// ```
pub fn saga<'a, F, O>(block: F) -> Saga<'a, O>
where
    F: FnOnce(Compensations<'a>) -> O,
    O: Operation,
    O::Output: Recordable,
{
    let compensations = Compensations(Arc::default());
    let operation = block(compensations.clone());
    Saga { name: Name::default_of("saga"), operation, compensations }
}

naming!(impl ['a, O] Saga<'a, O>);

impl<'a> Compensations<'a> {
    /// Runs `operation`, and when it succeeds registers what `undo` makes of its value.
    ///
    /// Await it in the saga's own block, not in a child or a branch inside it: their blocks do not run again once they
    /// are over, and what they registered would be forgotten. Several at once are one operation: register what
    /// undoes a whole `parallel!(..).settled()`.
    pub fn after<O, T, E, F, C>(&self, operation: O, undo: F) -> After<'a, O, F>
    where
        O: Operation<Output = Result<T, E>>,
        T: Clone + Send,
        E: DeserializeOwned + Send,
        F: FnOnce(T) -> C + Send,
        C: Operation + 'a,
        C::Output: Recordable,
    {
        After { compensations: self.clone(), operation, undo }
    }

    fn take(&self) -> Vec<Registered<'a>> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// An operation with what undoes it. Made by [`Compensations::after`].
#[must_use = "an operation does nothing unless it is awaited in a `#[durable]` function"]
pub struct After<'a, O, F> {
    compensations: Compensations<'a>,
    operation: O,
    undo: F,
}

// Its output need not be one that can be recorded: a settled batch can be undone as a whole.
impl<'a, O, T, E, F, C> Operation for After<'a, O, F>
where
    O: Operation<Output = Result<T, E>>,
    T: Clone + Send,
    E: DeserializeOwned + Send,
    F: FnOnce(T) -> C + Send,
    C: Operation + 'a,
    C::Output: Recordable,
{
    type Output = O::Output;

    async fn run(self, cx: &Context) -> O::Output {
        let Self { compensations, operation, undo } = self;
        if !cx.is_saga() {
            let text =
                "a compensation is registered in the saga's own block: undo a `parallel!(..).settled()` as a whole";
            return Err(outcome::refuse(cx, refused_setting(text)).await);
        }
        let result = operation.run(cx).await;
        if let Ok(value) = &result {
            let undoing = Registered(Box::new(undo(value.clone())));
            compensations.0.lock().unwrap_or_else(PoisonError::into_inner).push(undoing);
        }
        result
    }
}

impl<O> Operation for Saga<'_, O>
where
    O: Operation,
    O::Output: Recordable,
{
    type Output = O::Output;

    async fn run(self, cx: &Context) -> O::Output {
        let Self { name, operation, compensations } = self;
        run_context(cx, name, |inside, _| block_and_undo(inside, operation, compensations)).await
    }
}

/// The block, and what undoes it when it fails: one context, so that the block runs again until all is undone.
async fn block_and_undo<O>(cx: Context, operation: O, compensations: Compensations<'_>) -> O::Output
where
    O: Operation,
    O::Output: Recordable,
{
    // The block's own failures must not end the context that undoes it.
    let block = cx.saga_block();
    let ended = supervise(&block, || operation.run_as_content(block.clone())).await;
    if ended.as_ref().is_ok_and(|output| output.error().is_none()) {
        return match ended {
            Ok(output) => output,
            Err(failure) => cx.escalate(failure).await,
        };
    }
    for (number, Registered(compensation)) in compensations.take().into_iter().enumerate().rev() {
        undo(&cx, number, compensation).await;
    }
    match ended {
        Ok(output) => output,
        Err(failure) => O::Output::from_result(Err(outcome::express(&cx, failure).await)),
    }
}

/// One compensation in a context of its own. How it ends is in the history; the others run whatever it is.
async fn undo(cx: &Context, number: usize, compensation: Box<dyn Compensation + '_>) {
    let name = Name::numbered("undo", number + 1);
    let sub_type = SubType::RUN_IN_CHILD_CONTEXT;
    let spec = Spec { operation_type: OperationType::Context, sub_type, name: name.as_str() };
    let Claim { id, recorded } = cx.claim(&spec).await;
    if let Standing::Runs(runs) = Standing::of(recorded) {
        let enter = |inside| compensation.run(inside);
        let (ended, _) = run_content(cx, (id, &spec), (runs, Setting::default()), &Plain, enter).await;
        if let Err(error) = ended {
            tracing::error!(operation = cx.path_to(name.as_str()), %error, "a compensation failed");
        }
    }
}
