//! Where a requirement's function runs, as the runner sees it: the few things that it asks of a service. Knows nothing
//! of requirements.

use durable_runtime::BoxError;
use serde_json::Value;

use super::requirement::ActionKind;

/// How an execution stands.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    /// The service's word, such as `SUCCEEDED`.
    pub status: String,
    /// Its result as text.
    pub result: Option<String>,
    /// Its error, for people.
    pub error: Option<String>,
    /// Why it will not go on by itself, though it has not ended.
    pub blocked: Option<String>,
}

impl Standing {
    /// Whether nothing more happens to it.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.status != "RUNNING" || self.blocked.is_some()
    }
}

/// A service that runs the functions of the requirements, each under its requirement's id.
#[allow(async_fn_in_trait)]
pub trait Place {
    /// Starts an execution, and gives its ARN.
    async fn start(&self, function: &str, input: &str) -> Result<String, BoxError>;
    /// How an execution stands.
    async fn standing(&self, arn: &str) -> Result<Standing, BoxError>;
    /// Its events as the service's API shows them, in their order.
    async fn history(&self, arn: &str) -> Result<Vec<Value>, BoxError>;
    /// Does something to a callback.
    async fn act(&self, callback_id: &str, action: &ActionKind) -> Result<(), BoxError>;
    /// Ends an execution that would go on longer than anybody waits.
    async fn stop(&self, arn: &str) -> Result<(), BoxError>;
    /// The lines that its function wrote so far, other executions' possibly among them.
    async fn lines(&self) -> Result<Vec<String>, BoxError>;
}
