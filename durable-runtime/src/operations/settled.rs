//! `.settled()`: every branch's outcome instead of the values or the first failure.

use crate::completion::CompletionReason;
use crate::error::StepFailure;

/// A batch whose await gives every branch's outcome. Made by `.settled()`.
///
/// Without another criterion every branch runs to its end: one that fails does not end the batch. Every branch is
/// recorded as it is without `.settled()`.
#[must_use = "an operation does nothing unless it is awaited in a `#[durable]` function"]
pub struct Settled<B>(pub(super) B);

/// How one branch ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome<T, E> {
    /// With a value.
    Succeeded(T),
    /// With an error of its own.
    Failed(E),
    /// With a failure that its error type cannot express, such as a panic.
    Broken(StepFailure),
    /// Begun, and not at its end when the batch was over.
    Unfinished,
    /// Never begun.
    NotStarted,
}

impl<T, E> Outcome<T, E> {
    /// The value, if there is one.
    #[must_use]
    pub const fn value(&self) -> Option<&T> {
        match self {
            Self::Succeeded(value) => Some(value),
            _ => None,
        }
    }

    /// The value, if there is one.
    #[must_use]
    pub fn into_value(self) -> Option<T> {
        match self {
            Self::Succeeded(value) => Some(value),
            _ => None,
        }
    }

    /// The branch's own error, if it ended with one.
    #[must_use]
    pub const fn error(&self) -> Option<&E> {
        match self {
            Self::Failed(error) => Some(error),
            _ => None,
        }
    }

    /// Whether it ended with a value.
    #[must_use]
    pub const fn is_succeeded(&self) -> bool {
        matches!(self, Self::Succeeded(_))
    }

    /// Whether it ended without one.
    #[must_use]
    pub const fn is_failed(&self) -> bool {
        matches!(self, Self::Failed(_) | Self::Broken(_))
    }
}

/// Every branch's outcome, and why the batch was over. `O` is a tuple of [`Outcome`]s for `parallel!`, a `Vec` of them
/// for `parallel_map` and `parallel_all`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchResult<O> {
    /// The outcomes, in the order of the branches.
    pub outcomes: O,
    pub(super) reason: CompletionReason,
    pub(super) succeeded: usize,
    pub(super) failed: usize,
    pub(super) begun: usize,
}

impl<O> BatchResult<O> {
    /// Why the batch was over.
    #[must_use]
    pub const fn completion_reason(&self) -> CompletionReason {
        self.reason
    }

    /// Branches that ended with a value.
    #[must_use]
    pub const fn succeeded_count(&self) -> usize {
        self.succeeded
    }

    /// Branches that ended without one.
    #[must_use]
    pub const fn failed_count(&self) -> usize {
        self.failed
    }

    /// Branches that were begun and not at their end when the batch was over.
    #[must_use]
    pub const fn unfinished_count(&self) -> usize {
        self.begun.saturating_sub(self.succeeded + self.failed)
    }

    /// Branches that were begun.
    #[must_use]
    pub const fn total_count(&self) -> usize {
        self.begun
    }

    /// Whether no branch failed, or a predicate said that the batch has succeeded.
    #[must_use]
    pub fn is_success(&self) -> bool {
        match self.reason {
            CompletionReason::CustomCompletionSucceeded => true,
            CompletionReason::CustomCompletionFailed => false,
            _ => self.failed == 0,
        }
    }
}

impl<T, E> BatchResult<Vec<Outcome<T, E>>> {
    /// A result of these outcomes, for a serdes that reads one.
    #[must_use]
    pub fn new(outcomes: Vec<Outcome<T, E>>, reason: CompletionReason) -> Self {
        let count = |wanted: fn(&Outcome<T, E>) -> bool| outcomes.iter().filter(|outcome| wanted(outcome)).count();
        let (succeeded, failed) = (count(Outcome::is_succeeded), count(Outcome::is_failed));
        let begun = outcomes.len() - count(|outcome| matches!(outcome, Outcome::NotStarted));
        Self { outcomes, reason, succeeded, failed, begun }
    }

    /// A result in which every branch succeeded.
    #[must_use]
    pub fn of_values(values: impl IntoIterator<Item = T>) -> Self {
        Self::new(values.into_iter().map(Outcome::Succeeded).collect(), CompletionReason::AllCompleted)
    }

    /// The values, in the order of the branches.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.outcomes.iter().filter_map(Outcome::value)
    }

    /// The values, in the order of the branches.
    #[must_use]
    pub fn into_values(self) -> Vec<T> {
        self.outcomes.into_iter().filter_map(Outcome::into_value).collect()
    }

    /// The branches' own errors with their index.
    pub fn errors(&self) -> impl Iterator<Item = (usize, &E)> {
        self.outcomes.iter().enumerate().filter_map(|(index, outcome)| Some((index, outcome.error()?)))
    }

    /// The values, or the first error in the order of the branches.
    ///
    /// # Errors
    /// The first branch's error, when one failed.
    pub fn into_result(self) -> Result<Vec<T>, E>
    where
        E: From<StepFailure>,
    {
        let mut values = Vec::with_capacity(self.outcomes.len());
        for outcome in self.outcomes {
            match outcome {
                Outcome::Succeeded(value) => values.push(value),
                Outcome::Failed(error) => return Err(error),
                Outcome::Broken(failure) => return Err(failure.into()),
                Outcome::Unfinished | Outcome::NotStarted => {}
            }
        }
        Ok(values)
    }
}
