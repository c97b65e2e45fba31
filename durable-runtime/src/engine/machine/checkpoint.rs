//! The service's two calls as they change an execution, and the invocation they belong to.

use std::collections::HashSet;

use super::super::token;
use super::execution::{Execution, Held, OpenInvocation};
use super::pages::{Listing, PageSize};
use super::transitions::Cause;
use super::{shape, validation};
use crate::service::ServiceError;
use crate::wire::{
    CheckpointRequest, CheckpointResponse, ErrorObject, InvocationEvent, OperationType, StatePage, StateRequest,
    Timestamp,
};

/// What an execution needs from outside.
pub(crate) struct Surroundings<'a> {
    pub(crate) now: Timestamp,
    /// The timeout of child executions.
    pub(crate) timeout_seconds: u64,
    pub(crate) page: PageSize,
    pub(crate) max_operations: usize,
    pub(crate) fresh_id: &'a (dyn Fn() -> String + Sync),
    pub(crate) registry: &'a (dyn Registry + Sync),
}

/// Which functions there are to invoke.
pub(crate) trait Registry {
    fn is_registered(&self, function: &str) -> bool;
}

/// The invocation in flight: the only one whose token counts.
#[derive(Debug)]
pub(crate) struct Current {
    request_id: String,
    token: String,
    /// Accepted checkpoints so far.
    sequence: u64,
    /// When the function last heard from the service.
    contact: Timestamp,
    /// What the function may see, as of its start.
    visible: Vec<usize>,
    /// The news of the last answer, which may take several pages.
    news: Vec<usize>,
}

/// The last accepted call, for a client that repeats it: also the one that ended the execution.
#[derive(Debug)]
pub(crate) struct Answered {
    client_token: String,
    checkpoint_token: String,
    response: CheckpointResponse,
}

impl Execution {
    /// Begins an invocation: whatever token there was is stale from here on.
    pub(crate) fn begin(&mut self, request_id: String, around: &Surroundings<'_>) -> InvocationEvent {
        let visible = self.records.visible();
        let (_, settled) = self.records.take_unseen();
        let updated = settled.into_iter().filter(|position| visible.binary_search(position).is_ok());
        let updated: Vec<_> = updated.filter_map(|position| Some(self.records.get(position)?.operation.id)).collect();
        let checkpoint_token = token::checkpoint_token(self.arn.id(), &request_id, 0);
        let event = InvocationEvent {
            durable_execution_arn: self.arn.to_string(),
            checkpoint_token: checkpoint_token.clone(),
            initial_execution_state: self.page(&visible, 0, around.page, Listing::State, true),
            updated_operation_ids: Some(updated).filter(|ids| !ids.is_empty()),
        };
        self.last = None;
        self.invocation = Some(OpenInvocation { request_id: request_id.clone(), started: around.now });
        self.unwritten = true;
        self.current = Some(Current {
            request_id,
            token: checkpoint_token,
            sequence: 0,
            contact: around.now,
            visible,
            news: Vec::new(),
        });
        event
    }

    /// When the function last heard from the service.
    pub(crate) fn contact(&self) -> Option<Timestamp> {
        self.current.as_ref().map(|current| current.contact)
    }

    /// Applies a checkpoint, whole or not at all, and answers it.
    pub(crate) fn checkpoint(
        &mut self,
        request: CheckpointRequest,
        around: &Surroundings<'_>,
    ) -> Result<CheckpointResponse, ServiceError> {
        // A repeated call is answered from memory before its token, which is used up, is looked at.
        if let Some(response) = self.last.as_ref().and_then(|last| last.repeated(&request)) {
            return Ok(response);
        }
        self.check_token(&request.durable_execution_arn, &request.checkpoint_token)?;
        if around.now >= self.timeout_at() {
            self.promote(around.now);
            return Err(ServiceError::stale_token());
        }
        shape::check(&request)?;
        let mut plan = validation::plan(self, request.updates)?;
        let ends = plan.pop_if(|planned| planned.update.operation_type == OperationType::Execution);
        if plan.is_empty() && ends.is_none() {
            self.release_held();
        }
        // A START and its end in one batch are one operation. EXECUTION, which is among the records, does not count.
        let new = plan.iter().map(|planned| planned.update.id).filter(|id| self.records.position(id).is_none());
        let added = new.collect::<HashSet<_>>().len();
        if self.records.len() + added > around.max_operations.saturating_add(1) {
            let response = self.end_over_quota(around);
            return Ok(self.remember(request.client_token, request.checkpoint_token, response));
        }
        self.apply(plan, around);
        if let Some(end) = ends {
            self.complete_invocation(None, around.now);
            self.end(end.transition, end.update.payload.as_ref(), end.update.error.as_ref(), around.now);
            let response = CheckpointResponse::default();
            return Ok(self.remember(request.client_token, request.checkpoint_token, response));
        }
        self.promote(around.now);
        Ok(self.answer_checkpoint(request.client_token, request.checkpoint_token, around))
    }

