//! What durable code may wait for: room in the outbox, an acknowledgement, the service's move on an operation.

use std::pin::Pin;
use std::task::{Context, Poll};

use super::outbox::Sequence;
use super::shared::Shared;
use super::wakers::sanctioned;
use crate::wire::{Operation, OperationId, OperationUpdate};

/// Queues an update once there is room for it.
pub(crate) struct Push<'a> {
    shared: &'a Shared,
    /// Boxed, so that the futures which push stay small: they nest as deep as contexts do.
    update: Option<Box<OperationUpdate>>,
    bearing: bool,
    watched: bool,
    ticket: Option<u64>,
}

impl<'a> Push<'a> {
    /// `bearing`: whether something after it may depend on it. `watched`: whether the service will change the
    /// operation, so that its news are to be kept from the moment it is queued.
    pub(crate) fn new(shared: &'a Shared, update: OperationUpdate, bearing: bool, watched: bool) -> Self {
        Self { shared, update: Some(Box::new(update)), bearing, watched, ticket: None }
    }
}

impl Future for Push<'_> {
    type Output = Sequence;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Sequence> {
        let this = &mut *self;
        let mut state = this.shared.lock();
        if !state.outbox.has_room() {
            state.outbox.wait_for_room(&mut this.ticket, cx.waker());
            return Poll::Pending;
        }
        let Some(update) = this.update.take() else { return Poll::Pending };
        if this.watched {
            state.parked.watch(update.id, None);
        }
        let sequence = state.outbox.push(update, this.bearing);
        if !state.outbox.has_room() || state.outbox.has_bearing() {
            drop(state);
            this.shared.attention.notify_one();
        }
        Poll::Ready(sequence)
    }
}

impl Drop for Push<'_> {
    fn drop(&mut self) {
        if let (Some(ticket), Some(_)) = (self.ticket, &self.update) {
            sanctioned(|| self.shared.lock().outbox.leave_room_queue(ticket));
        }
    }
}

/// Resolves once an update and everything before it is acknowledged.
pub(crate) struct Acknowledged<'a> {
    shared: &'a Shared,
    sequence: Sequence,
    ticket: Option<u64>,
}

impl<'a> Acknowledged<'a> {
    pub(crate) const fn new(shared: &'a Shared, sequence: Sequence) -> Self {
        Self { shared, sequence, ticket: None }
    }
}

impl Future for Acknowledged<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let mut state = this.shared.lock();
        if state.outbox.is_settled(this.sequence) {
            return Poll::Ready(());
        }
        state.outbox.wait_for(this.sequence, &mut this.ticket, cx.waker());
        Poll::Pending
    }
}

impl Drop for Acknowledged<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            self.shared.lock().outbox.stop_waiting_for(self.sequence, ticket);
        }
    }
}

/// Resolves with a watched operation once the service has moved it on. Dropped earlier, it takes back a START
/// that was not sent yet: nobody is left to wait for it.
pub(crate) struct Moved<'a> {
    shared: &'a Shared,
    id: OperationId,
    start: Option<Sequence>,
    done: bool,
}

impl<'a> Moved<'a> {
    pub(crate) const fn new(shared: &'a Shared, id: OperationId, start: Option<Sequence>) -> Self {
        Self { shared, id, start, done: false }
    }
}

impl Future for Moved<'_> {
    type Output = Box<Operation>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Box<Operation>> {
        let id = self.id;
        let moved = self.shared.lock().parked.poll(&id, cx.waker());
        match moved {
            Some(operation) => {
                self.done = true;
                Poll::Ready(operation)
            }
            None => Poll::Pending,
        }
    }
}

impl Drop for Moved<'_> {
    fn drop(&mut self) {
        if self.done {
            return;
        }
        let mut state = self.shared.lock();
        state.parked.forget(&self.id);
        if let Some(start) = self.start {
            sanctioned(|| state.outbox.withdraw(start));
        }
    }
}
