//! The lines of JSON that plugins write of what they are told.

use durable_runtime::plugin::{InvocationInfo, OperationInfo};
use durable_runtime::wire::OperationType;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::conformance::logs::write_line;

/// Writes a record of an execution: the members that have a value.
pub(super) fn emit(invocation: &InvocationInfo, plugin: &str, hook: &str, members: Value) {
    let mut record = Map::new();
    record.insert("durableExecutionArn".to_owned(), json!(invocation.execution_arn));
    record.insert("plugin".to_owned(), json!(plugin));
    record.insert("hook".to_owned(), json!(hook));
    let members = members.as_object().cloned().unwrap_or_default();
    record.extend(members.into_iter().filter(|(_, value)| !value.is_null()));
    write_line(&Value::Object(record).to_string());
}

pub(super) fn tell(invocation: &InvocationInfo, hook: &str, members: Value) {
    emit(invocation, "CONFPLUGIN", hook, members);
}

/// A type or a status as the service spells it.
pub(super) fn token(word: impl Serialize) -> Value {
    json!(word)
}

pub(super) fn is_step(operation: &OperationInfo<'_>) -> bool {
    operation.operation_type == OperationType::Step
}
