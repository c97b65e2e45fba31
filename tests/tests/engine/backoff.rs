//! How long failed invocations wait for their repetition.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use durable_runtime::clock::{BoxFuture, Clock};
use durable_runtime::engine::{Engine, ExecutionStatus};
use durable_runtime::testing::VirtualClock;
use durable_runtime::wire::Timestamp;
use tokio::time::Instant;

use crate::support::*;

#[tokio::test(start_paused = true)]
async fn in_virtual_time_every_run_takes_the_same() {
    for _ in 0..3 {
        let (_, summary) =
            run(|call| async move { if call.number < 4 { crashed("Handler") } else { succeeded("1") } }).await;
        assert_eq!(summary.ended.unwrap().since(summary.started), Duration::from_secs(1 + 2 + 4));
    }
}

/// A clock that somebody sets while timers run.
#[derive(Clone)]
struct Settable {
    clock: VirtualClock,
    set_by: Arc<AtomicI64>,
}

impl Clock for Settable {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.clock.now().as_millis() + self.set_by.load(Ordering::SeqCst))
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'static, ()> {
        let clock = self.clone();
        Box::pin(async move {
            while clock.now() < at {
                clock.sleep(at.since(clock.now()).min(Duration::from_secs(10))).await;
            }
        })
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.clock.sleep(duration)
    }

    fn is_virtual(&self) -> bool {
        true
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_back_makes_no_backoff_longer_and_one_set_forward_ends_it() {
    for hours in [-1, 1] {
        let (clock, set_by) = (VirtualClock::new(), Arc::new(AtomicI64::new(0)));
        let settable = Settable { clock, set_by: Arc::clone(&set_by) };
        let engine = Engine::options().clock(Arc::new(settable)).open_in_memory().await.unwrap();
        engine.register(
            "scripted",
            script(|call| async move { if call.number < 7 { crashed("Handler") } else { succeeded("1") } }),
        );
        let begun = Instant::now();
        let arn = begin(&engine, "scripted").await;
        // In the middle of the sixth backoff, which takes 32 seconds.
        tokio::time::sleep(Duration::from_secs(31 + 2)).await;
        set_by.store(hours * 3_600_000, Ordering::SeqCst);
        assert_eq!(finish(&engine, &arn).await.status, ExecutionStatus::Succeeded);
        let took = begun.elapsed().as_secs();
        assert_eq!(took, if hours < 0 { 31 + 32 } else { 31 + 10 });
    }
}
