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
}

/// How an invocation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvocationOutcome {
    /// The function answered.
    Answered(InvocationResponse),
    /// The invocation failed, not the execution: the host invokes again.
    Failed(ErrorObject),
    /// Today's code does not fit the recorded history. The text is the report for people. A host that can
    /// wait for the next build keeps the execution; another one fails it.
    Blocked(String),
}

/// A function that a host can invoke: a `#[durable]` function behind its types.
pub trait Function: Send + Sync + 'static {
    /// Runs one invocation to its outcome.
    fn invoke(&self, invocation: Invocation) -> BoxFuture<'static, InvocationOutcome>;
}
