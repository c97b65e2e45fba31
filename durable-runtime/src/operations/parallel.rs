//! `parallel!`: up to 16 branches of different types, awaited together.

use std::fmt::Display;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::batch::{self, BranchPlan, Closed, Ends, ItemCoding, Kind, branch_id};
use super::batch_settings::{BatchSettings, batch_settings};
use super::branch::refused_setting;
use super::outcome::{self, Recorded};
use super::settled::{BatchResult, Outcome, Settled};
use crate::core::{Context, Name, Spec};
use crate::error::{Error, StepFailure};
use crate::operation::{Operation, Recordable};
use crate::serdes::{Coding, Plain};
use crate::wire::{OperationId, OperationType};

/// One named branch of a [`Parallel`].
#[must_use = "an operation does nothing unless it is awaited in a `#[durable]` function"]
pub struct Branch<O> {
    pub(super) name: &'static str,
    pub(super) operation: O,
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
    settings: BatchSettings,
    branches: Branches,
    error: PhantomData<fn() -> Err>,
}

impl<Branches, Err> Parallel<Branches, Err> {
    /// A batch of branches. `parallel!` writes the call.
    pub fn new(name: &'static str, branches: Branches) -> Self {
        Self { settings: BatchSettings::new(name), branches, error: PhantomData }
    }

    /// Awaiting it gives every branch's [`Outcome`], in a [`BatchResult`] over a tuple. Without another criterion every
    /// branch runs to its end.
    pub fn settled(mut self) -> Settled<Self> {
        self.settings.completion.settle_all = true;
        Settled(self)
    }
}

batch_settings!(impl [Branches, Err] Parallel<Branches, Err>);

/// The ends of a closed batch, taken branch by branch in the order of their index.
pub(super) struct Reading<'a> {
    pub(super) cx: &'a Context,
    pub(super) id: OperationId,
    pub(super) spec: Spec<'a>,
    pub(super) ends: std::vec::IntoIter<Option<Recorded>>,
}

impl<'a> Reading<'a> {
    pub(super) fn of(cx: &'a Context, id: OperationId, kind: Kind, name: &'a Name, ends: Ends) -> Self {
        let spec = Spec { operation_type: OperationType::Context, sub_type: kind.sub_type(), name: name.as_str() };
        Self { cx, id, spec, ends: ends.ends.into_iter() }
    }

    /// The next branch's value, or its error as the batch's.
    pub(super) async fn next<R, Err>(&mut self) -> Result<R::Ok, Err>
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

    /// The next branch's outcome.
    pub(super) async fn outcome<R: Recordable>(
        &mut self,
        index: usize,
        begun: usize,
        coding: &dyn Coding<R>,
    ) -> Outcome<R::Ok, R::Err> {
        match self.ends.next().flatten() {
            Some(Ok(text)) => {
                let (branch, end) = (branch_id(&self.id, index), (Ok(Some(text)), None));
                match outcome::output(self.cx, &branch, &self.spec, end, coding).await.into_result() {
                    Ok(value) => Outcome::Succeeded(value),
                    Err(error) => Outcome::Failed(error),
                }
            }
            Some(Err(error)) => match outcome::failure(&error) {
                Some(failure) => Outcome::Broken(failure),
                None => Outcome::Failed(outcome::error(self.cx, &self.id, &self.spec, &error).await),
            },
            None if index < begun => Outcome::Unfinished,
            None => Outcome::NotStarted,
        }
    }

    /// The position of the first branch that failed.
    fn first_failed(&self) -> Option<usize> {
        self.ends.as_slice().iter().position(|end| matches!(end, Some(Err(_))))
    }
}

/// How many ended with a value, and how many without one.
pub(super) fn counts(ends: &Ends) -> (usize, usize) {
    let count = |wanted: bool| ends.ends.iter().flatten().filter(|end| end.is_ok() == wanted).count();
    (count(true), count(false))
}

