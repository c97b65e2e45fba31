//! When a batch is over, and why. Pure: counts in, a decision out.

use serde::{Deserialize, Serialize};

/// How a batch stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// All branches, begun or not.
    pub total: usize,
    /// Branches that ended with a value.
    pub succeeded: usize,
    /// Branches that ended with an error.
    pub failed: usize,
}

/// What a predicate decides about a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The batch goes on.
    GoOn,
    /// The batch is over, and counts as succeeded.
    Succeeded,
    /// The batch is over, and counts as failed.
    Failed,
}

/// Why a batch was over. The service's own words on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CompletionReason {
    /// Every branch came to its end.
    AllCompleted,
    /// As many branches succeeded as were asked for.
    MinSuccessfulReached,
    /// More branches failed than are tolerated.
    FailureToleranceExceeded,
    /// The predicate said that the batch has succeeded.
    CustomCompletionSucceeded,
    /// The predicate said that the batch has failed.
    CustomCompletionFailed,
    /// One branch came to its end first.
    RaceSettled,
}

/// Decides about a batch after each branch that ends.
type Predicate = Box<dyn Fn(&Progress) -> Verdict + Send + Sync>;

/// What becomes of step bodies that run when a batch is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Running {
    /// They are cancelled.
    Cancel,
    /// They come to their end and are recorded.
    Finish,
}

/// The completion policy of a batch.
#[derive(Default)]
pub(crate) struct Completion {
    pub(crate) min_successful: Option<usize>,
    pub(crate) tolerated_failures: Option<usize>,
    pub(crate) tolerated_percentage: Option<f64>,
    pub(crate) predicate: Option<Predicate>,
    pub(crate) running: Option<Running>,
    /// Every branch runs to its end, unless another criterion says otherwise.
    pub(crate) settle_all: bool,
    /// The first branch to end decides.
    pub(crate) race: bool,
}

impl Completion {
    /// Settings that can never be met, or contradict each other.
    pub(crate) fn check(&self, total: usize) -> Result<(), String> {
        if let Some(wanted) = self.min_successful
            && !(1..=total).contains(&wanted)
        {
            return Err(format!("`min_successful({wanted})` of {total} branches can never be met"));
        }
        if let Some(percentage) = self.tolerated_percentage
            && !(0.0..=100.0).contains(&percentage)
        {
            return Err(format!("`tolerate_failure_percentage({percentage})`: give 0 to 100"));
        }
        let criteria = self.min_successful.is_some() || self.has_tolerance();
        if self.predicate.is_some() && criteria {
            return Err("`complete_when` decides alone: leave the other criteria out".to_owned());
        }
        Ok(())
    }

    const fn has_tolerance(&self) -> bool {
        self.tolerated_failures.is_some() || self.tolerated_percentage.is_some()
    }

    /// Whether the batch is over, and why.
    #[allow(clippy::cast_precision_loss)]
    pub(crate) fn decide(&self, progress: &Progress) -> Option<CompletionReason> {
        let Progress { total, succeeded, failed } = *progress;
        let ended = succeeded + failed;
        if self.race && ended > 0 {
            return Some(CompletionReason::RaceSettled);
        }
        if let Some(predicate) = &self.predicate {
            return match predicate(progress) {
                Verdict::Succeeded => Some(CompletionReason::CustomCompletionSucceeded),
                Verdict::Failed => Some(CompletionReason::CustomCompletionFailed),
                Verdict::GoOn => (ended == total).then_some(CompletionReason::AllCompleted),
            };
        }
        let no_criteria = !self.has_tolerance() && self.min_successful.is_none() && !self.settle_all;
        let over_count = self.tolerated_failures.is_some_and(|tolerated| failed > tolerated);
        let over_percentage = |tolerated| failed as f64 * 100.0 > tolerated * total as f64;
        if no_criteria && failed > 0 || over_count || self.tolerated_percentage.is_some_and(over_percentage) {
            Some(CompletionReason::FailureToleranceExceeded)
        } else if ended == total {
            Some(CompletionReason::AllCompleted)
        } else {
            let reached = self.min_successful.is_some_and(|wanted| succeeded >= wanted);
            reached.then_some(CompletionReason::MinSuccessfulReached)
        }
    }

    /// What becomes of running bodies. A half-made booking must stay compensable, so a failure lets them finish; the
    /// losers of a race, and whoever is not needed any more, are cancelled.
    pub(crate) fn running_at(&self, reason: CompletionReason) -> Running {
        self.running.unwrap_or(match reason {
            CompletionReason::MinSuccessfulReached | CompletionReason::RaceSettled => Running::Cancel,
            _ => Running::Finish,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Completion, CompletionReason, Progress, Verdict};

    fn progress(succeeded: usize, failed: usize) -> Progress {
        Progress { total: 4, succeeded, failed }
    }

    #[test]
    fn without_criteria_the_first_failure_ends_a_batch() {
        let policy = Completion::default();
        assert_eq!(policy.decide(&progress(3, 0)), None);
        assert_eq!(policy.decide(&progress(0, 1)), Some(CompletionReason::FailureToleranceExceeded));
        assert_eq!(policy.decide(&progress(4, 0)), Some(CompletionReason::AllCompleted));
    }

    #[test]
    fn tolerance_is_exceeded_only_by_more_than_is_tolerated() {
        let count = Completion { tolerated_failures: Some(1), ..Completion::default() };
        assert_eq!(count.decide(&progress(0, 1)), None);
        assert_eq!(count.decide(&progress(0, 2)), Some(CompletionReason::FailureToleranceExceeded));
        let share = Completion { tolerated_percentage: Some(25.0), ..Completion::default() };
        assert_eq!(share.decide(&progress(0, 1)), None);
        assert_eq!(share.decide(&progress(1, 2)), Some(CompletionReason::FailureToleranceExceeded));
        assert_eq!(share.decide(&progress(3, 1)), Some(CompletionReason::AllCompleted));
    }

    #[test]
    fn with_a_minimum_alone_failures_never_stop_a_batch() {
        let policy = Completion { min_successful: Some(2), ..Completion::default() };
        assert_eq!(policy.decide(&progress(1, 2)), None);
        assert_eq!(policy.decide(&progress(2, 1)), Some(CompletionReason::MinSuccessfulReached));
        assert_eq!(policy.decide(&progress(1, 3)), Some(CompletionReason::AllCompleted));
    }

    #[test]
    fn a_predicate_decides_alone() {
        let verdict = |progress: &Progress| if progress.failed > 0 { Verdict::Failed } else { Verdict::GoOn };
        let policy = Completion { predicate: Some(Box::new(verdict)), ..Completion::default() };
        assert_eq!(policy.decide(&progress(2, 0)), None);
        assert_eq!(policy.decide(&progress(2, 1)), Some(CompletionReason::CustomCompletionFailed));
        let both = Completion { min_successful: Some(1), ..policy };
        assert!(both.check(4).is_err());
    }

    #[test]
    fn settings_that_cannot_be_met_are_refused() {
        let few = Completion { min_successful: Some(5), ..Completion::default() };
        assert!(few.check(4).is_err() && few.check(5).is_ok());
        let share = Completion { tolerated_percentage: Some(101.0), ..Completion::default() };
        assert!(share.check(4).is_err());
    }
}
