//! What a commit changed, as live progress shows it.

use super::machine::WriteSet;
use super::summary::ChangeKind;

/// The operations that a commit changed.
pub(crate) fn of(writes: &WriteSet) -> Vec<ChangeKind> {
    let change = |written: &super::machine::WrittenRecord| {
        let operation = &written.record.operation;
        ChangeKind::Operation {
            id: operation.id,
            parent: operation.parent_id,
            name: operation.name.clone(),
            operation_type: operation.operation_type,
            status: operation.status,
            attempt: operation.step_details.as_ref().map_or(0, |step| step.attempt),
            due: written.record.due(),
        }
    };
    writes.records.iter().map(change).collect()
}
