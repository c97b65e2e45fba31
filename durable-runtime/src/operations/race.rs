//! `race!`: the first of several branches to come to its end. The winner is recorded, the losers stop.

use std::fmt::Display;
use std::marker::PhantomData;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::batch::{self, BranchPlan, Closed, ItemCoding, Kind};
use super::batch_settings::BatchSettings;
use super::builder::naming;
use super::outcome;
use super::parallel::{Branch, Reading};
use crate::core::{Context, Name};
use crate::error::Error;
use crate::operation::{Operation, Recordable};

/// A race of branches of different types: the service's CONTEXT of sub-type Parallel with a recorded winner. Made by
/// `race!`.
///
/// The first branch to come to its end decides, with its value or its error; the others are cancelled at once, step
/// bodies too. A race against `sleep` is how anything gets a deadline. Replay takes the recorded winner; a race that was
/// still open when the process died counts what is recorded before what has to run again.
#[must_use = "an operation does nothing unless it is awaited in a `#[durable]` function"]
pub struct Race<Branches, Err = Error> {
    settings: BatchSettings,
    branches: Branches,
    error: PhantomData<fn() -> Err>,
}

impl<Branches, Err> Race<Branches, Err> {
    /// A race of branches. `race!` writes the call.
    pub fn new(name: &'static str, branches: Branches) -> Self {
        let mut settings = BatchSettings::new(name);
        settings.completion.race = true;
        Self { settings, branches, error: PhantomData }
    }
}

naming!(impl [Branches, Err] Race<Branches, Err>, in settings);

macro_rules! races {
    ($($total:literal $race:ident ($($branch:ident $index:tt),+))+) => {$(
        /// The winner of a race, by position. It can be recorded, so that a race may be a branch or end a block.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[allow(missing_docs)]
        pub enum $race<$($branch),+> {
            $($branch($branch)),+
        }

        impl<$($branch,)+ Err> Operation for Race<($(Branch<$branch>,)+), Err>
        where
            $($branch: Operation, $branch::Output: Recordable, Err: From<<$branch::Output as Recordable>::Err>,)+
            Err: Serialize + DeserializeOwned + Display + Send,
        {
            type Output = Result<$race<$(<$branch::Output as Recordable>::Ok),+>, Err>;

            async fn run(self, cx: &Context) -> Self::Output {
                let Self { settings, branches, .. } = self;
                let erase = move || vec![$(BranchPlan::new(Name::default_of(branches.$index.name), branches.$index.operation, ItemCoding::default()),)+];
                let Closed { id, ends } = match batch::run(cx, Kind::Parallel, &settings, $total, erase).await {
                    Ok(closed) => closed,
                    Err(refused) => return Err(outcome::refuse(cx, refused).await),
                };
                let winner = ends.ends.iter().position(Option::is_some);
                let mut ends = Reading::of(cx, id, Kind::Parallel, &settings.name, ends);
                $(if winner == Some($index) {
                    ends.ends.by_ref().take($index).for_each(drop);
                    return ends.next::<$branch::Output, Err>().await.map($race::$branch);
                })+
                cx.unreadable(&ends.id, &ends.spec, "a race without a winner").await
            }
        }
    )+};
}

races! {
    2 Race2 (A 0, B 1)
    3 Race3 (A 0, B 1, C 2)
    4 Race4 (A 0, B 1, C 2, D 3)
    5 Race5 (A 0, B 1, C 2, D 3, E 4)
    6 Race6 (A 0, B 1, C 2, D 3, E 4, F 5)
    7 Race7 (A 0, B 1, C 2, D 3, E 4, F 5, G 6)
    8 Race8 (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7)
}
