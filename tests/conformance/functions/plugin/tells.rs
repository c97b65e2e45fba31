//! Plugins that tell of the hooks which a requirement asks for, with a few members each.

use durable_runtime::plugin::{
    FunctionEnd, FunctionInfo, InvocationEnd, InvocationInfo, InvocationStart, OperationChange, OperationInfo, Plugin,
};
use durable_runtime::wire::OperationType;
use serde_json::{Value, json};

use super::record::{emit, is_step, tell, token};

pub(super) struct Invocations;

impl Plugin for Invocations {
    fn invocation_start(&self, start: &InvocationStart<'_>) {
        tell(start.invocation, "invocation-start", json!({"first": start.invocation.is_first}));
    }

    fn invocation_end(&self, end: &InvocationEnd<'_>) {
        tell(end.invocation, "invocation-end", json!({"status": end.status.as_str()}));
    }
}

/// Tells of operations of one type.
pub(super) struct Operations {
    pub(super) of: OperationType,
}

impl Plugin for Operations {
    fn operation_start(&self, operation: &OperationInfo<'_>) {
        if operation.operation_type == self.of {
            let members = json!({"op": operation.id, "type": token(operation.operation_type)});
            tell(operation.invocation, "operation-start", members);
        }
    }

    fn operation_end(&self, operation: &OperationInfo<'_>) {
        if operation.operation_type == self.of {
            let (kind, status) = (token(operation.operation_type), token(operation.status));
            let members = json!({"op": operation.id, "type": kind, "status": status});
            tell(operation.invocation, "operation-end", members);
        }
    }
}

pub(super) struct Attempts;

impl Plugin for Attempts {
    fn attempt_start(&self, attempt: &FunctionInfo<'_>) {
        tell(attempt.invocation, "attempt-start", json!({"n": attempt.attempt, "op": attempt.id}));
    }

    fn attempt_end(&self, end: &FunctionEnd<'_>) {
        let attempt = &end.function;
        let members = json!({"n": attempt.attempt, "outcome": end.outcome(), "op": attempt.id});
        tell(attempt.invocation, "attempt-end", members);
    }
}

