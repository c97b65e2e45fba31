//! Sends what is queued: one request in flight, everything that gathers meanwhile rides in the next. Its own
//! task, so that a long poll of durable code never holds back a request. Owns only bytes.

use std::sync::Arc;
use std::time::Duration;

use tokio::select;

use super::context::Context;
use super::fatal::Fatal;
use super::outbox::Sequence;
use super::shared::{Shared, State};
use super::wakers::sanctioned;
use crate::service::{DurableService, ServiceError};
use crate::wire::{CheckpointRequest, OperationUpdate, Operations, StatePage, StateRequest, Timestamp};

/// An outcome waits this long for company while durable code is still busy.
const OUTCOME_LINGERS: Duration = Duration::from_millis(5);
/// Nothing but STARTs waits this long for company while step bodies run.
const START_LINGERS: Duration = Duration::from_millis(20);
/// The longest pause between two questions for news.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// The first pause after a question that should have had an answer by the clock.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The pause between questions for news that may come at any time.
const OPEN_PAUSE: Duration = Duration::from_secs(1);
/// The shortest time that has to be left of the invocation for a question.
const LAST_QUESTION_BEFORE_END: Duration = Duration::from_secs(1);
/// Operations per page of state.
const PAGE_ITEMS: u32 = 1000;

pub(crate) struct Checkpointer {
    shared: Arc<Shared>,
    service: Arc<dyn DurableService>,
    token: String,
    /// Whether the last invocation failed: then STARTs are not held back, so that progress can be seen.
    impatient: bool,
    /// When the checkpointer first saw what is queued now.
    queued_since: Option<Timestamp>,
    last_answer: Timestamp,
    vain_questions: u32,
}

/// A transport that panics ends the invocation; it does not leave it waiting.
struct Ended(Arc<Shared>, bool);

impl Drop for Ended {
    fn drop(&mut self) {
        if !self.1 {
            let panicked = ServiceError::unavailable("the transport of checkpoints panicked");
            self.0.cut_off(Fatal::Service(panicked));
        }
    }
}

enum Decision {
    Send(Vec<OperationUpdate>, Sequence),
    Wait(Option<Timestamp>),
    Stop,
}

impl Checkpointer {
    pub(crate) fn new(shared: Arc<Shared>, service: Arc<dyn DurableService>, token: String, impatient: bool) -> Self {
        let last_answer = shared.clock.now();
        Self { shared, service, token, impatient, queued_since: None, last_answer, vain_questions: 0 }
    }

    /// Runs until the invocation is closed or a request fails.
    pub(crate) async fn run(mut self) {
        let mut end = Ended(self.shared.clone(), false);
        loop {
            match self.decide() {
                Decision::Stop => return end.1 = true,
                Decision::Wait(None) => self.shared.attention.notified().await,
                Decision::Wait(Some(until)) => select! {
                    () = self.shared.attention.notified() => {}
                    () = self.shared.clock.sleep_until(until) => {}
                },
                Decision::Send(updates, upto) => {
                    if let Err(fatal) = self.send(updates, upto).await {
                        end.1 = true;
                        self.shared.cut_off(fatal);
                        return;
                    }
                }
            }
        }
    }

    fn decide(&mut self) -> Decision {
        let now = self.shared.clock.now();
        let shared = self.shared.clone();
        let mut state = shared.lock();
        if state.closed || state.cut_off {
            return Decision::Stop;
        }
        let due = if state.outbox.is_empty() {
            self.queued_since = None;
            self.next_question(&state)
        } else {
            let since = *self.queued_since.get_or_insert(now);
            self.patience(&state).map(|patience| since.plus(patience))
        };
        match due {
            Some(at) if at <= now => {
                self.queued_since = None;
                let (updates, upto) = sanctioned(|| state.outbox.take_batch());
                Decision::Send(updates, upto)
            }
            due => Decision::Wait(due),
        }
    }

