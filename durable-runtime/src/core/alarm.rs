//! The end of an invocation as its host sets it: what is done shortly before. Knows nothing of who sets it.

use std::task::Context as TaskContext;
use std::time::Duration;

use super::fatal::Fatal;
use super::shared::Shared;
use crate::clock::{BoxFuture, Clock};
use crate::wire::Timestamp;

/// Enough to answer the host.
const MARGIN: Duration = Duration::from_millis(200);

/// Rings once, shortly before the end.
pub(super) struct Alarm(Option<BoxFuture<'static, ()>>);

impl Alarm {
    pub(super) fn set(clock: &dyn Clock, deadline: Option<Timestamp>) -> Self {
        let margin = i64::try_from(MARGIN.as_millis()).unwrap_or_default();
        let before = |end: Timestamp| Timestamp::from_millis(end.as_millis().saturating_sub(margin));
        Self(deadline.map(|end| clock.sleep_until(before(end))))
    }

    /// A body that runs is left to run: it may end in time, and would begin again at best if it were stopped. What waits
    /// for nothing but the service's answer is ended in good order, rather than cut off with its process.
    pub(super) fn look(&mut self, cx: &mut TaskContext<'_>, shared: &Shared) {
        if !self.0.as_mut().is_some_and(|alarm| alarm.as_mut().poll(cx).is_ready()) {
            return;
        }
        self.0 = None;
        let state = shared.lock();
        let (live, drained) = (state.live, state.outbox.is_drained());
        drop(state);
        if live > 0 {
            tracing::warn!(
                execution = shared.execution.arn,
                "the invocation is about to end while {live} step bodies run: they are cut off and begin again in the \
                 next one; give the function a longer timeout, or its steps a shorter one"
            );
        } else if !drained {
            shared.cut_off(Fatal::OutOfTime);
        }
    }
}