/// A tuple has a value for every branch, so awaiting one needs them all.
fn needs_all(settings: &BatchSettings, total: usize) -> Result<(), StepFailure> {
    let completion = &settings.completion;
    if completion.predicate.is_some() || completion.min_successful.is_some_and(|wanted| wanted < total) {
        return Err(refused_setting(
            "the tuple of a `parallel!` that may be over early would lack values: await `.settled()` instead",
        ));
    }
    Ok(())
}

macro_rules! tuples {
    ($($total:literal ($($branch:ident $value:ident $index:tt),+))+) => {$(
        impl<$($branch,)+ Err> Operation for Parallel<($(Branch<$branch>,)+), Err>
        where
            $($branch: Operation, $branch::Output: Recordable, Err: From<<$branch::Output as Recordable>::Err>,)+
            Err: Serialize + DeserializeOwned + Display + Send,
        {
            type Output = Result<($(<$branch::Output as Recordable>::Ok,)+), Err>;

            async fn run(self, cx: &Context) -> Self::Output {
                let Self { settings, branches, .. } = self;
                let erase = move || vec![$(BranchPlan::new(Name::default_of(branches.$index.name), branches.$index.operation, ItemCoding::default()),)+];
                let ran = match needs_all(&settings, $total) {
                    Ok(()) => batch::run(cx, Kind::Parallel, &settings, $total, erase).await,
                    Err(refused) => Err(refused),
                };
                let Closed { id, ends } = match ran {
                    Ok(closed) => closed,
                    Err(refused) => return Err(outcome::refuse(cx, refused).await),
                };
                let mut ends = Reading::of(cx, id, Kind::Parallel, &settings.name, ends);
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

        impl<$($branch,)+ Err> Operation for Settled<Parallel<($(Branch<$branch>,)+), Err>>
        where
            $($branch: Operation, $branch::Output: Recordable,)+
            Err: Serialize + DeserializeOwned + Display + Send,
        {
            type Output = Result<BatchResult<($(Outcome<<$branch::Output as Recordable>::Ok, <$branch::Output as Recordable>::Err>,)+)>, Err>;

            async fn run(self, cx: &Context) -> Self::Output {
                let Parallel { settings, branches, .. } = self.0;
                let erase = move || vec![$(BranchPlan::new(Name::default_of(branches.$index.name), branches.$index.operation, ItemCoding::default()),)+];
                let Closed { id, ends } = match batch::run(cx, Kind::Parallel, &settings, $total, erase).await {
                    Ok(closed) => closed,
                    Err(refused) => return Err(outcome::refuse(cx, refused).await),
                };
                let (reason, begun, (succeeded, failed)) = (ends.reason, ends.begun, counts(&ends));
                let mut ends = Reading::of(cx, id, Kind::Parallel, &settings.name, ends);
                $(let $value = ends.outcome::<$branch::Output>($index, begun, &Plain).await;)+
                Ok(BatchResult { outcomes: ($($value,)+), reason, succeeded, failed, begun })
            }
        }
    )+};
}

tuples! {
    1 (A a 0)
    2 (A a 0, B b 1)
    3 (A a 0, B b 1, C c 2)
    4 (A a 0, B b 1, C c 2, D d 3)
    5 (A a 0, B b 1, C c 2, D d 3, E e 4)
    6 (A a 0, B b 1, C c 2, D d 3, E e 4, F f 5)
    7 (A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6)
    8 (A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7)
    9 (A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7, I i 8)
    10 (A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7, I i 8, J j 9)
    11 (A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7, I i 8, J j 9, K k 10)
    12 (A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7, I i 8, J j 9, K k 10, L l 11)
    13 (A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7, I i 8, J j 9, K k 10, L l 11, M m 12)
    14 (A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7, I i 8, J j 9, K k 10, L l 11, M m 12, N n 13)
    15 (A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7, I i 8, J j 9, K k 10, L l 11, M m 12, N n 13, O o 14)
    16 (A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7, I i 8, J j 9, K k 10, L l 11, M m 12, N n 13, O o 14, P p 15)
}
