//! `wait_for_condition`: asks again and again until an answer will do. One step, whose state travels between attempts.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::builder::naming;
use super::course::{Course, Found, chance, fits};
use super::outcome;
use super::step::Step;
use super::step_body::StepBody;
use crate::core::{Claim, Context, Name, Spec, run_body};
use crate::error::{FailureKind, StepFailure};
use crate::operation::{Operation, Recordable};
use crate::retry::RetryPolicy;
use crate::serdes::{Coding, Plain, Serdes, Typed};
use crate::wire::{Action, OperationType, OperationUpdate, SubType};

/// A condition to wait for, without its end. Made by [`wait_for_condition`].
#[must_use = "say when it is met with `.until(..)`"]
pub struct WaitForCondition<S, F, R> {
    name: Name,
    initial: S,
    check: F,
    every: RetryPolicy,
    coding: Option<Box<dyn Coding<R>>>,
}

/// A condition to wait for. Made by [`WaitForCondition::until`].
#[must_use = "an operation does nothing unless it is awaited in a `#[durable]` function"]
pub struct UntilCondition<S, F, U, R> {
    condition: WaitForCondition<S, F, R>,
    until: U,
}

/// Runs `check` on a state, again and again, until the state that it gives will do.
///
/// The check is a step that takes the state by value and gives the next one; it is not recorded by itself. The
/// state is recorded between two checks, so nothing runs in between. A check that fails ends the wait with its error: it has
/// no retries of its own. The service's default applies unless `every` says otherwise: at most 60 checks, 5 s apart at first, half as long again
/// each time up to 300 s, full jitter.
///
/// ```no_run
/// # use durable_runtime::prelude::*;
/// #[step]
/// async fn status(job: String) -> Result<String> { Ok(job) }
///
/// #[durable]
/// async fn finished(job: String) -> Result<String> {
///     wait_for_condition(job, |job| status(job)).every(seconds(30)).until(|state| state == "done").await
/// }
/// ```
pub fn wait_for_condition<S, F, B>(initial: S, check: F) -> WaitForCondition<S, F, B::Output>
where
    F: Fn(S) -> Step<B> + Send,
    B: StepBody,
    B::Output: Recordable<Ok = S>,
{
    let every = RetryPolicy::exponential(Duration::from_secs(5)).max_attempts(60).factor(1.5);
    WaitForCondition { name: Name::default_of("wait_for_condition"), initial, check, every, coding: None }
}

impl<S, F, R> WaitForCondition<S, F, R> {
    /// How long to wait between two checks, and how many checks there may be: a policy, or a duration for the same wait
    /// before each of 60 checks.
    pub fn every(mut self, policy: impl Into<RetryPolicy>) -> Self {
        self.every = policy.into();
        self
    }

    /// How the state is recorded; as JSON unless told otherwise.
    pub fn serdes(mut self, serdes: impl Serdes<S>) -> Self
    where
        R: Recordable<Ok = S>,
    {
        self.coding = Some(Box::new(Typed(serdes)));
        self
    }

    /// When the wait is over: asked of the state that each check gives. It must depend on nothing but the state.
    pub fn until<U>(self, until: U) -> UntilCondition<S, F, U, R>
    where
        U: Fn(&S) -> bool + Send,
    {
        UntilCondition { condition: self, until }
    }
}

naming!(impl [S, F, R] WaitForCondition<S, F, R>);
naming!(impl [S, F, U, R] UntilCondition<S, F, U, R>, in condition);

impl<S, F, U, B> Operation for UntilCondition<S, F, U, B::Output>
where
    S: Serialize + DeserializeOwned + Send,
    F: Fn(S) -> Step<B> + Send,
    U: Fn(&S) -> bool + Send,
    B: StepBody,
    B::Output: Recordable<Ok = S>,
{
    type Output = Result<S, <B::Output as Recordable>::Err>;

    async fn run(self, cx: &Context) -> Self::Output {
        let Self { condition: WaitForCondition { name, initial, check, every, coding }, until } = self;
        let spec =
            Spec { operation_type: OperationType::Step, sub_type: SubType::WAIT_FOR_CONDITION, name: name.as_str() };
        // The first check is made before anything is recorded, so that one with a policy of its own is refused by then.
        let first = name.validate().and_then(|()| check(initial).into_check());
        let mut next = match first {
            Ok(body) => Ok(body),
            Err(refused) => return Err(outcome::refuse(cx, refused).await),
        };
        let Claim { id, recorded } = cx.claim(&spec).await;
        let course = Course { cx, id, spec, at_most_once: false, is_replay: recorded.is_some() };
        let mut found = course.find(recorded).await;
        let coding = coding.as_deref().unwrap_or(&Plain);
        let end = loop {
            let (attempt, started, carried) = match found {
                Found::Over(over) => break (over, None),
                Found::Run { attempt, started, carried } => (attempt, started, carried),
                // Only at-most-once steps find this.
                Found::Interrupted { attempt } => (attempt, true, None),
            };
            if let Some(text) = carried {
                let carried = outcome::output(cx, &id, &course.spec, (Ok(Some(text)), None), coding).await;
                next = match carried.into_result() {
                    Ok(state) => check(state).into_check(),
                    Err(error) => return Err(error),
                };
            }
            let live = course.begin(started).await;
            let observed = course.attempt_starts(attempt);
            let checked = match next {
                Ok(body) => run_body(course.info(attempt), body.last_attempt()).await,
                Err(refused) => Err(refused),
            };
            let (recorded, output) = outcome::record(cx, &id, checked, coding);
            course.attempt_ended(observed, &recorded);
            let (text, value) = match (recorded, output.map(Recordable::into_result)) {
                (Ok(text), Some(Ok(value))) if !until(&value) => (text, value),
                (recorded, output) => break (course.close(recorded).await, output.map(Recordable::from_result)),
            };
            let Some(delay) = every.delay_seconds(attempt, chance()) else {
                let text = format!("the condition was not met in {attempt} checks, the most that its policy permits");
                let exhausted = StepFailure::new(FailureKind::ChecksExhausted, text);
                break (course.close(Err(exhausted.to_object())).await, None);
            };
            let sealed = cx.seal(&id, text);
            if let Err(too_large) = fits(&sealed) {
                break (course.close(Err(too_large.to_object())).await, None);
            }
            let retry = OperationUpdate { payload: Some(sealed), ..course.update(Action::Retry) };
            course.retry(retry, delay).await;
            drop(live);
            next = check(value).into_check();
            found = course.find_moved().await;
        };
        let output: B::Output = outcome::output(cx, &id, &course.spec, end, coding).await;
        output.into_result()
    }
}