    fn answer_checkpoint(
        &mut self,
        client_token: Option<String>,
        checkpoint_token: String,
        around: &Surroundings<'_>,
    ) -> CheckpointResponse {
        let (news, _) = self.records.take_unseen();
        let sequence = self.current.as_ref().map_or(0, |current| current.sequence) + 1;
        let new_execution_state = self.page(&news, 0, around.page, Listing::News(sequence), false);
        let Some(current) = &mut self.current else { return CheckpointResponse::default() };
        current.sequence = sequence;
        current.news = news;
        current.contact = around.now;
        current.token = token::checkpoint_token(self.arn.id(), &current.request_id, sequence);
        let response = CheckpointResponse { checkpoint_token: Some(current.token.clone()), new_execution_state };
        self.remember(client_token, checkpoint_token, response)
    }

    fn remember(
        &mut self,
        client_token: Option<String>,
        checkpoint_token: String,
        response: CheckpointResponse,
    ) -> CheckpointResponse {
        self.last =
            client_token.map(|client_token| Answered { client_token, checkpoint_token, response: response.clone() });
        response
    }

    /// Answers a request for state. Uses no token up; a request from the beginning sees the state as it is now, and
    /// its markers go on with that.
    pub(crate) fn state(&mut self, request: &StateRequest, size: PageSize) -> Result<StatePage, ServiceError> {
        self.check_token(&request.durable_execution_arn, &request.checkpoint_token)?;
        let invalid = || ServiceError::invalid_parameter("Invalid marker");
        shape::check_state(request)?;
        let (listing, from) = Listing::read(&request.marker).ok_or_else(invalid)?;
        let fresh = request.marker.is_empty().then(|| self.records.visible());
        let Some(current) = &mut self.current else { return Err(ServiceError::stale_token()) };
        if let Some(fresh) = fresh {
            current.visible = fresh;
        }
        let Some(current) = &self.current else { return Err(ServiceError::stale_token()) };
        let positions = match listing {
            Listing::State => &current.visible,
            Listing::News(number) if number == current.sequence => &current.news,
            Listing::News(_) => return Err(invalid()),
        };
        if from > positions.len() {
            return Err(invalid());
        }
        Ok(self.page(positions, from, size.limited(request.max_items), listing, false))
    }

    fn check_token(&self, arn: &str, token: &str) -> Result<(), ServiceError> {
        let fits = self.current.as_ref().is_some_and(|current| current.token == token && self.arn.as_str() == arn);
        if fits { Ok(()) } else { Err(ServiceError::stale_token()) }
    }

    fn end_over_quota(&mut self, around: &Surroundings<'_>) -> CheckpointResponse {
        let limit = around.max_operations;
        let message = format!("The execution would have more than {limit} operations, the most that one may have.");
        let error = ErrorObject::new("OperationLimitExceeded", message);
        self.complete_invocation(None, around.now);
        self.end_by(Cause::Fail, None, Some(&error), around.now);
        CheckpointResponse::default()
    }

    /// Lets the children of chained invokes run: their caller has nothing more to say for now.
    pub(crate) fn release_held(&mut self) {
        self.released.append(&mut self.held);
    }

    /// Takes what was released since the last call.
    pub(crate) fn take_released(&mut self) -> Vec<Held> {
        std::mem::take(&mut self.released)
    }
}

impl Answered {
    fn repeated(&self, request: &CheckpointRequest) -> Option<CheckpointResponse> {
        let same = request.client_token.as_ref() == Some(&self.client_token)
            && request.checkpoint_token == self.checkpoint_token;
        same.then(|| self.response.clone())
    }
}
