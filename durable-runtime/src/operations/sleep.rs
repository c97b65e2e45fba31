//! `sleep`, `sleep_until`: durable timers. The process need not exist while one runs.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::builder::naming;
use super::course::whole_seconds;
use super::outcome;
use crate::core::{Claim, Context, Mismatch, Name, Spec};
use crate::error::{Error, FailureKind, StepFailure};
use crate::operation::Operation;
use crate::wire::{
    Action, Operation as Record, OperationId, OperationType, OperationUpdate, SubType, Timestamp, WaitOptions, limits,
};

/// A durable timer: the service's WAIT. Made by [`sleep`] and [`sleep_until`].
#[must_use = "an operation does nothing unless it is awaited in a `#[durable]` function"]
#[derive(Debug)]
pub struct Sleep {
    name: Name,
    until: Until,
    literal: bool,
}

#[derive(Debug, Clone, Copy)]
enum Until {
    After(Duration),
    At(SystemTime),
}

/// Waits for a duration, in whole seconds rounded up, at least 1 s and at most 366 days.
///
/// Nothing runs and nothing is billed while every branch waits. The timer begins when the service records it.
///
/// ```no_run
/// # use durable_runtime::prelude::*;
/// #[durable]
/// async fn remind(user: String) -> Result<()> {
///     sleep(hours(24)).await?;
///     println!("remind {user}");
///     Ok(())
/// }
/// ```
pub fn sleep(duration: Duration) -> Sleep {
    Sleep { name: Name::default_of("sleep"), until: Until::After(duration), literal: false }
}

/// Waits until a time, in whole seconds rounded up. A time that has passed is no wait: that is recorded, so that a
/// replay on another clock decides the same.
pub fn sleep_until(time: SystemTime) -> Sleep {
    Sleep { name: Name::default_of("sleep"), until: Until::At(time), literal: false }
}

impl Sleep {
    /// Seconds to wait from `now`.
    fn seconds(&self, now: SystemTime) -> Result<u64, NoWait> {
        let seconds = match self.until {
            Until::After(duration) => whole_seconds(duration),
            Until::At(time) => match time.duration_since(now) {
                Ok(left) if !left.is_zero() => whole_seconds(left),
                _ => return Err(NoWait::Passed),
            },
        };
        if seconds > limits::DELAY_SECONDS { Err(NoWait::TooFar(seconds)) } else { Ok(seconds) }
    }
}

naming!(impl [] Sleep);

impl Operation for Sleep {
    type Output = Result<(), Error>;

    fn literal(mut self) -> Self {
        self.literal = true;
        self
    }

    async fn run(self, cx: &Context) -> Result<(), Error> {
        if let Err(refused) = self.name.validate() {
            return Err(outcome::refuse(cx, refused).await);
        }
        let name = self.name.as_str();
        let wait = Spec { operation_type: OperationType::Wait, sub_type: SubType::WAIT, name };
        // A time is compared with the clock once: what came of it is recorded, as a wait or as the decision not to.
        let no_wait = Spec { operation_type: OperationType::Step, sub_type: SubType::STEP, name };
        let (Claim { id, recorded }, decided) = cx.claim_either(&wait, &no_wait).await;
        match recorded {
            Some(record) if decided => {
                let text = record.step_details.and_then(|details| details.result);
                let decision: NoWait = outcome::value(cx, &id, &no_wait, text.as_deref()).await;
                decision.into_result()
            }
            Some(record) => {
                if self.literal {
                    self.check_duration(cx, &id, &wait, &record).await;
                }
                if !record.status.is_terminal() {
                    cx.watch(record);
                    cx.moved(id, None).await;
                }
                Ok(())
            }
            None => match self.seconds(crate::core::now(cx)) {
                Ok(seconds) => {
                    let options = WaitOptions { wait_seconds: Some(seconds) };
                    let update = OperationUpdate { wait_options: Some(options), ..cx.update(id, &wait, Action::Start) };
                    let start = cx.start_watched(update).await;
                    cx.moved(id, Some(start)).await;
                    Ok(())
                }
                Err(decision) => {
                    let payload = serde_json::to_string(&decision).ok().map(|text| cx.seal(&id, text));
                    cx.complete(OperationUpdate { payload, ..cx.update(id, &no_wait, Action::Succeed) }).await;
                    decision.into_result()
                }
            },
        }
    }
}

/// Why there is no timer.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum NoWait {
    /// The time had passed.
    Passed,
    /// It is so many seconds away, more than the service can wait.
    TooFar(u64),
}

impl NoWait {
    fn into_result(self) -> Result<(), Error> {
        match self {
            Self::Passed => Ok(()),
            Self::TooFar(seconds) => {
                let text = format!("a wait of {seconds} s is over the service's limit of {} s", limits::DELAY_SECONDS);
                Err(StepFailure::new(FailureKind::SettingRefused, text).into())
            }
        }
    }
}

impl Sleep {
    /// A duration written in the source is part of what must not change under a running execution.
    async fn check_duration(&self, cx: &Context, id: &OperationId, spec: &Spec<'_>, record: &Record) {
        let due = record.wait_details.as_ref().and_then(|details| details.scheduled_end_timestamp);
        let (Some(due), Until::After(duration)) = (due, self.until) else { return };
        let recorded = recorded_seconds(record.start_timestamp, due);
        let ran = whole_seconds(duration);
        if recorded.abs_diff(ran) > 1 {
            let mismatch = Mismatch::Setting { recorded: format!("a wait of {recorded} s"), ran: format!("{ran} s") };
            cx.diverged(id, Some(spec), &mismatch).await
        }
    }
}

/// The recorded duration to the nearest second; the service may round its own time stamps.
fn recorded_seconds(start: Timestamp, due: Timestamp) -> u64 {
    (due.since(start) + Duration::from_millis(500)).as_secs()
}
