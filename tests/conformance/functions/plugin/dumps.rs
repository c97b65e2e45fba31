//! Plugins that tell everything which hooks are told.

use durable_runtime::plugin::{
    FunctionEnd, FunctionInfo, InvocationEnd, InvocationStart, OperationChange, OperationInfo, Plugin,
};
use serde_json::{Map, Value, json};

use super::record::{is_step, tell, token};

pub(super) struct InvocationDump;

impl Plugin for InvocationDump {
    fn invocation_start(&self, start: &InvocationStart<'_>) {
        let invocation = start.invocation;
        let members = json!({
            "isFirstInvocation": invocation.is_first,
            "requestId": invocation.request_id,
            "operationsCount": start.operations.len(),
            "updatedOperationsCount": start.updated.len(),
            "executionStartTimestamp": invocation.execution_start.to_string(),
        });
        tell(invocation, "invocation-start", members);
    }

    fn invocation_end(&self, end: &InvocationEnd<'_>) {
        let invocation = end.invocation;
        let members = json!({
            "isFirstInvocation": invocation.is_first,
            "requestId": invocation.request_id,
            "operationsCount": end.operations.len(),
            "executionStartTimestamp": invocation.execution_start.to_string(),
            "status": end.status.as_str(),
            "terminal": end.status.is_terminal(),
            "executionError": end.error.and_then(|error| error.error_message.as_deref()),
        });
        tell(invocation, "invocation-end", members);
    }
}

/// Everything that is told of an operation.
fn dump(operation: &OperationInfo<'_>) -> Value {
    json!({
        "id": operation.id,
        "name": operation.name,
        "type": token(operation.operation_type),
        "subType": operation.sub_type,
        "parentId": operation.parent_id,
        "status": token(operation.status),
        "startTimestamp": operation.start.to_string(),
        "endTimestamp": operation.end.map(|end| end.to_string()),
        "error": operation.error.and_then(|error| error.error_message.as_deref()),
        "attempt": operation.attempt,
        "isReplay": operation.is_replay,
    })
}

pub(super) struct OperationDump;

impl Plugin for OperationDump {
    fn operation_start(&self, operation: &OperationInfo<'_>) {
        if is_step(operation) {
            tell(operation.invocation, "operation-start", dump(operation));
        }
    }

    fn operation_end(&self, operation: &OperationInfo<'_>) {
        if is_step(operation) {
            tell(operation.invocation, "operation-end", dump(operation));
        }
    }
}

/// Everything that is told of an attempt.
fn dump_attempt(attempt: &FunctionInfo<'_>) -> Map<String, Value> {
    let members = json!({
        "id": attempt.id,
        "name": attempt.name,
        "type": token(attempt.operation_type),
        "subType": attempt.sub_type,
        "parentId": attempt.parent_id,
        "attempt": attempt.attempt,
        "startTimestamp": attempt.start.to_string(),
        "isReplay": attempt.is_replay,
    });
    members.as_object().cloned().unwrap_or_default()
}

pub(super) struct AttemptDump;

impl Plugin for AttemptDump {
    fn attempt_start(&self, attempt: &FunctionInfo<'_>) {
        tell(attempt.invocation, "attempt-start", dump_attempt(attempt).into());
    }

    fn attempt_end(&self, end: &FunctionEnd<'_>) {
        let mut members = dump_attempt(&end.function);
        members.insert("endTimestamp".to_owned(), json!(end.end.to_string()));
        members.insert("outcome".to_owned(), json!(end.outcome()));
        members.insert("error".to_owned(), json!(end.error.and_then(|error| error.error_message.as_deref())));
        tell(end.function.invocation, "attempt-end", members.into());
    }
}

pub(super) struct ChangeDump;

impl Plugin for ChangeDump {
    fn operation_change(&self, change: &OperationChange<'_>) {
        for operation in change.updated.iter().filter(is_step) {
            let mut members = dump(&operation).as_object().cloned().unwrap_or_default();
            members.insert("executionArn".to_owned(), json!(change.invocation.execution_arn));
            members.insert("updatedOperationsCount".to_owned(), json!(change.updated.len()));
            members.insert("operationsCount".to_owned(), json!(change.operations.len()));
            members.insert("inFullMap".to_owned(), json!(change.operations.get(operation.id).is_some()));
            tell(change.invocation, "operation-change", members.into());
        }
    }
}
