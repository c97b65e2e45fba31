//! Time that skips: tokio's paused clock, seen as the runtime's and the engine's clock.

use tokio::time::Instant;

use crate::clock::{BoxFuture, Clock};
use crate::wire::Timestamp;

/// Where virtual time begins: 2026-01-01T00:00:00Z. A fixed instant, so that runs compare.
const EPOCH_MILLIS: i64 = 1_767_225_600_000;

/// A clock over tokio's paused one: whenever the runtime has nothing to do, time moves to the next timer, those of
/// step bodies included. Needs a current-thread runtime whose clock is paused (`#[tokio::test(start_paused = true)]`);
/// on a running clock it simply goes with it.
#[derive(Debug, Clone, Copy)]
pub struct VirtualClock {
    base: Instant,
    begin: Timestamp,
}

impl VirtualClock {
    /// A clock that shows 2026-01-01T00:00:00Z now. Call it inside the runtime.
    #[must_use]
    pub fn new() -> Self {
        Self::starting_at(Timestamp::from_millis(EPOCH_MILLIS))
    }

    /// A clock that shows `begin` now: a second engine on a store goes on where the first one's time ended.
    #[must_use]
    pub fn starting_at(begin: Timestamp) -> Self {
        Self { base: Instant::now(), begin }
    }
}

impl Default for VirtualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        self.begin.plus(self.base.elapsed())
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'static, ()> {
        let deadline = self.base + at.since(self.begin);
        Box::pin(tokio::time::sleep_until(deadline))
    }

    fn is_virtual(&self) -> bool {
        true
    }
}
