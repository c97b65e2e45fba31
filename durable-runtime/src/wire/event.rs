//! What a function is invoked with and what it answers.

use serde::{Deserialize, Serialize};

use super::{ErrorObject, OperationId, Operations};

/// The event of one invocation of a durable function.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct InvocationEvent {
    /// The execution.
    pub durable_execution_arn: String,
    /// The first checkpoint's token.
    pub checkpoint_token: String,
    /// The first page of the state; may be empty while `next_marker` is set.
    #[serde(default)]
    pub initial_execution_state: StatePage,
    /// Ids of operations that changed on the service's side since the last invocation ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_operation_ids: Option<Vec<OperationId>>,
}

/// A page of the execution's state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct StatePage {
    /// Operations in the order of their start; EXECUTION is the first of all.
    pub operations: Operations,
    /// Where the next page begins; absent, null or empty when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_marker: Option<String>,
}

impl StatePage {
    /// The marker of the next page, if there is one.
    #[must_use]
    pub fn next(&self) -> Option<&str> {
        self.next_marker.as_deref().filter(|marker| !marker.is_empty())
    }
}

/// How an invocation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum InvocationStatus {
    /// The execution succeeded.
    Succeeded,
    /// The execution failed.
    Failed,
    /// The execution goes on when a pending operation changes.
    Pending,
}

/// What an invocation answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct InvocationResponse {
    /// How it ended.
    pub status: InvocationStatus,
    /// The result as JSON text, with SUCCEEDED; empty when it was checkpointed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// The error, with FAILED.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorObject>,
}

impl InvocationResponse {
    /// The execution succeeded with `result`.
    #[must_use]
    pub const fn succeeded(result: String) -> Self {
        Self { status: InvocationStatus::Succeeded, result: Some(result), error: None }
    }

    /// The execution failed with `error`; `None` when it was checkpointed.
    #[must_use]
    pub const fn failed(error: Option<ErrorObject>) -> Self {
        Self { status: InvocationStatus::Failed, result: None, error }
    }

    /// The execution waits.
    #[must_use]
    pub const fn pending() -> Self {
        Self { status: InvocationStatus::Pending, result: None, error: None }
    }
}
