//! What a function sends: operation updates, and the requests that carry them.

use serde::{Deserialize, Serialize};

use super::{ErrorObject, OperationId, OperationType, SubType};

/// What an update does to its operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Action {
    /// Begin it.
    Start,
    /// Finish it with a result.
    Succeed,
    /// Finish it with an error.
    Fail,
    /// End this attempt of a step and schedule the next.
    Retry,
    /// Cancel it. Never sent by this crate.
    Cancel,
}

/// One change to one operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct OperationUpdate {
    /// The operation's id.
    pub id: OperationId,
    /// The nearest recorded context around it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<OperationId>,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its type.
    #[serde(rename = "Type")]
    pub operation_type: OperationType,
    /// Its sub-type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub_type: Option<SubType>,
    /// What to do.
    pub action: Action,
    /// A result, an input, or the state carried by a RETRY.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
    /// An error, with FAIL and RETRY.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorObject>,
    /// Options of CONTEXT.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_options: Option<ContextOptions>,
    /// Options of STEP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step_options: Option<StepOptions>,
    /// Options of WAIT.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_options: Option<WaitOptions>,
    /// Options of CALLBACK.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback_options: Option<CallbackOptions>,
    /// Options of CHAINED_INVOKE.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chained_invoke_options: Option<ChainedInvokeOptions>,
}

impl OperationUpdate {
    /// An update with nothing but its required members.
    #[must_use]
    pub const fn new(id: OperationId, operation_type: OperationType, action: Action) -> Self {
        Self {
            id,
            parent_id: None,
            name: None,
            operation_type,
            sub_type: None,
            action,
            payload: None,
            error: None,
            context_options: None,
            step_options: None,
            wait_options: None,
            callback_options: None,
            chained_invoke_options: None,
        }
    }
}

/// Options of CONTEXT updates.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ContextOptions {
    /// Keep the children, because the result is not stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replay_children: Option<bool>,
}

/// Options of STEP updates.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct StepOptions {
    /// Whole seconds until the next attempt, 1 to 31,622,400.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_attempt_delay_seconds: Option<u64>,
}

/// Options of WAIT updates.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct WaitOptions {
    /// Whole seconds, 1 to 31,622,400.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait_seconds: Option<u64>,
}

/// Options of CALLBACK updates.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct CallbackOptions {
    /// Whole seconds, 0 or absent for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<u64>,
    /// Whole seconds between heartbeats, 0 or absent for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heartbeat_timeout_seconds: Option<u64>,
}

/// Options of CHAINED_INVOKE updates.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ChainedInvokeOptions {
    /// Name or ARN of the target, with an optional `:qualifier`.
    pub function_name: String,
    /// The tenant to invoke it for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// The trace header for the target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x_amzn_trace_id: Option<String>,
}

/// A checkpoint: updates that are applied all or none, for one execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CheckpointRequest {
    /// The execution. Part of the path on the wire.
    #[serde(skip)]
    pub durable_execution_arn: String,
    /// The one-time token of the latest answer.
    pub checkpoint_token: String,
    /// Makes a repeated request with the same token answer the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_token: Option<String>,
    /// The updates, applied in order; empty to ask for news.
    #[serde(default)]
    pub updates: Vec<OperationUpdate>,
}

/// The answer to a checkpoint.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct CheckpointResponse {
    /// The next token; absent once the execution has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkpoint_token: Option<String>,
    /// What changed since the function last saw the state.
    pub new_execution_state: super::StatePage,
}

/// Asks for a page of the execution's state. Does not use the token up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateRequest {
    /// The execution.
    pub durable_execution_arn: String,
    /// The current token.
    pub checkpoint_token: String,
    /// Where the previous page ended.
    pub marker: String,
    /// At most this many operations, 1 to 1,000.
    pub max_items: u32,
}
