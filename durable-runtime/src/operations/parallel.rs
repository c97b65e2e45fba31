//! `parallel!`: up to 16 branches of different types, awaited together.

use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Display;

use super::batch::{self, BranchPlan, Closed, Kind, Plan};
use super::builder::naming;
use super::outcome::{self, Recorded};
use crate::core::{Context, Name, Spec};
use crate::error::Error;
use crate::operation::{Operation, Recordable};
use crate::wire::{OperationId, OperationType, SubType};

/// One named branch of a [`Parallel`].
#[must_use = "an operation does nothing unless it is awaited in a `#[durable]` function"]
pub struct Branch<O> {
    name: &'static str,
    operation: O,
}

impl<O: Operation> Branch<O> {
    /// A branch whose content is `operation`. `parallel!` writes the call.
    pub fn new(name: &'static str, operation: O) -> Self {
        Self { name, operation }
    }
}

/// A batch of branches of different types: the service's CONTEXT of sub-type Parallel. Made by `parallel!`.
///
/// Awaiting it gives the tuple of the branches' values, or the first error in the order of the branches. After a
/// failure no new work begins; step bodies that run are finished and recorded before the batch closes.
#[must_use = "an operation does nothing unless it is awaited in a `#[durable]` function"]
pub struct Parallel<Branches, Err = Error> {
    name: Name,
    branches: Branches,
    max_concurrency: Option<usize>,
    error: PhantomData<fn() -> Err>,
}

impl<Branches, Err> Parallel<Branches, Err> {
    /// A batch of branches. `parallel!` writes the call.
    pub fn new(name: &'static str, branches: Branches) -> Self {
        Self { name: Name::default_of(name), branches, max_concurrency: None, error: PhantomData }
    }

    /// At most this many branches at once, 1 or more. A branch that waits keeps its slot.
    pub fn max_concurrency(mut self, branches: usize) -> Self {
        self.max_concurrency = Some(branches);
        self
    }
}

naming!(impl [Branches, Err] Parallel<Branches, Err>);

/// The ends of a closed batch, taken branch by branch in the order of their index.
struct Ends<'a> {
    cx: &'a Context,
    id: OperationId,
    spec: Spec<'a>,
    ends: std::vec::IntoIter<Option<Recorded>>,
}

impl Ends<'_> {
    /// The next branch's value, or its error as the batch's.
    async fn next<R, Err>(&mut self) -> Result<R::Ok, Err>
    where
        R: Recordable,
        Err: From<R::Err>,
    {
        match self.ends.next().flatten() {
            Some(Ok(text)) => Ok(outcome::value(self.cx, &self.id, &self.spec, Some(&text)).await),
            Some(Err(error)) => {
                let error: R::Err = outcome::error(self.cx, &self.id, &self.spec, &error).await;
                Err(error.into())
            }
            // A branch that was cut off has no end; a sibling's error is what the batch returns.
            None => self.cx.unreadable(&self.id, &self.spec, "a batch without an end for every branch").await,
        }
    }

    /// The position of the first branch that failed.
    fn first_failed(&self) -> Option<usize> {
        self.ends.as_slice().iter().position(|end| matches!(end, Some(Err(_))))
    }
}

macro_rules! tuples {
    ($(($($branch:ident $value:ident $index:tt),+))+) => {$(
        impl<$($branch,)+ Err> Operation for Parallel<($(Branch<$branch>,)+), Err>
        where
            $($branch: Operation, $branch::Output: Recordable, Err: From<<$branch::Output as Recordable>::Err>,)+
            Err: Serialize + DeserializeOwned + Display + Send,
        {
            type Output = Result<($(<$branch::Output as Recordable>::Ok,)+), Err>;

            async fn run(self, cx: &Context) -> Self::Output {
                let Self { name, branches, max_concurrency, .. } = self;
                let plan = Plan { kind: Kind::Parallel, name: &name, max_concurrency };
                let erase = move || vec![$(BranchPlan::new(Name::default_of(branches.$index.name), branches.$index.operation),)+];
                let Closed { id, ends } = match batch::run(cx, &plan, erase).await {
                    Ok(closed) => closed,
                    Err(refused) => return Err(outcome::refuse(cx, refused).await),
                };
                let spec = Spec { operation_type: OperationType::Context, sub_type: SubType::PARALLEL, name: name.as_str() };
                let mut ends = Ends { cx, id, spec, ends: ends.into_iter() };
                if let Some(failed) = ends.first_failed() {
                    ends.ends.by_ref().take(failed).for_each(drop);
                    $(if failed == $index {
                        return Err(match ends.next::<$branch::Output, Err>().await {
                            Err(error) => error,
                            Ok(_) => cx.unreadable(&ends.id, &ends.spec, "a failed branch with a result").await,
                        });
                    })+
                }
                $(let $value = ends.next::<$branch::Output, Err>().await?;)+
                Ok(($($value,)+))
            }
        }
    )+};
}

tuples! {
    (A a 0)
    (A a 0, B b 1)
    (A a 0, B b 1, C c 2)
    (A a 0, B b 1, C c 2, D d 3)
    (A a 0, B b 1, C c 2, D d 3, E e 4)
    (A a 0, B b 1, C c 2, D d 3, E e 4, F f 5)
    (A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6)
    (A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7)
    (A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7, I i 8)
    (A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7, I i 8, J j 9)
    (A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7, I i 8, J j 9, K k 10)
    (A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7, I i 8, J j 9, K k 10, L l 11)
    (A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7, I i 8, J j 9, K k 10, L l 11, M m 12)
    (A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7, I i 8, J j 9, K k 10, L l 11, M m 12, N n 13)
    (A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7, I i 8, J j 9, K k 10, L l 11, M m 12, N n 13, O o 14)
    (A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7, I i 8, J j 9, K k 10, L l 11, M m 12, N n 13, O o 14, P p 15)
}
