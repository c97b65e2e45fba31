//! When a failed step is tried again. Pure: randomness comes in as an argument.

use std::time::Duration;

use crate::wire::limits;

/// How much of a computed delay is left to chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Jitter {
    /// The whole delay.
    None,
    /// Anything up to the delay.
    Full,
    /// Half the delay, plus anything up to the other half.
    Half,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Growth {
    Fixed,
    Linear(Duration),
    Exponential(f64),
}

/// A step's retry policy: how many attempts, and how long between them.
///
/// The default is the service's: 6 attempts, 5 s at first, doubled up to 60 s, full jitter. Delays are whole
/// seconds on the wire, at least 1 and at most 366 days.
///
/// ```
/// use durable_runtime::{Jitter, RetryPolicy};
/// use std::time::Duration;
/// let policy = RetryPolicy::exponential(Duration::from_secs(1)).max_attempts(5).jitter(Jitter::None);
/// assert_eq!(policy.delay_seconds(3, 0.5), Some(4));
/// assert_eq!(policy.delay_seconds(5, 0.5), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use = "a retry policy does nothing until it is given to a step"]
pub struct RetryPolicy {
    max_attempts: u32,
    first: Duration,
    growth: Growth,
    max_delay: Duration,
    jitter: Jitter,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::exponential(Duration::from_secs(5)).max_attempts(6).max_delay(Duration::from_secs(60))
    }
}

/// The same wait before each of 60 attempts: for conditions that are polled.
impl From<Duration> for RetryPolicy {
    fn from(delay: Duration) -> Self {
        Self::fixed(delay).max_attempts(60)
    }
}

impl RetryPolicy {
    /// No retry: the first failure is final.
    pub const fn none() -> Self {
        Self::of(1, Duration::from_secs(1), Growth::Fixed, Jitter::None)
    }

    /// The same delay before every retry, no jitter; 5 attempts unless told otherwise.
    pub const fn fixed(delay: Duration) -> Self {
        Self::of(5, delay, Growth::Fixed, Jitter::None)
    }

    /// A delay that grows by `increment` with every retry, full jitter; 6 attempts unless told otherwise.
    pub const fn linear(first: Duration, increment: Duration) -> Self {
        Self::of(6, first, Growth::Linear(increment), Jitter::Full)
    }

    /// A delay that doubles with every retry, full jitter; 3 attempts unless told otherwise.
    pub const fn exponential(first: Duration) -> Self {
        Self::of(3, first, Growth::Exponential(2.0), Jitter::Full)
    }

    const fn of(max_attempts: u32, first: Duration, growth: Growth, jitter: Jitter) -> Self {
        Self { max_attempts, first, growth, max_delay: Duration::from_secs(300), jitter }
    }

    /// Attempts in all, the first included; 0 counts as 1.
    pub const fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// The longest delay before jitter; 300 s unless told otherwise.
    pub const fn max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }

    /// What an exponential delay is multiplied by; 2 unless told otherwise. Nothing to other policies.
    pub const fn factor(mut self, factor: f64) -> Self {
        if let Growth::Exponential(_) = self.growth {
            self.growth = Growth::Exponential(factor);
        }
        self
    }

    /// How much of the delay is left to chance.
    pub const fn jitter(mut self, jitter: Jitter) -> Self {
        self.jitter = jitter;
        self
    }

    /// Whether `attempt` (from 1) is the last that this policy permits.
    #[must_use]
    pub const fn is_last(&self, attempt: u32) -> bool {
        attempt >= self.max_attempts
    }

    /// Whole seconds until the attempt after the failed `attempt` (from 1), or `None` when there is none.
    /// `chance` is a number from 0 to 1 that decides the jitter.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
    pub fn delay_seconds(&self, attempt: u32, chance: f64) -> Option<u64> {
        if self.is_last(attempt) {
            return None;
        }
        let retries = f64::from(attempt.saturating_sub(1));
        let grown = match self.growth {
            Growth::Fixed => self.first.as_secs_f64(),
            Growth::Linear(increment) => self.first.as_secs_f64() + increment.as_secs_f64() * retries,
            Growth::Exponential(factor) => self.first.as_secs_f64() * factor.powf(retries),
        };
        let base = grown.min(self.max_delay.as_secs_f64());
        let jittered = match self.jitter {
            Jitter::None => base,
            Jitter::Full => base * chance,
            Jitter::Half => base / 2.0 + base / 2.0 * chance,
        };
        // `max` also turns a delay that is not a number into the shortest one.
        Some(jittered.ceil().max(1.0).min(limits::DELAY_SECONDS as f64) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::{Jitter, RetryPolicy};
    use std::time::Duration;

    fn delays(policy: RetryPolicy, chance: f64) -> Vec<u64> {
        (1..).map_while(|attempt| policy.delay_seconds(attempt, chance)).collect()
    }

    #[test]
    fn the_default_is_the_services() {
        assert_eq!(delays(RetryPolicy::default(), 1.0), [5, 10, 20, 40, 60]);
        assert_eq!(delays(RetryPolicy::default(), 0.0), [1, 1, 1, 1, 1]);
    }

    #[test]
    fn every_growth_is_bounded_and_counts_attempts() {
        let second = Duration::from_secs(1);
        assert!(delays(RetryPolicy::none(), 1.0).is_empty());
        assert_eq!(delays(RetryPolicy::fixed(second * 3).max_attempts(3), 0.0), [3, 3]);
        assert_eq!(delays(RetryPolicy::linear(second, second * 2).max_attempts(4), 1.0), [1, 3, 5]);
        let half = RetryPolicy::exponential(second * 4).max_attempts(4).factor(3.0).max_delay(second * 20);
        assert_eq!(delays(half.jitter(Jitter::Half), 0.5), [3, 9, 15]);
    }

    #[test]
    fn a_policy_of_zero_attempts_still_has_its_first() {
        assert!(RetryPolicy::fixed(Duration::ZERO).max_attempts(0).is_last(1));
        assert_eq!(RetryPolicy::fixed(Duration::ZERO).delay_seconds(1, 0.0), Some(1));
    }
}
