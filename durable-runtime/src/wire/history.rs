//! The execution's history: one event per transition, numbered from 1 without gaps.

use serde::{Deserialize, Serialize};

use super::{ErrorObject, OperationId, SubType, Timestamp};

/// One event. Its JSON form, with the details under `<EventType>Details`, is [`HistoryEvent::to_json`].
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryEvent {
    /// Which transition, such as `StepSucceeded`.
    pub event_type: String,
    /// The sub-type of its operation.
    pub sub_type: Option<SubType>,
    /// The number, from 1, without gaps.
    pub event_id: u64,
    /// The operation; the execution's own id for events of the execution, absent for `InvocationCompleted`.
    pub id: Option<OperationId>,
    /// The operation's name.
    pub name: Option<String>,
    /// The operation's parent.
    pub parent_id: Option<OperationId>,
    /// When.
    pub event_timestamp: Timestamp,
    /// What the transition carried.
    pub details: HistoryDetails,
}

impl HistoryEvent {
    /// The event as the service's API shows it.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let mut members = serde_json::Map::new();
        let mut put = |name: &str, value: Option<serde_json::Value>| {
            members.extend(value.map(|value| (name.to_owned(), value)));
        };
        let text = |id: &OperationId| id.as_str().into();
        put("EventType", Some(self.event_type.as_str().into()));
        put("SubType", self.sub_type.as_ref().map(|word| word.as_str().into()));
        put("EventId", Some(self.event_id.into()));
        put("Id", self.id.as_ref().map(text));
        put("Name", self.name.as_deref().map(Into::into));
        put("ParentId", self.parent_id.as_ref().map(text));
        put("EventTimestamp", serde_json::to_value(self.event_timestamp).ok());
        put(&format!("{}Details", self.event_type), serde_json::to_value(&self.details).ok());
        serde_json::Value::Object(members)
    }
}

/// The union of all details members; each event type uses those that protocol and model give it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct HistoryDetails {
    /// An input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<HistoryPayload>,
    /// A result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<HistoryPayload>,
    /// An error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<HistoryError>,
    /// Attempt number and the delay to the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_details: Option<RetryDetails>,
    /// Seconds of a wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<u64>,
    /// When a wait is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduled_end_timestamp: Option<Timestamp>,
    /// The execution's timeout in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_timeout: Option<u64>,
    /// When an invocation began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_timestamp: Option<Timestamp>,
    /// When an invocation ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_timestamp: Option<Timestamp>,
    /// The invocation's request id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The callback's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callback_id: Option<String>,
    /// The callback's timeout in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<u64>,
    /// The callback's heartbeat timeout in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heartbeat_timeout: Option<u64>,
    /// The invoked function.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function_name: Option<String>,
    /// The tenant it was invoked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// The version that ran.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub executed_version: Option<String>,
    /// The child execution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub durable_execution_arn: Option<String>,
}

impl HistoryDetails {
    /// Leaves inputs, results and errors out, and says so where they were.
    pub fn leave_data_out(&mut self) {
        for payload in [&mut self.input, &mut self.result].into_iter().flatten() {
            *payload = HistoryPayload { payload: None, truncated: true };
        }
        if let Some(error) = &mut self.error {
            *error = HistoryError { payload: None, truncated: true };
        }
    }
}

/// A payload in an event.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct HistoryPayload {
    /// The text; absent when there was none or data was not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
    /// Whether the text was left out or cut.
    pub truncated: bool,
}

/// An error in an event.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct HistoryError {
    /// The error; absent when data was not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<ErrorObject>,
    /// Whether the error was left out or cut.
    pub truncated: bool,
}

/// Which attempt ended, and when the next begins.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct RetryDetails {
    /// The attempt that ended, from 1.
    pub current_attempt: u32,
    /// Seconds to the next attempt; absent when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_attempt_delay_seconds: Option<u64>,
}
