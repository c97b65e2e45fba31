//! Operations as the service stores and returns them.

use serde::{Deserialize, Serialize};

use super::{ErrorObject, OperationId, Timestamp};

/// What kind of operation it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OperationType {
    /// The execution itself, always the first operation.
    Execution,
    /// A child context, a batch or a branch.
    Context,
    /// A step or a polled condition.
    Step,
    /// A timer.
    Wait,
    /// A result awaited from the outside.
    Callback,
    /// Another function's invocation.
    ChainedInvoke,
    /// A type that this version does not know.
    #[serde(other)]
    Unknown,
}

/// Where an operation is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OperationStatus {
    /// Begun, not finished.
    Started,
    /// A step whose next attempt waits for its time.
    Pending,
    /// A step whose next attempt may start.
    Ready,
    /// Finished with a result.
    Succeeded,
    /// Finished with an error.
    Failed,
    /// Finished by cancellation.
    Cancelled,
    /// Finished by its timeout.
    TimedOut,
    /// Finished because its target was stopped.
    Stopped,
    /// A status that this version does not know.
    #[serde(other)]
    Unknown,
}

impl OperationStatus {
    /// Whether the operation can never change again.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled | Self::TimedOut | Self::Stopped)
    }
}

/// The finer kind of an operation: which construct of the SDK made it. An open set of short words.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "std::borrow::Cow<'_, str>", into = "String")]
pub struct SubType(std::borrow::Cow<'static, str>);

impl SubType {
    /// A step.
    pub const STEP: Self = Self::named("Step");
    /// A timer.
    pub const WAIT: Self = Self::named("Wait");
    /// A child context.
    pub const RUN_IN_CHILD_CONTEXT: Self = Self::named("RunInChildContext");
    /// A callback.
    pub const CALLBACK: Self = Self::named("Callback");
    /// A callback with its submitter.
    pub const WAIT_FOR_CALLBACK: Self = Self::named("WaitForCallback");
    /// Another function's invocation.
    pub const CHAINED_INVOKE: Self = Self::named("ChainedInvoke");
    /// A polled condition.
    pub const WAIT_FOR_CONDITION: Self = Self::named("WaitForCondition");
    /// A batch of branches.
    pub const PARALLEL: Self = Self::named("Parallel");
    /// One branch of a batch.
    pub const PARALLEL_BRANCH: Self = Self::named("ParallelBranch");
    /// A batch over items.
    pub const MAP: Self = Self::named("Map");
    /// One item of a batch.
    pub const MAP_ITERATION: Self = Self::named("MapIteration");

    const fn named(word: &'static str) -> Self {
        Self(std::borrow::Cow::Borrowed(word))
    }

    /// The word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<std::borrow::Cow<'_, str>> for SubType {
    fn from(word: std::borrow::Cow<'_, str>) -> Self {
        const KNOWN: [SubType; 11] = [
            SubType::STEP,
            SubType::WAIT,
            SubType::RUN_IN_CHILD_CONTEXT,
            SubType::CALLBACK,
            SubType::WAIT_FOR_CALLBACK,
            SubType::CHAINED_INVOKE,
            SubType::WAIT_FOR_CONDITION,
            SubType::PARALLEL,
            SubType::PARALLEL_BRANCH,
            SubType::MAP,
            SubType::MAP_ITERATION,
        ];
        // The known words are borrowed, so that reading a history allocates nothing for them.
        KNOWN.into_iter().find(|known| known.0 == word).unwrap_or_else(|| Self(word.into_owned().into()))
    }
}

impl From<SubType> for String {
    fn from(sub_type: SubType) -> Self {
        sub_type.0.into_owned()
    }
}

/// An operation's state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Operation {
    /// The operation's id.
    pub id: OperationId,
    /// The nearest recorded context around it; absent at the root.
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
    /// Its status.
    pub status: OperationStatus,
    /// When it was started.
    #[serde(default)]
    pub start_timestamp: Timestamp,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_timestamp: Option<Timestamp>,
    /// Details of EXECUTION.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_details: Option<ExecutionDetails>,
    /// Details of CONTEXT.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_details: Option<ContextDetails>,
    /// Details of STEP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step_details: Option<StepDetails>,
    /// Details of WAIT.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_details: Option<WaitDetails>,
    /// Details of CALLBACK.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback_details: Option<CallbackDetails>,
    /// Details of CHAINED_INVOKE.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chained_invoke_details: Option<ChainedInvokeDetails>,
}

impl Operation {
    /// What is recorded of its end, whatever its type: the result, and the error. A step that is tried again has the state
    /// that it carries and its last attempt's error there; what succeeded has no error.
    #[must_use]
    pub fn outcome(&self) -> (Option<&str>, Option<&ErrorObject>) {
        let (result, error) = match self.operation_type {
            OperationType::Context => self.context_details.as_ref().map(|of| (&of.result, &of.error)),
            OperationType::Step => self.step_details.as_ref().map(|of| (&of.result, &of.error)),
            OperationType::Callback => self.callback_details.as_ref().map(|of| (&of.result, &of.error)),
            OperationType::ChainedInvoke => self.chained_invoke_details.as_ref().map(|of| (&of.result, &of.error)),
            _ => None,
        }
        .unwrap_or((&None, &None));
        (result.as_deref(), error.as_ref().filter(|_| self.status != OperationStatus::Succeeded))
    }
}

/// Operations on their way. Boxed, because they are large and move on one by one: a page that grows moves pointers, and
/// a history is in memory once.
#[allow(clippy::vec_box)]
pub type Operations = Vec<Box<Operation>>;

/// Details of the execution.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ExecutionDetails {
    /// The user's input as JSON text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_payload: Option<String>,
}

/// Details of a context.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ContextDetails {
    /// Whether its children are kept, because its result was too large to store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replay_children: Option<bool>,
    /// Its result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// Its error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorObject>,
}

/// Details of a step.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct StepDetails {
    /// Attempts that have finished.
    pub attempt: u32,
    /// When the next attempt may start; only while PENDING.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_attempt_timestamp: Option<Timestamp>,
    /// The result, or the state carried by the last RETRY.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// The last attempt's error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorObject>,
}

/// Details of a timer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct WaitDetails {
    /// When it is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduled_end_timestamp: Option<Timestamp>,
}

/// Details of a callback.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct CallbackDetails {
    /// The id that the outside answers to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callback_id: Option<String>,
    /// The answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// The failure that was answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorObject>,
}

/// Details of a chained invoke.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ChainedInvokeDetails {
    /// The target's result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// The target's error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorObject>,
}
