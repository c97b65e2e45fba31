//! `#[step]`, `record!`: work that is recorded. The recorded result happens once, the body at least once.

use std::time::Duration;

use futures_util::future::{Either, FutureExt, TryFutureExt};

use super::branch::refused_setting;
use super::builder::naming;
use super::course::{Course, Found, chance};
use super::outcome::{self, End};
use super::step_body::{BlockingFn, SpawnedFn, StepBody, StepFn};
use crate::__private::Attempt;
use crate::core::{Claim, Context, Name, Spec, run_body};
use crate::error::{FailureKind, StepFailure};
use crate::operation::{Operation, Recordable};
use crate::retry::RetryPolicy;
use crate::serdes::{Coding, Plain, Serdes, Typed};
use crate::wire::{Action, Operation as Record, OperationType, OperationUpdate, SubType};

/// A recorded piece of work: the service's STEP.
///
/// Its result is recorded once and replayed from then on. Its body runs at least once per recorded result, because
/// the process may die between the two; with [`at_most_once`](Self::at_most_once), at most once per attempt.
///
/// A body that fails is tried again by the retry policy. Results are at most 1 MiB as JSON, errors 32,768 bytes.
#[must_use = "an operation does nothing unless it is awaited in a `#[durable]` function"]
pub struct Step<B: StepBody> {
    name: Name,
    body: B,
    /// The service's default unless it is given.
    policy: Option<RetryPolicy>,
    retry_if: Option<RetryIf<B>>,
    at_most_once: bool,
    timeout: Option<Duration>,
    /// How a failure becomes the step's own error, where its type has to take one.
    express: Option<fn(StepFailure) -> B::Output>,
    coding: Option<Box<dyn Coding<B::Output>>>,
}

/// Whether an attempt that ended so is worth another. Asked of the whole output, so that the step's type asks nothing
/// of it: what an output must be is said once, where the step is made.
type RetryIf<B> = Box<dyn Fn(&<B as StepBody>::Output) -> bool + Send + Sync>;

