//! The settings that every batch has, and their builder methods.

use super::batch::Ends;
use super::branch::refused_setting;
use crate::completion::Completion;
use crate::core::Name;
use crate::error::StepFailure;
use crate::serdes::SerdesPlace;

/// How a batch runs, whatever its branches are.
pub(crate) struct BatchSettings {
    pub(crate) name: Name,
    pub(crate) max_concurrency: Option<usize>,
    pub(crate) completion: Completion,
    pub(crate) flat: bool,
    /// Whether the branches' texts are something else than JSON.
    pub(crate) text_items: bool,
    /// How the settled whole is recorded, when not in the shape of the official SDKs.
    pub(crate) whole: Option<Box<dyn WholeCoding>>,
}

/// Records and reads the settled whole of a batch.
pub(crate) trait WholeCoding: Send + Sync {
    fn write(&self, ends: &Ends, place: SerdesPlace<'_>) -> Result<String, StepFailure>;
    fn read(&self, text: &str, total: usize, place: SerdesPlace<'_>) -> Result<Ends, String>;
}

impl BatchSettings {
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name: Name::default_of(name),
            max_concurrency: None,
            completion: Completion::default(),
            flat: false,
            text_items: false,
            whole: None,
        }
    }

    /// Refuses what makes no sense, before anything is recorded.
    pub(crate) fn check(&self, total: usize) -> Result<(), StepFailure> {
        self.name.validate()?;
        if self.max_concurrency == Some(0) {
            return Err(refused_setting("`max_concurrency(0)` would never begin a branch: give 1 or more"));
        }
        self.completion.check(total).map_err(refused_setting)
    }
}

/// The builder methods of a batch with a field `settings`.
macro_rules! batch_settings {
    (impl [$($generics:tt)*] $batch:ty) => {
        super::builder::naming!(impl [$($generics)*] $batch, in settings);

        impl<$($generics)*> $batch {
            /// At most this many branches at once, 1 or more. A branch that waits keeps its slot.
            pub fn max_concurrency(mut self, branches: usize) -> Self {
                self.settings.max_concurrency = Some(branches);
                self
            }

            /// The batch is over as soon as this many branches have succeeded; those that still run are cancelled. Alone,
            /// it lets failures pass.
            pub fn min_successful(mut self, branches: usize) -> Self {
                self.settings.completion.min_successful = Some(branches);
                self
            }

            /// The batch goes on until more than this many branches have failed.
            pub fn tolerate_failures(mut self, branches: usize) -> Self {
                self.settings.completion.tolerated_failures = Some(branches);
                self
            }

            /// The batch goes on until more than this share of all branches has failed: 0 to 100.
            pub fn tolerate_failure_percentage(mut self, percentage: f64) -> Self {
                self.settings.completion.tolerated_percentage = Some(percentage);
                self
            }

            /// Asks `decide` after each branch that ends. It must depend on nothing but the progress, and no other
            /// criterion goes with it.
            pub fn complete_when(
                mut self,
                decide: impl Fn(&crate::completion::Progress) -> crate::completion::Verdict + Send + Sync + 'static,
            ) -> Self {
                self.settings.completion.predicate = Some(Box::new(decide));
                self
            }

            /// Step bodies that run when the batch is over early are cancelled. So it is by itself when enough branches
            /// succeeded.
            pub fn cancel_running(mut self) -> Self {
                self.settings.completion.running = Some(crate::completion::Running::Cancel);
                self
            }

            /// Step bodies that run when the batch is over early come to their end and are recorded. So it is by itself
            /// when too many branches failed.
            pub fn finish_running(mut self) -> Self {
                self.settings.completion.running = Some(crate::completion::Running::Finish);
                self
            }

            /// Branches have no record of their own: their operations stand directly under the batch. Two updates less
            /// per branch, and a branch's code runs again on every replay until the batch is over.
            pub fn flat(mut self) -> Self {
                self.settings.flat = true;
                self
            }
        }
    };
}
pub(super) use batch_settings;
