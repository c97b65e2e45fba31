//! What the service had recorded when this invocation began, by id. Each record is handed out once.

use std::collections::HashMap;

use crate::wire::{Operation, OperationId, OperationType, Operations};

/// The recorded operations that today's code has not reached yet. Boxed, so that the futures which hold one for a
/// while stay small: they nest as deep as contexts do.
#[derive(Default)]
pub(crate) struct Journal {
    unreached: HashMap<OperationId, Box<Operation>>,
}

impl Journal {
    pub(crate) fn new(operations: Operations) -> Self {
        let recorded = operations.into_iter().filter(|operation| operation.operation_type != OperationType::Execution);
        Self { unreached: recorded.map(|operation| (operation.id, operation)).collect() }
    }

    /// The record of `id`, moved out: nothing is copied on a replay hit.
    pub(crate) fn take(&mut self, id: &OperationId) -> Option<Box<Operation>> {
        self.unreached.remove(id)
    }

    /// The record of an operation that was never reached.
    pub(crate) fn get(&self, id: &OperationId) -> Option<&Operation> {
        self.unreached.get(id).map(Box::as_ref)
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
