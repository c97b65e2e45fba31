//! `sleep`, `sleep_until`: durable timers. The process need not exist while one runs.

use std::time::{Duration, SystemTime};

use super::builder::naming;
use super::course::whole_seconds;
use super::outcome;
use crate::core::{Claim, Context, Mismatch, Name, Spec};
use crate::error::{FailureKind, StepFailure};
use crate::operation::Operation;
use crate::wire::{
    Action, Operation as Record, OperationId, OperationStatus, OperationType, OperationUpdate, SubType, Timestamp,
    WaitOptions, limits,
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

/// Waits until a time, in whole seconds rounded up. A time that has passed is no wait, and leaves no record.
pub fn sleep_until(time: SystemTime) -> Sleep {
    Sleep { name: Name::default_of("sleep"), until: Until::At(time), literal: false }
}

impl Sleep {
    /// Seconds to wait from `now`; `None` when the time has passed.
    fn seconds(&self, now: SystemTime) -> Option<u64> {
        match self.until {
            Until::After(duration) => Some(whole_seconds(duration)),
            Until::At(time) => time.duration_since(now).ok().filter(|left| !left.is_zero()).map(whole_seconds),
        }
    }
}

naming!(impl [] Sleep);

impl Operation for Sleep {
    type Output = Result<(), StepFailure>;

    fn literal(mut self) -> Self {
        self.literal = true;
        self
    }

    async fn run(self, cx: &Context) -> Result<(), StepFailure> {
        let spec = Spec { operation_type: OperationType::Wait, sub_type: SubType::WAIT, name: self.name.as_str() };
        let seconds = self.seconds(crate::core::now(cx));
        if let Err(refused) = self.name.validate().and_then(|()| within_limit(seconds)) {
            return Err(outcome::refuse(cx, refused).await);
        }
        let Claim { id, recorded } = match seconds {
            Some(_) => cx.claim(&spec).await,
            None => cx.claim_if_recorded(&spec).await,
        };
        match (recorded, seconds) {
            (Some(record), _) => {
                if self.literal {
                    self.check_duration(cx, &id, &spec, &record).await;
                }
                if record.status != OperationStatus::Succeeded {
                    cx.watch(record);
                    cx.moved(id, None).await;
                }
            }
            (None, Some(seconds)) => {
                let options = WaitOptions { wait_seconds: Some(seconds) };
                let update = OperationUpdate { wait_options: Some(options), ..cx.update(id, &spec, Action::Start) };
                let start = cx.start_watched(update).await;
                cx.moved(id, Some(start)).await;
            }
            (None, None) => {}
        }
        Ok(())
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

fn within_limit(seconds: Option<u64>) -> Result<(), StepFailure> {
    match seconds {
        Some(seconds) if seconds > limits::DELAY_SECONDS => {
            let text = format!("a wait of {seconds} s is over the service's limit of {} s", limits::DELAY_SECONDS);
            Err(StepFailure::new(FailureKind::SettingRefused, text))
        }
        _ => Ok(()),
    }
}