/// One of several plugins, under its name.
pub(super) struct Named(pub(super) &'static str);

impl Plugin for Named {
    fn invocation_start(&self, start: &InvocationStart<'_>) {
        emit(start.invocation, self.0, "invocation-start", json!({}));
    }

    fn invocation_end(&self, end: &InvocationEnd<'_>) {
        emit(end.invocation, self.0, "invocation-end", json!({"status": end.status.as_str()}));
    }
}

pub(super) struct Changes;

impl Plugin for Changes {
    fn operation_change(&self, change: &OperationChange<'_>) {
        for operation in change.updated.iter().filter(is_step) {
            let in_full_map = change.operations.get(operation.id).is_some();
            let members = json!({"op": operation.id, "status": token(operation.status), "in_full_map": in_full_map});
            tell(change.invocation, "operation-change", members);
        }
    }
}

pub(super) struct Parents;

impl Plugin for Parents {
    fn operation_end(&self, operation: &OperationInfo<'_>) {
        let parent = operation.parent_id.unwrap_or("NONE");
        let members = json!({"op": operation.id, "parent": parent, "status": token(operation.status)});
        tell(operation.invocation, "operation-end", members);
    }
}

pub(super) struct Branches;

impl Plugin for Branches {
    fn function_start(&self, function: &FunctionInfo<'_>) {
        if function.sub_type == "ParallelBranch" {
            let members = json!({"op": function.id, "parent": function.parent_id.unwrap_or("NONE")});
            tell(function.invocation, "fn-start", members);
        }
    }

    fn function_end(&self, end: &FunctionEnd<'_>) {
        let function = &end.function;
        if function.sub_type == "ParallelBranch" {
            let parent = function.parent_id.unwrap_or("NONE");
            tell(function.invocation, "fn-end", json!({"op": function.id, "parent": parent, "outcome": end.outcome()}));
        }
    }
}

pub(super) struct Ends;

impl Plugin for Ends {
    fn operation_end(&self, operation: &OperationInfo<'_>) {
        if is_step(operation) {
            let error = operation.error.and_then(|error| error.error_message.as_deref());
            let members = json!({
                "op": operation.id,
                "status": token(operation.status),
                "result": operation.result.unwrap_or("NONE"),
                "error": error.unwrap_or("NONE"),
            });
            tell(operation.invocation, "operation-end", members);
        }
    }
}

pub(super) struct Statuses;

impl Plugin for Statuses {
    fn operation_end(&self, operation: &OperationInfo<'_>) {
        if is_step(operation) {
            let members = json!({"op": operation.id, "status": token(operation.status)});
            tell(operation.invocation, "operation-end", members);
        }
    }
}

pub(super) struct Terminal;

impl Plugin for Terminal {
    fn invocation_start(&self, start: &InvocationStart<'_>) {
        tell(start.invocation, "invocation-start", json!({"first": start.invocation.is_first}));
    }

    fn invocation_end(&self, end: &InvocationEnd<'_>) {
        let (first, terminal) = (end.invocation.is_first, end.status.is_terminal());
        let members = json!({"first": first, "terminal": terminal, "status": end.status.as_str()});
        tell(end.invocation, "invocation-end", members);
    }
}

/// Tells of each hook, then panics.
pub(super) struct Faulty;

impl Faulty {
    fn fail(invocation: &InvocationInfo, hook: &str) {
        emit(invocation, "CONFPLUGIN-FAULTY", hook, json!({}));
        panic!("the faulty plugin fails in {hook}");
    }
}

impl Plugin for Faulty {
    fn invocation_start(&self, start: &InvocationStart<'_>) {
        Self::fail(start.invocation, "invocation-start");
    }

    fn invocation_end(&self, end: &InvocationEnd<'_>) {
        Self::fail(end.invocation, "invocation-end");
    }

    fn operation_start(&self, operation: &OperationInfo<'_>) {
        Self::fail(operation.invocation, "operation-start");
    }

    fn operation_end(&self, operation: &OperationInfo<'_>) {
        Self::fail(operation.invocation, "operation-end");
    }

    fn attempt_start(&self, attempt: &FunctionInfo<'_>) {
        Self::fail(attempt.invocation, "attempt-start");
    }

    fn attempt_end(&self, end: &FunctionEnd<'_>) {
        Self::fail(end.function.invocation, "attempt-end");
    }
}

pub(super) struct Healthy;

impl Healthy {
    fn tell(invocation: &InvocationInfo, hook: &str, members: Value) {
        emit(invocation, "CONFPLUGIN-HEALTHY", hook, members);
    }
}

impl Plugin for Healthy {
    fn invocation_start(&self, start: &InvocationStart<'_>) {
        Self::tell(start.invocation, "invocation-start", json!({"first": start.invocation.is_first}));
    }

    fn invocation_end(&self, end: &InvocationEnd<'_>) {
        Self::tell(end.invocation, "invocation-end", json!({"status": end.status.as_str()}));
    }

    fn operation_start(&self, operation: &OperationInfo<'_>) {
        if is_step(operation) {
            Self::tell(operation.invocation, "operation-start", json!({"op": operation.id}));
        }
    }

    fn operation_end(&self, operation: &OperationInfo<'_>) {
        if is_step(operation) {
            let members = json!({"op": operation.id, "status": token(operation.status)});
            Self::tell(operation.invocation, "operation-end", members);
        }
    }

    fn attempt_start(&self, attempt: &FunctionInfo<'_>) {
        Self::tell(attempt.invocation, "attempt-start", json!({"op": attempt.id}));
    }

    fn attempt_end(&self, end: &FunctionEnd<'_>) {
        let members = json!({"op": end.function.id, "outcome": end.outcome()});
        Self::tell(end.function.invocation, "attempt-end", members);
    }
}
