//! The course of a STEP from attempt to attempt, whatever its types are: steps and polled conditions go it.

use std::time::Duration;

use super::outcome::Recorded;
use crate::core::{Context, FunctionRun, Live, Observed, Spec, StepInfo};
use crate::error::{FailureKind, StepFailure};
use crate::wire::{
    Action, ErrorObject, Operation as Record, OperationId, OperationStatus, OperationUpdate, StepOptions, limits,
};

/// What stays the same from attempt to attempt.
pub(super) struct Course<'a> {
    pub(super) cx: &'a Context,
    pub(super) id: OperationId,
    pub(super) spec: Spec<'a>,
    pub(super) at_most_once: bool,
    /// Whether the step was on record when code came to it.
    pub(super) is_replay: bool,
}

/// What an attempt finds before it.
pub(super) enum Found {
    /// Run attempt number `attempt`; the service knows of its START when `started`. `carried` is what the last RETRY
    /// carried.
    Run { attempt: u32, started: bool, carried: Option<String> },
    /// An at-most-once attempt was begun and its end is unknown.
    Interrupted { attempt: u32 },
    /// Over, with what is recorded.
    Over(Result<Option<String>, ErrorObject>),
}

impl<'a> Course<'a> {
    /// Reads where the record stands, waiting for the service while the step is between attempts.
    pub(super) async fn find(&self, recorded: Option<Box<Record>>) -> Found {
        let mut record = recorded;
        loop {
            let Some(mut found) = record else { return Found::Run { attempt: 1, started: false, carried: None } };
            let status = found.status;
            if status == OperationStatus::Pending {
                self.cx.watch(found);
                let moved = self.cx.moved(self.id, None).await;
                record = Some(self.cx.unsealed(moved).await);
                continue;
            }
            let details = found.step_details.take().unwrap_or_default();
            let attempt = details.attempt.saturating_add(1);
            return match status {
                OperationStatus::Succeeded => Found::Over(Ok(details.result)),
                status if status.is_terminal() => Found::Over(Err(details.error.unwrap_or_default())),
                OperationStatus::Ready => Found::Run { attempt, started: false, carried: details.result },
                _ if self.at_most_once => Found::Interrupted { attempt },
                _ => Found::Run { attempt, started: true, carried: details.result },
            };
        }
    }

    /// Waits until the service lets the next attempt begin.
    pub(super) async fn find_moved(&self) -> Found {
        let moved = self.cx.moved(self.id, None).await;
        self.find(Some(self.cx.unsealed(moved).await)).await
    }

    /// Waits until the body may begin.
    pub(super) async fn begin(&self, started: bool) -> Live<'a> {
        if started {
            return self.begin_again().await;
        }
        self.cx.unless_closing().await;
        let start = self.cx.start(self.update(Action::Start)).await;
        if self.at_most_once {
            self.cx.acknowledged(start).await;
        }
        self.cx.effect_may_begin().await;
        Live::begin(self.cx)
    }

    /// Waits until an attempt that an earlier invocation has begun may go on. It is no new work: a batch that lets
    /// running bodies finish waits for it, also when it is over by what is recorded.
    pub(super) async fn begin_again(&self) -> Live<'a> {
        let live = Live::begin(self.cx);
        self.cx.dependencies_recorded().await;
        live
    }

    /// What code in the body can ask for.
    pub(super) fn info(&self, attempt: u32) -> StepInfo {
        StepInfo::new(self.cx.clone(), self.id, self.spec.name.to_owned(), attempt)
    }

    /// Tells plugins that an attempt begins.
    pub(super) fn attempt_starts(&self, attempt: u32) -> Option<Observed> {
        let run = FunctionRun { attempt: Some(attempt), is_replay: self.is_replay, is_replaying_children: false };
        self.cx.function_starts(&self.id, &self.spec, run)
    }

    /// Tells plugins how it ended.
    pub(super) fn attempt_ended(&self, observed: Option<Observed>, recorded: &Recorded) {
        self.cx.function_ended(&self.id, &self.spec, observed, recorded.as_ref().err());
    }

    pub(super) fn update(&self, action: Action) -> OperationUpdate {
        self.cx.update(self.id, &self.spec, action)
    }

    /// Schedules the next attempt by a RETRY that carries an error or a state. The service says when it may begin.
    pub(super) fn retry(&self, retry: OperationUpdate, delay: u64) -> impl Future<Output = ()> + Send {
        let options = StepOptions { next_attempt_delay_seconds: Some(delay) };
        self.cx.end_attempt(OperationUpdate { step_options: Some(options), ..retry })
    }

    /// Queues the step's end. A result over the service's limit is a failure that names it.
    pub(super) async fn close(&self, recorded: Recorded) -> Result<Option<String>, ErrorObject> {
        let sealed = recorded.as_ref().ok().map(|text| self.cx.seal(&self.id, text.clone()));
        let ended = match sealed.as_deref().map(fits) {
            Some(Err(too_large)) => Err(too_large.to_object()),
            _ => recorded,
        };
        let update = match &ended {
            Ok(_) => OperationUpdate { payload: sealed, ..self.update(Action::Succeed) },
            Err(error) => {
                let error = self.cx.seal_error(&self.id, error.clone());
                OperationUpdate { error: Some(error), ..self.update(Action::Fail) }
            }
        };
        self.cx.complete(update).await;
        ended.map(Some)
    }
}

/// Refuses a result, or a state to carry, that the service would not take from a step.
pub(super) fn fits(sealed: &str) -> Result<(), StepFailure> {
    if sealed.len() <= limits::PAYLOAD_BYTES {
        return Ok(());
    }
    let text = format!(
        "a result of {} bytes is over the service's limit of {} bytes for one step: store it elsewhere and return \
         where, or give the function an overflow codec",
        sealed.len(),
        limits::PAYLOAD_BYTES
    );
    Err(StepFailure::new(FailureKind::ResultTooLarge, text))
}

/// A number from 0 to 1 for jitter. What comes of it is recorded with the RETRY, so replay never asks again.
#[allow(clippy::cast_precision_loss)]
pub(super) fn chance() -> f64 {
    getrandom::u64().map_or(0.5, |bits| (bits >> 11) as f64 / (1_u64 << 53) as f64)
}

/// The service's finest measure of time.
pub(crate) fn whole_seconds(duration: Duration) -> u64 {
    let seconds = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
    seconds.max(1)
}
