//! `parallel_map`, `parallel_all`: any number of branches of one type.

use super::batch::{self, BranchPlan, Closed, Ends, ItemCoding, Kind, branch_id};
use super::batch_settings::{BatchSettings, WholeCoding, batch_settings};
use super::outcome;
use super::parallel::{Reading, counts};
use super::settled::{BatchResult, Outcome, Settled};
use crate::completion::CompletionReason;
use crate::core::{Context, Name};
use crate::error::{Decoded, FailureKind, StepFailure, decode_error, encode_error};
use crate::operation::{Operation, Recordable};
use crate::serdes::{Serdes, SerdesPlace, Typed};

/// A batch of branches of one type. Made by [`parallel_map`] and [`parallel_all`].
///
/// Awaiting it gives the values in the order of the items, or the first error in that order. After a failure no new
/// work begins; step bodies that run are finished and recorded before the batch closes.
#[must_use = "an operation does nothing unless it is awaited in a `#[durable]` function"]
pub struct Collection<O: Operation> {
    kind: Kind,
    settings: BatchSettings,
    operations: Vec<O>,
    items: ItemCoding<O::Output>,
    /// The branches' names, where they were given.
    names: Option<Vec<String>>,
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
    Collection {
        kind: Kind::Map,
        settings: BatchSettings::new("map"),
        operations,
        items: ItemCoding::default(),
        names: None,
    }
}

/// One branch per operation: the service's CONTEXT of sub-type Parallel. The iterator is drained at once.
pub fn parallel_all<I>(operations: I) -> Collection<I::Item>
where
    I: IntoIterator,
    I::Item: Operation,
{
    let operations = operations.into_iter().collect();
    Collection {
        kind: Kind::Parallel,
        settings: BatchSettings::new("parallel"),
        operations,
        items: ItemCoding::default(),
        names: None,
    }
}

impl<O: Operation> Collection<O> {
    /// Names the branches, by their index; `item-0`, `item-1`, … (`branch-0`, … of `parallel_all`) unless told otherwise. A
    /// name is 1 to 256 characters of printable ASCII and is compared on replay.
    pub fn item_names<N: Into<String>>(mut self, name: impl FnMut(usize) -> N) -> Self {
        self.names = Some((0..self.operations.len()).map(name).map(Into::into).collect());
        self
    }

    /// How each branch's value is recorded; as JSON unless told otherwise.
    pub fn item_serdes<T>(mut self, serdes: impl Serdes<T>) -> Self
    where
        O::Output: Recordable<Ok = T>,
    {
        self.items.set(Typed(serdes));
        self.settings.text_items = true;
        self
    }

    /// How the settled whole is recorded: every branch's outcome in one text.
    pub fn serdes<T, E>(mut self, serdes: impl Serdes<BatchResult<Vec<Outcome<T, E>>>>) -> Self
    where
        O::Output: Recordable<Ok = T, Err = E> + 'static,
    {
        self.settings.whole = Some(Box::new(WholeSerdes { serdes, items: self.items.clone() }));
        self
    }

    /// Awaiting it gives every branch's [`Outcome`], in a [`BatchResult`] over a `Vec`. Without another criterion every
    /// branch runs to its end.
    pub fn settled(mut self) -> Settled<Self> {
        self.settings.completion.settle_all = true;
        Settled(self)
    }
}

batch_settings!(impl [O: Operation] Collection<O>);

impl<O> Collection<O>
where
    O: Operation,
    O::Output: Recordable,
{
    async fn run_batch(
        cx: &Context,
        kind: Kind,
        settings: &BatchSettings,
        (operations, items, names): (Vec<O>, &ItemCoding<O::Output>, Option<Vec<String>>),
    ) -> Result<Closed, StepFailure> {
        let word = match kind {
            Kind::Parallel => "branch",
            Kind::Map => "item",
        };
        let total = operations.len();
        let erase = move || -> Vec<BranchPlan<'_>> {
            let mut names = names.map(Vec::into_iter);
            let mut name = |index| match names.as_mut().and_then(Iterator::next) {
                Some(name) => Name::given(name),
                None => Name::numbered(word, index),
            };
            let numbered = operations.into_iter().enumerate();
            numbered.map(|(index, operation)| BranchPlan::new(name(index), operation, items.clone())).collect()
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
        let Self { kind, settings, operations, items, names } = self;
        let Closed { id, ends } = match Self::run_batch(cx, kind, &settings, (operations, &items, names)).await {
            Ok(closed) => closed,
            Err(refused) => return Err(outcome::refuse(cx, refused).await),
        };
        let fails = fails(&settings, &ends);
        let reading = Reading::of(cx, id, kind, &settings.name, ends);
        let Reading { spec, ends, .. } = reading;
        if fails {
            return Err(match ends.as_slice().iter().find_map(|end| end.as_ref()?.as_ref().err()) {
                Some(error) => outcome::error(cx, &id, &spec, error).await,
                None => {
                    let text = format!("`complete_when` said that `{}` has failed; no branch had", spec.name);
                    outcome::express(cx, StepFailure::new(FailureKind::CompletionFailed, text)).await
                }
            });
        }
        let mut values = Vec::with_capacity(ends.len());
        for (index, end) in ends.enumerate() {
            let Some(Ok(text)) = end else { continue };
            // Where it was written is where it is read.
            let (branch, end) = (branch_id(&id, index), (Ok(Some(text)), None));
            values.push(outcome::output(cx, &branch, &spec, end, items.get()).await.into_result()?);
        }
        Ok(values)
    }
}

