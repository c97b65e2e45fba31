//! Updates on their way to the service: first in, first out, numbered, never reordered. Knows only bytes.

use std::collections::{BTreeMap, VecDeque};
use std::task::Waker;

use crate::wire::{OperationUpdate, escaped_bytes, limits};

/// What an update weighs beside its texts: keys, quotes, ids and numbers of its JSON, rounded up.
const ENVELOPE_BYTES: usize = 320;

/// A place in the order of updates. Everything at or below [`Outbox::settled`] is acknowledged.
pub(crate) type Sequence = u64;

struct Queued {
    sequence: Sequence,
    bytes: usize,
    /// Whether something after it may depend on it: an outcome, not a START.
    bearing: bool,
    update: Box<OperationUpdate>,
}

/// The queue of one invocation.
#[derive(Default)]
pub(crate) struct Outbox {
    queue: VecDeque<Queued>,
    bytes: usize,
    bearing: usize,
    last: Sequence,
    settled: Sequence,
    in_flight: bool,
    /// The highest sequence that somebody waits for.
    awaited: Sequence,
    for_acknowledgement: BTreeMap<(Sequence, u64), Waker>,
    for_room: BTreeMap<u64, Waker>,
    tickets: u64,
}

impl Outbox {
    /// Whether another update may be queued now.
    pub(crate) fn has_room(&self) -> bool {
        self.queue.len() < limits::BATCH_UPDATES && self.bytes < limits::BATCH_BYTES
    }

    /// Calls `waker` when there is room for it. `ticket` keeps its place across polls.
    pub(crate) fn wait_for_room(&mut self, ticket: &mut Option<u64>, waker: &Waker) {
        let ticket = self.ticket(ticket);
        self.for_room.insert(ticket, waker.clone());
    }

    /// Gives up waiting for room. One that was called already passes its call on, so that none is lost.
    pub(crate) fn leave_room_queue(&mut self, ticket: u64) {
        if self.for_room.remove(&ticket).is_none() {
            self.call_for_room(1);
        }
    }

    fn call_for_room(&mut self, places: usize) {
        for _ in 0..places {
            match self.for_room.pop_first() {
                Some((_, waker)) => waker.wake(),
                None => break,
            }
        }
    }

    fn ticket(&mut self, ticket: &mut Option<u64>) -> u64 {
        self.tickets += 1;
        *ticket.get_or_insert(self.tickets)
    }

    pub(crate) fn push(&mut self, update: Box<OperationUpdate>, bearing: bool) -> Sequence {
        let bytes = weight(&update);
        self.last += 1;
        self.bytes += bytes;
        self.bearing += usize::from(bearing);
        self.queue.push_back(Queued { sequence: self.last, bytes, bearing, update });
        self.last
    }

    /// Takes back an update that was not sent yet; nothing happens when it was.
    pub(crate) fn withdraw(&mut self, sequence: Sequence) {
        if let Ok(at) = self.queue.binary_search_by_key(&sequence, |queued| queued.sequence) {
            self.queue.remove(at).inspect(|queued| self.forget(queued));
            self.settle_if_drained();
        }
    }

    /// The next request's updates: as many as fit, at least one. The caller acknowledges before it takes more.
    pub(crate) fn take_batch(&mut self) -> (Vec<OperationUpdate>, Sequence) {
        let (mut updates, mut bytes, mut upto) = (Vec::new(), 0, self.settled);
        while let Some(next) = self.queue.front() {
            let fits = updates.len() < limits::BATCH_UPDATES && bytes + next.bytes <= limits::BATCH_BYTES;
            if !fits && !updates.is_empty() {
                break;
            }
            if let Some(queued) = self.queue.pop_front() {
                self.forget(&queued);
                bytes += queued.bytes;
                upto = queued.sequence;
                updates.push(*queued.update);
            }
        }
        self.in_flight = true;
        self.call_for_room(limits::BATCH_UPDATES);
        (updates, upto)
    }

    /// Everything up to `upto` is recorded.
    pub(crate) fn acknowledge(&mut self, upto: Sequence) {
        self.in_flight = false;
        self.settled = self.settled.max(upto);
        self.settle_if_drained();
    }

