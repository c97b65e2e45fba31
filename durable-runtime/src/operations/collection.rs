//! `parallel_map`, `parallel_all`: any number of branches of one type.

use super::batch::{self, BranchPlan, Closed, Ends, Kind};
use super::batch_settings::{BatchSettings, batch_settings};
use super::outcome;
use super::parallel::{Reading, counts};
use super::settled::{BatchResult, Outcome, Settled};
use crate::completion::CompletionReason;
use crate::core::{Context, Name};
use crate::error::StepFailure;
use crate::operation::{Operation, Recordable};

/// A batch of branches of one type. Made by [`parallel_map`] and [`parallel_all`].
///
/// Awaiting it gives the values in the order of the items, or the first error in that order. After a failure no new
/// work begins; step bodies that run are finished and recorded before the batch closes.
#[must_use = "an operation does nothing unless it is awaited in a `#[durable]` function"]
pub struct Collection<O> {
    kind: Kind,
    settings: BatchSettings,
    operations: Vec<O>,
}

/// One branch per item: the service's CONTEXT of sub-type Map. The operations are built at once; none of them runs
/// before the batch is awaited.
///
/// ```no_run
/// # use durable_runtime::prelude::*;
/// #[step]
/// async fn reserve(item: &str) -> Result<String> { Ok(format!("reserved {item}")) }
///
/// #[durable]
/// async fn reserve_all(items: Vec<String>) -> Result<Vec<String>> {
///     parallel_map(&items, |item, _index| reserve(item)).max_concurrency(8).await
/// }
/// ```
pub fn parallel_map<I, F, O>(items: I, operation: F) -> Collection<O>
where
    I: IntoIterator,
    F: FnMut(I::Item, usize) -> O,
    O: Operation,
{
    let mut operation = operation;
    let operations = items.into_iter().enumerate().map(|(index, item)| operation(item, index)).collect();
    Collection { kind: Kind::Map, settings: BatchSettings::new("map"), operations }
}

/// One branch per operation: the service's CONTEXT of sub-type Parallel. The iterator is drained at once.
pub fn parallel_all<I>(operations: I) -> Collection<I::Item>
where
    I: IntoIterator,
    I::Item: Operation,
{
    let operations = operations.into_iter().collect();
    Collection { kind: Kind::Parallel, settings: BatchSettings::new("parallel"), operations }
}

impl<O> Collection<O> {
    /// Awaiting it gives every branch's [`Outcome`], in a [`BatchResult`] over a `Vec`. Without another criterion every
    /// branch runs to its end.
    pub fn settled(mut self) -> Settled<Self> {
        self.settings.completion.settle_all = true;
        Settled(self)
    }
}

batch_settings!(impl [O] Collection<O>);

impl<O> Collection<O>
where
    O: Operation,
    O::Output: Recordable,
{
    async fn run_batch(
        cx: &Context,
        kind: Kind,
        settings: &BatchSettings,
        operations: Vec<O>,
    ) -> Result<Closed, StepFailure> {
        let word = match kind {
            Kind::Parallel => "branch",
            Kind::Map => "item",
        };
        let total = operations.len();
        let erase = move || -> Vec<BranchPlan<'_>> {
            let numbered = operations.into_iter().enumerate();
            numbered.map(|(index, operation)| BranchPlan::new(Name::numbered(word, index), operation)).collect()
        };
        batch::run(cx, kind, settings, total, erase).await
    }
}

impl<O> Operation for Collection<O>
where
    O: Operation,
    O::Output: Recordable,
{
    type Output = Result<Vec<<O::Output as Recordable>::Ok>, <O::Output as Recordable>::Err>;

    async fn run(self, cx: &Context) -> Self::Output {
        let Self { kind, settings, operations } = self;
        let Closed { id, ends } = match Self::run_batch(cx, kind, &settings, operations).await {
            Ok(closed) => closed,
            Err(refused) => return Err(outcome::refuse(cx, refused).await),
        };
        let fails = fails(&settings, &ends);
        let reading = Reading::of(cx, id, kind, &settings.name, ends);
        let Reading { spec, ends, .. } = reading;
        if fails && let Some(error) = ends.as_slice().iter().find_map(|end| end.as_ref()?.as_ref().err()) {
            return Err(outcome::error(cx, &id, &spec, error).await);
        }
        let mut values = Vec::with_capacity(ends.len());
        for text in ends.flatten().flatten() {
            values.push(outcome::value(cx, &id, &spec, Some(&text)).await);
        }
        Ok(values)
    }
}

/// Whether awaiting the values of such a batch is an error: too much failed, or not enough succeeded.
fn fails(settings: &BatchSettings, ends: &Ends) -> bool {
    let (succeeded, failed) = counts(ends);
    let too_few = settings.completion.min_successful.is_some_and(|wanted| succeeded < wanted);
    failed > 0
        && match ends.reason {
            CompletionReason::FailureToleranceExceeded | CompletionReason::CustomCompletionFailed => true,
            _ => too_few,
        }
}

impl<O> Operation for Settled<Collection<O>>
where
    O: Operation,
    O::Output: Recordable,
{
    type Output = Result<
        BatchResult<Vec<Outcome<<O::Output as Recordable>::Ok, <O::Output as Recordable>::Err>>>,
        <O::Output as Recordable>::Err,
    >;

    async fn run(self, cx: &Context) -> Self::Output {
        let Collection { kind, settings, operations } = self.0;
        let total = operations.len();
        let Closed { id, ends } = match Collection::run_batch(cx, kind, &settings, operations).await {
            Ok(closed) => closed,
            Err(refused) => return Err(outcome::refuse(cx, refused).await),
        };
        let (reason, begun, (succeeded, failed)) = (ends.reason, ends.begun, counts(&ends));
        let mut reading = Reading::of(cx, id, kind, &settings.name, ends);
        let mut outcomes = Vec::with_capacity(total);
        for index in 0..total {
            outcomes.push(reading.outcome::<O::Output>(index, begun).await);
        }
        Ok(BatchResult { outcomes, reason, succeeded, failed, begun })
    }
}
