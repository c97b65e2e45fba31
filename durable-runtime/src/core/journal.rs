//! What the service had recorded when this invocation began, by id. Each record is handed out once.

use std::collections::HashMap;

use crate::wire::{Operation, OperationId, OperationType, Operations};

/// The recorded operations that today's code has not reached yet. Boxed, so that the futures which hold one for a
/// while stay small: they nest as deep as contexts do.
#[derive(Default)]
pub(crate) struct Journal {
    unreached: HashMap<OperationId, Box<Operation>>,
    /// How many of them each context has.
    left: HashMap<Option<OperationId>, usize>,
}

impl Journal {
    pub(crate) fn new(operations: Operations) -> Self {
        let recorded = operations.into_iter().filter(|operation| operation.operation_type != OperationType::Execution);
        let unreached: HashMap<_, _> = recorded.map(|operation| (operation.id, operation)).collect();
        let mut left: HashMap<_, usize> = HashMap::new();
        for operation in unreached.values() {
            *left.entry(operation.parent_id).or_default() += 1;
        }
        Self { unreached, left }
    }

    /// The record of `id`, moved out: nothing is copied on a replay hit.
    pub(crate) fn take(&mut self, id: &OperationId) -> Option<Box<Operation>> {
        let taken = self.unreached.remove(id)?;
        if let Some(left) = self.left.get_mut(&taken.parent_id) {
            *left = left.saturating_sub(1);
        }
        Some(taken)
    }

    /// The record of an operation that was never reached.
    pub(crate) fn get(&self, id: &OperationId) -> Option<&Operation> {
        self.unreached.get(id).map(Box::as_ref)
    }

    /// The first operation directly in the context `parent` that was never reached.
    pub(crate) fn left_in(&self, parent: Option<&OperationId>) -> Option<&Operation> {
        self.left.get(&parent.copied()).filter(|left| **left > 0)?;
        let inside = self.unreached.values().filter(|operation| operation.parent_id.as_ref() == parent);
        inside.min_by_key(|operation| (operation.id.as_str().len(), operation.id)).map(Box::as_ref)
    }

    /// Brings the record of an operation that code has yet to reach up to date. Whether there was one.
    pub(crate) fn refresh(&mut self, operation: &Operation) -> bool {
        match self.unreached.get_mut(&operation.id) {
            Some(known) => {
                known.as_mut().clone_from(operation);
                true
            }
            None => false,
        }
    }
}
