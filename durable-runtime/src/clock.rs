//! Time as the replay core sees it: asked for, never read.

use std::pin::Pin;
use std::time::{Duration, SystemTime};

use crate::wire::Timestamp;

/// A boxed future, as it crosses the two traits between the replay core and the outside.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Where the runtime and the engine get the time from: the machine's clock, or a virtual one in tests.
pub trait Clock: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> Timestamp;
    /// Resolves once `now()` is at or after `at`.
    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'static, ()>;
    /// Resolves once `duration` has gone by. A clock that can be set back resolves it all the same.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.sleep_until(self.now().plus(duration))
    }
    /// Whether time moves on as soon as the process has nothing to do. Whoever waits for another thread must then
    /// keep the process busy, and nothing may poll for ever.
    fn is_virtual(&self) -> bool {
        false
    }
}

/// How long a sleeper trusts the monotonic clock before it looks at the wall clock again.
const LONGEST_NAP: Duration = Duration::from_secs(10);

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        SystemTime::now().into()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'static, ()> {
        let clock = *self;
        Box::pin(async move {
            // The wall clock may be set back while a timer runs: look again rather than fire early.
            loop {
                let left = at.since(clock.now());
                if left.is_zero() {
                    return;
                }
                // Nor does tokio count the time that a machine is suspended.
                tokio::time::sleep(left.min(LONGEST_NAP)).await;
            }
        })
    }
}
