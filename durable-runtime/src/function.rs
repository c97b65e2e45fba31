//! A durable function as its host sees it: an event goes in, an outcome comes out. Knows nothing of the
//! function's types, nor of which host it is.

use std::sync::Arc;

use crate::clock::{BoxFuture, Clock};
use crate::plugin::Plugin;
use crate::service::DurableService;
use crate::wire::{ErrorObject, InvocationEvent, InvocationResponse, Timestamp};

/// One invocation of a durable function.
pub struct Invocation {
    /// The event.
    pub event: InvocationEvent,
    /// Where to send checkpoints.
    pub service: Arc<dyn DurableService>,
    /// Where to get the time from.
    pub clock: Arc<dyn Clock>,
    /// The function's name.
    pub function_name: String,
    /// This invocation's id, for logs.
    pub request_id: String,
    /// Who listens to it.
    pub plugins: Vec<Arc<dyn Plugin>>,
    /// When the host ends the invocation, if it does.
    pub deadline: Option<Timestamp>,
    /// What else the host says.
    pub host: HostFacts,
    /// What becomes of code that does not fit the history; `None` where the host can keep the execution until another
    /// build comes.
    pub on_divergence: Option<Divergence>,
}

/// What a host that cannot wait for another build does when today's code does not fit an execution's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Divergence {
    /// The execution fails, at once and for good: whoever started it is told.
    #[default]
    FailExecution,
    /// The invocation fails. AWS Lambda invokes again, with growing pauses and for some hours. An execution stays on the
    /// version that it was started on, so this saves those of `$LATEST`: deploy the build that fits again.
    FailInvocation,
}

/// What a host may say of an invocation beside its event. Nothing of it is recorded, so it may differ between the
/// invocations of one execution.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostFacts {
    /// The tenant that the function runs for, if it isolates tenants.
    pub tenant_id: Option<String>,
    /// The X-Ray trace header.
    pub trace_header: Option<String>,
}

/// How an invocation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvocationOutcome {
    /// The function answered.
    Answered(InvocationResponse),
    /// The invocation failed, not the execution: the host invokes again.
    Failed(ErrorObject),
    /// Today's code does not fit the recorded history. The text is the report for people. Only for a host that can
    /// keep the execution until the next build: others say what to do instead, by [`Invocation::on_divergence`].
    Blocked(String),
}

/// A function that a host can invoke: a `#[durable]` function behind its types.
pub trait Function: Send + Sync + 'static {
    /// Runs one invocation to its outcome.
    fn invoke(&self, invocation: Invocation) -> BoxFuture<'static, InvocationOutcome>;
}
