//! `parallel_map`, `parallel_all`: any number of branches of one type.

use super::batch::{self, BranchPlan, Closed, Kind, Plan};
use super::builder::naming;
use super::outcome;
use crate::core::{Context, Name, Spec};
use crate::operation::{Operation, Recordable};
use crate::wire::{OperationType, SubType};

/// A batch of branches of one type. Made by [`parallel_map`] and [`parallel_all`].
///
/// Awaiting it gives the values in the order of the items, or the first error in that order. After a failure no new
/// work begins; step bodies that run are finished and recorded before the batch closes.
#[must_use = "an operation does nothing unless it is awaited in a `#[durable]` function"]
pub struct Collection<O> {
    kind: Kind,
    name: Name,
    operations: Vec<O>,
    max_concurrency: Option<usize>,
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
    Collection { kind: Kind::Map, name: Name::default_of("map"), operations, max_concurrency: None }
}

/// One branch per operation: the service's CONTEXT of sub-type Parallel. The iterator is drained at once.
pub fn parallel_all<I>(operations: I) -> Collection<I::Item>
where
    I: IntoIterator,
    I::Item: Operation,
{
    let operations = operations.into_iter().collect();
    Collection { kind: Kind::Parallel, name: Name::default_of("parallel"), operations, max_concurrency: None }
}

impl<O> Collection<O> {
    /// At most this many branches at once, 1 or more. A branch that waits keeps its slot.
    pub fn max_concurrency(mut self, branches: usize) -> Self {
        self.max_concurrency = Some(branches);
        self
    }

    fn branch_name(&self) -> &'static str {
        match self.kind {
            Kind::Parallel => "branch",
            Kind::Map => "item",
        }
    }
}

naming!(impl [O] Collection<O>);

impl<O> Operation for Collection<O>
where
    O: Operation,
    O::Output: Recordable,
{
    type Output = Result<Vec<<O::Output as Recordable>::Ok>, <O::Output as Recordable>::Err>;

    async fn run(self, cx: &Context) -> Self::Output {
        let branch = self.branch_name();
        let Self { kind, name, operations, max_concurrency } = self;
        let plan = Plan { kind, name: &name, max_concurrency };
        let erase = move || -> Vec<BranchPlan<'_>> {
            let numbered = operations.into_iter().enumerate();
            numbered.map(|(index, operation)| BranchPlan::new(Name::numbered(branch, index), operation)).collect()
        };
        let Closed { id, ends } = match batch::run(cx, &plan, erase).await {
            Ok(closed) => closed,
            Err(refused) => return Err(outcome::refuse(cx, refused).await),
        };
        let sub_type = match kind {
            Kind::Parallel => SubType::PARALLEL,
            Kind::Map => SubType::MAP,
        };
        let spec = Spec { operation_type: OperationType::Context, sub_type, name: name.as_str() };
        if let Some(error) = ends.iter().find_map(|end| end.as_ref()?.as_ref().err()) {
            return Err(outcome::error(cx, &id, &spec, error).await);
        }
        let mut values = Vec::with_capacity(ends.len());
        for end in ends {
            let Some(Ok(text)) = end else {
                return cx.unreadable(&id, &spec, "a batch without an end for every branch").await;
            };
            values.push(outcome::value(cx, &id, &spec, Some(&text)).await);
        }
        Ok(values)
    }
}
