//! What the service had recorded when this invocation began, by id. Each record is handed out once.

use std::collections::HashMap;

use crate::wire::{Operation, OperationId, OperationType};

/// The recorded operations that today's code has not reached yet.
#[derive(Default)]
pub(crate) struct Journal {
    unreached: HashMap<OperationId, Operation>,
}

impl Journal {
    pub(crate) fn new(operations: Vec<Operation>) -> Self {
        let recorded = operations.into_iter().filter(|operation| operation.operation_type != OperationType::Execution);
        Self { unreached: recorded.map(|operation| (operation.id, operation)).collect() }
    }

    /// The record of `id`, moved out: nothing is copied on a replay hit.
    pub(crate) fn take(&mut self, id: &OperationId) -> Option<Operation> {
        self.unreached.remove(id)
    }

    /// The record of an operation that was never reached.
    pub(crate) fn get(&self, id: &OperationId) -> Option<&Operation> {
        self.unreached.get(id)
    }

    /// Brings the record of an operation that code has yet to reach up to date. Whether there was one.
    pub(crate) fn refresh(&mut self, operation: &Operation) -> bool {
        match self.unreached.get_mut(&operation.id) {
            Some(known) => {
                known.clone_from(operation);
                true
            }
            None => false,
        }
    }
}