    fn forget(&mut self, queued: &Queued) {
        self.bytes = self.bytes.saturating_sub(queued.bytes);
        self.bearing = self.bearing.saturating_sub(usize::from(queued.bearing));
    }

    /// With nothing queued or in flight everything is settled, withdrawn updates included.
    fn settle_if_drained(&mut self) {
        if self.is_drained() {
            self.settled = self.last;
        }
        let later = self.for_acknowledgement.split_off(&(self.settled + 1, 0));
        for waker in std::mem::replace(&mut self.for_acknowledgement, later).into_values() {
            waker.wake();
        }
    }

    pub(crate) fn is_settled(&self, sequence: Sequence) -> bool {
        sequence <= self.settled
    }

    /// Calls `waker` once `sequence` is acknowledged. `ticket` keeps repeated polls to one entry.
    pub(crate) fn wait_for(&mut self, sequence: Sequence, ticket: &mut Option<u64>, waker: &Waker) {
        let ticket = self.ticket(ticket);
        self.awaited = self.awaited.max(sequence);
        self.for_acknowledgement.insert((sequence, ticket), waker.clone());
    }

    /// Gives up waiting for `sequence`.
    pub(crate) fn stop_waiting_for(&mut self, sequence: Sequence, ticket: u64) {
        self.for_acknowledgement.remove(&(sequence, ticket));
    }

    pub(crate) const fn last(&self) -> Sequence {
        self.last
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Nothing queued, nothing in flight.
    pub(crate) fn is_drained(&self) -> bool {
        self.queue.is_empty() && !self.in_flight
    }

    pub(crate) const fn has_bearing(&self) -> bool {
        self.bearing > 0
    }

    /// Whether somebody waits for an acknowledgement that only the queue can bring.
    pub(crate) const fn is_awaited(&self) -> bool {
        self.awaited > self.settled
    }
}

/// An upper bound of the update's bytes on the wire.
fn weight(update: &OperationUpdate) -> usize {
    let texts = [&update.payload, &update.name].into_iter().flatten().map(|text| escaped_bytes(text)).sum::<usize>();
    let error = update.error.as_ref().map_or(0, crate::wire::ErrorObject::json_bytes);
    let invoked = update.chained_invoke_options.as_ref().map_or(0, |options| {
        let lengths = [&options.tenant_id, &options.x_amzn_trace_id].into_iter().flatten().map(String::len);
        options.function_name.len() + lengths.sum::<usize>()
    });
    ENVELOPE_BYTES + texts + error + invoked
}

#[cfg(test)]
mod tests {
    use super::Outbox;
    use crate::core::operation_id;
    use crate::wire::{Action, OperationType, OperationUpdate};

    fn update(position: u32, payload: usize) -> Box<OperationUpdate> {
        let mut update = OperationUpdate::new(operation_id(None, position), OperationType::Step, Action::Succeed);
        update.payload = Some("x".repeat(payload));
        Box::new(update)
    }

    #[test]
    fn a_batch_holds_at_most_250_updates_and_750_kib_in_order() {
        let mut outbox = Outbox::default();
        for position in 1..=251 {
            outbox.push(update(position, 1), true);
        }
        let (batch, upto) = outbox.take_batch();
        assert_eq!((batch.len(), upto), (250, 250));
        outbox.acknowledge(upto);
        assert!(outbox.is_settled(250) && !outbox.is_settled(251));
        outbox.push(update(252, 500 * 1024), true);
        outbox.push(update(253, 500 * 1024), true);
        assert_eq!(outbox.take_batch().0.len(), 2, "the second large one has to wait");
        outbox.acknowledge(252);
        assert_eq!(outbox.take_batch().0.len(), 1);
    }

    #[test]
    fn one_update_over_the_limit_travels_alone() {
        let mut outbox = Outbox::default();
        outbox.push(update(1, 900 * 1024), true);
        outbox.push(update(2, 1), true);
        assert_eq!(outbox.take_batch().0.len(), 1);
    }

    #[test]
    fn withdrawing_the_last_update_leaves_nothing_to_wait_for() {
        let mut outbox = Outbox::default();
        let sequence = outbox.push(update(1, 1), false);
        assert!(!outbox.is_drained());
        outbox.withdraw(sequence);
        assert!(outbox.is_drained() && outbox.is_settled(sequence));
    }
}