impl Step<Placeholder> {
    /// A step around an async closure. `#[step]` and `record!` write the call.
    #[allow(clippy::new_ret_no_self)]
    pub fn new<F, Fut>(name: &'static str, body: F) -> Step<StepFn<F>>
    where
        F: FnOnce() -> Fut + Attempt + Send + Sync,
        Fut: Future + Send,
        Fut::Output: Recordable,
    {
        Step::of(name, StepFn(body))
    }

    /// A step that runs on a task of its own.
    pub fn spawned<F, Fut>(name: &'static str, body: F) -> Step<SpawnedFn<F>>
    where
        F: FnOnce() -> Fut + Attempt + Send + Sync + 'static,
        Fut: Future + Send + 'static,
        Fut::Output: Recordable + 'static,
    {
        Step::of(name, SpawnedFn(body))
    }

    /// A step that blocks its thread, and therefore runs on one of its own.
    pub fn blocking<F, R>(name: &'static str, body: F) -> Step<BlockingFn<F>>
    where
        F: FnOnce() -> R + Attempt + Send + Sync + 'static,
        R: Recordable + 'static,
    {
        Step::of(name, BlockingFn(body))
    }
}

/// Stands where a constructor of [`Step`] has no body type yet.
#[doc(hidden)]
pub enum Placeholder {}

impl StepBody for Placeholder {
    type Output = crate::Result<()>;

    async fn attempt(&self) -> crate::Result<()> {
        match *self {}
    }

    async fn last_attempt(self) -> crate::Result<()> {
        match self {}
    }
}

impl<B: StepBody> Step<B> {
    fn of(name: &'static str, body: B) -> Self {
        Self {
            name: Name::default_of(name),
            body,
            policy: None,
            retry_if: None,
            at_most_once: false,
            timeout: None,
            express: None,
            coding: None,
        }
    }

    /// When to try again; the service's default unless told otherwise.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.policy = Some(policy);
        self
    }

    /// Which errors are worth another attempt; all of them unless told otherwise. Panics and timeouts always are.
    pub fn retry_if<E>(mut self, worth: impl Fn(&E) -> bool + Send + Sync + 'static) -> Self
    where
        B::Output: Recordable<Err = E>,
    {
        self.retry_if = Some(Box::new(move |output| output.error().is_some_and(&worth)));
        self
    }

    /// Begins an attempt only after the service knows of it, and never begins one again whose end is unknown: it
    /// counts as failed, and the retry policy decides. The error of such an attempt is a [`StepFailure`].
    pub fn at_most_once<E>(mut self) -> Self
    where
        B::Output: Recordable<Err = E>,
        E: From<StepFailure>,
    {
        self.at_most_once = true;
        self.expressing()
    }

    /// Gives every attempt this much time, more than none. An attempt that takes longer has failed: its body is
    /// dropped, the retry policy decides, and the error is a [`StepFailure`] of kind
    /// [`TimedOut`](FailureKind::TimedOut).
    ///
    /// The time begins with the body and is not that of the waits between attempts. A body is stopped where it awaits:
    /// one of `#[step(blocking)]` goes on on its thread after its attempt has failed, beside the next attempt.
    pub fn timeout<E>(mut self, duration: Duration) -> Self
    where
        B::Output: Recordable<Err = E>,
        E: From<StepFailure>,
    {
        self.timeout = Some(duration);
        self.expressing()
    }

    fn expressing<E>(mut self) -> Self
    where
        B::Output: Recordable<Err = E>,
        E: From<StepFailure>,
    {
        self.express = Some(|failure| B::Output::from_result(Err(failure.into())));
        self
    }
}

impl<B: StepBody> Step<B> {
    /// How the result is recorded; as JSON unless told otherwise.
    pub fn serdes<T>(mut self, serdes: impl Serdes<T>) -> Self
    where
        B::Output: Recordable<Ok = T>,
    {
        self.coding = Some(Box::new(Typed(serdes)));
        self
    }

    /// The body alone, for a construct that repeats it by a policy of its own.
    pub(super) fn into_check(self) -> Result<B, StepFailure> {
        let name = self.name.as_str();
        if self.policy.is_some() || self.at_most_once {
            return Err(refused_setting(format!(
                "the check `{name}` has a retry policy or `at_most_once`: how often it runs is said by `.every(..)`"
            )));
        }
        if self.timeout.is_some() {
            return Err(refused_setting(format!(
                "the check `{name}` has a timeout, and a check that fails ends the wait: \
                 limit the time in its body, where it can give a state instead"
            )));
        }
        Ok(self.body)
    }

    /// Refuses what makes no sense, before anything is recorded.
    fn check(&self) -> Result<(), StepFailure> {
        self.name.validate()?;
        if self.timeout == Some(Duration::ZERO) {
            let name = self.name.as_str();
            return Err(refused_setting(format!("the timeout of `{name}` is zero, and no attempt can end in that")));
        }
        Ok(())
    }
}

naming!(impl [B: StepBody] Step<B>);

impl<B> Operation for Step<B>
where
    B: StepBody,
    B::Output: Recordable,
{
    type Output = B::Output;

    async fn run(self, cx: &Context) -> B::Output {
        if let Err(refused) = self.check() {
            return B::Output::from_result(Err(outcome::refuse(cx, refused).await));
        }
        let Self { name, body, policy, retry_if, at_most_once, timeout, express, coding } = self;
        let spec = Spec { operation_type: OperationType::Step, sub_type: SubType::STEP, name: name.as_str() };
        let Claim { id, recorded } = cx.claim(&spec).await;
        let course = Course { cx, id, spec, at_most_once, is_replay: recorded.is_some() };
        let policy = policy.unwrap_or_default();
        let coding = coding.as_deref().unwrap_or(&Plain);
        let mut attempts = Attempts { course, policy, timeout, body: Some(body), retry_if, coding };
        let end = attempts.until_over(recorded).await;
        if let (Some(express), (Err(error), _)) = (express, &end)
            && let Some(failure) = StepFailure::from_object(error)
        {
            return express(failure);
        }
        outcome::output(cx, &id, &attempts.course.spec, end, coding).await
    }
}

struct Attempts<'a, B: StepBody> {
    course: Course<'a>,
    policy: RetryPolicy,
    timeout: Option<Duration>,
    body: Option<B>,
    retry_if: Option<RetryIf<B>>,
    coding: &'a dyn Coding<B::Output>,
}

impl<B> Attempts<'_, B>
where
    B: StepBody,
    B::Output: Recordable,
{
    /// Attempt after attempt, until the step is over. A fresh value comes along, so that it is not read twice.
    async fn until_over(&mut self, recorded: Option<Box<Record>>) -> End<B::Output> {
        let mut found = self.course.find(recorded).await;
        loop {
            let mut observed = None;
            let (attempt, ended, live) = match found {
                Found::Over(over) => return (over, None),
                Found::Interrupted { attempt } => {
                    // That it failed is news: in a batch that goes on, what is recorded counts before it.
                    let live = self.course.begin_again().await;
                    (attempt, Err(interrupted(attempt)), Some(live))
                }
                Found::Run { attempt, started, .. } => {
                    let live = self.course.begin(started).await;
                    observed = self.course.attempt_starts(attempt);
                    (attempt, self.attempt(attempt).await, Some(live))
                }
            };
            let worth_it = self.is_worth_another(&ended);
            let Course { cx, id, .. } = self.course;
            let (recorded, output) = outcome::record(cx, &id, ended, self.coding);
            self.course.attempt_ended(observed, &recorded);
            let delay = worth_it.then(|| self.policy.delay_seconds(attempt, chance())).flatten();
            match (recorded, delay) {
                (Err(error), Some(delay)) if self.body.is_some() => {
                    let error = cx.seal_error(&id, error);
                    let retry = OperationUpdate { error: Some(error), ..self.course.update(Action::Retry) };
                    self.course.retry(retry, delay).await;
                    drop(live);
                    found = self.course.find_moved().await;
                }
                (recorded, _) => return (self.course.close(recorded).await, output),
            }
        }
    }

    /// Runs the body once: a clone of it while more attempts are permitted, itself for the last.
    async fn attempt(&mut self, attempt: u32) -> Result<B::Output, StepFailure> {
        let (info, time) = (self.course.info(attempt), self.timeout);
        let ended = if self.policy.is_last(attempt) {
            match self.body.take() {
                Some(body) => run_body(info, limited(time, body.last_attempt())).await,
                None => std::future::pending().await,
            }
        } else {
            match &self.body {
                Some(body) => run_body(info, limited(time, body.attempt())).await,
                None => std::future::pending().await,
            }
        };
        ended?.map_err(|OverTime(time)| timed_out(attempt, time))
    }

    fn is_worth_another(&self, ended: &Result<B::Output, StepFailure>) -> bool {
        match ended {
            Ok(output) => output.error().is_some() && self.retry_if.as_ref().is_none_or(|worth| worth(output)),
            Err(_) => true,
        }
    }
}

/// An attempt took longer than this.
struct OverTime(Duration);

/// A body for as long as an attempt may take. An enum, so that the body is held once.
fn limited<T>(time: Option<Duration>, body: impl Future<Output = T>) -> impl Future<Output = Result<T, OverTime>> {
    match time {
        Some(time) => Either::Left(tokio::time::timeout(time, body).map_err(move |_| OverTime(time))),
        None => Either::Right(body.map(Ok)),
    }
}

fn timed_out(attempt: u32, time: Duration) -> StepFailure {
    let text = format!("attempt {attempt} took longer than the {time:?} that its step gives it");
    StepFailure::new(FailureKind::TimedOut, text)
}

fn interrupted(attempt: u32) -> StepFailure {
    let text = format!("attempt {attempt} was interrupted: it began, and how it ended is unknown");
    StepFailure::new(FailureKind::Interrupted, text)
}