    /// How long what is queued may wait for company; `None` for as long as durable code is busy.
    fn patience(&self, state: &State) -> Option<Duration> {
        let now = Some(Duration::ZERO);
        if state.draining || state.fatal.is_some() || !state.outbox.has_room() {
            return now;
        }
        if !state.idle {
            return state.outbox.has_bearing().then_some(OUTCOME_LINGERS);
        }
        let urgent = state.outbox.has_bearing() || state.outbox.is_awaited() || state.live == 0 || self.impatient;
        if urgent { now } else { Some(START_LINGERS) }
    }

    /// When to ask for news of what is parked. Only while a body runs: otherwise the invocation is suspended, and
    /// the service begins another one when there is news.
    fn next_question(&self, state: &State) -> Option<Timestamp> {
        if !state.idle || state.live == 0 || !state.parked.is_any_waiting() {
            return None;
        }
        let (due, open) = state.parked.due();
        let growing = FIRST_PAUSE * 2_u32.saturating_pow(self.vain_questions.saturating_sub(1).min(16));
        let again = self.last_answer.plus(growing.min(LONGEST_PAUSE));
        let by_clock = due.map(|at| if at > self.last_answer { at } else { again });
        let by_patience =
            open.then(|| self.last_answer.plus((OPEN_PAUSE * (self.vain_questions + 1)).min(LONGEST_PAUSE)));
        let end = self.shared.execution.deadline;
        // What would begin on such news could not end any more.
        let leaves_time = |at: &Timestamp| end.is_none_or(|end| end.since(*at) >= LAST_QUESTION_BEFORE_END);
        by_clock.into_iter().chain(by_patience).min().filter(leaves_time)
    }

    async fn send(&mut self, updates: Vec<OperationUpdate>, upto: Sequence) -> Result<(), Fatal> {
        let empty = updates.is_empty();
        let arn = self.shared.execution.arn.clone();
        let request = CheckpointRequest {
            durable_execution_arn: arn.clone(),
            checkpoint_token: self.token.clone(),
            client_token: None,
            updates,
        };
        let response = self.service.checkpoint(request).await.map_err(Fatal::Service)?;
        match response.checkpoint_token {
            Some(token) => self.token = token,
            None if empty => {
                let malformed = ServiceError::unavailable("the answer to an empty checkpoint has no token");
                return Err(Fatal::Service(malformed));
            }
            None => {
                self.publish(Vec::new(), upto);
                return Err(Fatal::Ended);
            }
        }
        let page = response.new_execution_state;
        let news = all_pages(&*self.service, &arn, &self.token, page).await.map_err(Fatal::Service)?;
        if let Some(observer) = &self.shared.observer {
            // Before anybody is woken: whoever goes on because of the news comes after its hooks.
            observer.merged(&Context::root(self.shared.clone(), false), &news);
        }
        let moved = self.publish(news, upto);
        self.vain_questions = match (moved, empty) {
            (true, _) => 0,
            (false, true) => self.vain_questions.saturating_add(1),
            (false, false) => self.vain_questions,
        };
        Ok(())
    }

    /// News first, then the acknowledgement: whoever is woken by one sees both. Whether the news moved anything.
    fn publish(&mut self, news: Operations, upto: Sequence) -> bool {
        self.last_answer = self.shared.clock.now();
        let mut state = self.shared.lock();
        let moved = state.merge(news);
        sanctioned(|| state.outbox.acknowledge(upto));
        state.wake_driver();
        moved
    }
}

/// A page of state and all that follow it.
pub(crate) async fn all_pages(
    service: &dyn DurableService,
    arn: &str,
    token: &str,
    mut page: StatePage,
) -> Result<Operations, ServiceError> {
    let mut operations = std::mem::take(&mut page.operations);
    while let Some(marker) = page.next() {
        let request = StateRequest {
            durable_execution_arn: arn.to_owned(),
            checkpoint_token: token.to_owned(),
            marker: marker.to_owned(),
            max_items: PAGE_ITEMS,
        };
        page = service.state(request).await?;
        operations.append(&mut page.operations);
    }
    Ok(operations)
}