/// A serdes of the settled whole. What it gives back is taken apart again, so that everything behind it sees the ends of
/// branches as it does without one.
struct WholeSerdes<S, R> {
    serdes: S,
    items: ItemCoding<R>,
}

impl<S, R> WholeCoding for WholeSerdes<S, R>
where
    R: Recordable,
    S: Serdes<BatchResult<Vec<Outcome<R::Ok, R::Err>>>>,
{
    fn write(&self, ends: &Ends, place: SerdesPlace<'_>) -> Result<String, StepFailure> {
        let failed = |what: &dyn std::fmt::Display| {
            StepFailure::new(FailureKind::NotRecordable, format!("the result of a batch does not serialize: {what}"))
        };
        let coding = self.items.get();
        let mut outcomes = Vec::with_capacity(ends.ends.len());
        for (index, end) in ends.ends.iter().enumerate() {
            let branch = branch_id(place.id(), index);
            let read = |text| coding.read(Some(text), place.of(&branch)).map_err(|why| failed(&why));
            outcomes.push(match end {
                Some(Ok(text)) => match read(text)?.into_result() {
                    Ok(value) => Outcome::Succeeded(value),
                    Err(error) => Outcome::Failed(error),
                },
                Some(Err(error)) => match decode_error(error) {
                    Decoded::Value(error) => Outcome::Failed(error),
                    Decoded::Failure(failure) => Outcome::Broken(failure),
                    Decoded::Unreadable(why) => return Err(failed(&why)),
                },
                None if index < ends.begun => Outcome::Unfinished,
                None => Outcome::NotStarted,
            });
        }
        self.serdes.serialize(&BatchResult::new(outcomes, ends.reason), place).map_err(|why| failed(&why))
    }

    fn read(&self, text: &str, total: usize, place: SerdesPlace<'_>) -> Result<Ends, String> {
        let result = self.serdes.deserialize(text, place).map_err(|why| why.to_string())?;
        let (begun, reason) = (result.begun, result.reason);
        let coding = self.items.get();
        let mut ends = Vec::with_capacity(total);
        for (index, outcome) in result.outcomes.into_iter().enumerate() {
            let branch = branch_id(place.id(), index);
            let write = |value| coding.record(R::from_result(Ok(value)), place.of(&branch));
            ends.push(match outcome {
                Outcome::Succeeded(value) => Some(write(value).map_err(|why| why.to_string())?.0),
                Outcome::Failed(error) => Some(Err(encode_error(&error).unwrap_or_else(|why| why.to_object()))),
                Outcome::Broken(failure) => Some(Err(failure.to_object())),
                Outcome::Unfinished | Outcome::NotStarted => None,
            });
        }
        ends.resize_with(total, || None);
        Ok(Ends { ends, begun, reason })
    }
}

/// Whether awaiting the values of such a batch is an error: too much failed, or not enough succeeded.
fn fails(settings: &BatchSettings, ends: &Ends) -> bool {
    let (succeeded, failed) = counts(ends);
    let too_few = settings.completion.min_successful.is_some_and(|wanted| succeeded < wanted);
    match ends.reason {
        CompletionReason::CustomCompletionFailed => true,
        CompletionReason::FailureToleranceExceeded => failed > 0,
        _ => failed > 0 && too_few,
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
        let Collection { kind, settings, operations, items, names } = self.0;
        let total = operations.len();
        let Closed { id, ends } = match Collection::run_batch(cx, kind, &settings, (operations, &items, names)).await {
            Ok(closed) => closed,
            Err(refused) => return Err(outcome::refuse(cx, refused).await),
        };
        let (reason, begun, (succeeded, failed)) = (ends.reason, ends.begun, counts(&ends));
        let mut reading = Reading::of(cx, id, kind, &settings.name, ends);
        let mut outcomes = Vec::with_capacity(total);
        for index in 0..total {
            outcomes.push(reading.outcome(index, begun, items.get()).await);
        }
        Ok(BatchResult { outcomes, reason, succeeded, failed, begun })
    }
}
