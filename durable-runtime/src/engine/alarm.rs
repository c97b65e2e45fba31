//! The one timer of a live execution: the earliest of everything that happens to it by itself.

use std::sync::Arc;

use crate::clock::{BoxFuture, Clock};
use crate::wire::Timestamp;

/// A timer that is set again only when its time changes: most requests leave it alone.
pub(crate) struct Alarm {
    clock: Arc<dyn Clock>,
    set: Option<(Timestamp, BoxFuture<'static, ()>)>,
}

impl Alarm {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, set: None }
    }

    /// Resolves at `at`; never for `None`. May be dropped and asked again.
    pub(crate) async fn ring(&mut self, at: Option<Timestamp>) {
        let Some(at) = at else { return std::future::pending().await };
        if self.set.as_ref().is_none_or(|(set, _)| *set != at) {
            self.set = Some((at, self.clock.sleep_until(at)));
        }
        if let Some((_, sleep)) = &mut self.set {
            sleep.as_mut().await;
        }
        self.set = None;
    }
}
