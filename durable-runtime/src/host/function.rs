//! A function that runs elsewhere, under its name: the surface of the host.

use std::sync::Arc;

use super::assignment::{Assignment, InvalidAssignment, Target, check_name};
use super::call::{Call, Reply};
use super::endpoint::Endpoint;
use super::options::HostOptions;
use super::outcome;
use super::pool::{Closing, Pool};
use crate::clock::BoxFuture;
use crate::function::{Function, Invocation, InvocationOutcome};
use crate::service::{DurableService, ServiceError};
use crate::wire::{ErrorObject, InvocationEvent, StatePage, StateRequest};

/// A function in processes of its own, or behind a Lambda Invoke endpoint. Clones share it; its processes are killed
/// when it is closed, or when its last clone and the last [`Function`] made of it are dropped.
#[derive(Clone)]
pub struct FunctionHost {
    runs: Arc<Runs>,
}

struct Runs {
    name: String,
    place: Place,
    options: HostOptions,
}

enum Place {
    Processes(Arc<Pool>),
    Elsewhere(Endpoint),
}

impl Drop for Runs {
    fn drop(&mut self) {
        if let Place::Processes(pool) = &self.place {
            pool.end(Closing::AtOnce);
        }
    }
}

impl FunctionHost {
    /// A function that `command` runs, a line for `sh -c`. Nothing is started before the first invocation.
    ///
    /// # Errors
    /// With a name that AWS Lambda would not take.
    pub fn new(name: &str, command: &str, options: HostOptions) -> Result<Self, InvalidAssignment> {
        check_name(name)?;
        Ok(Self::assigned(Assignment { name: name.to_owned(), target: Target::Command(command.to_owned()) }, options))
    }

    /// The function of an assignment, which was checked when it was read.
    #[must_use]
    pub fn assigned(assignment: Assignment, options: HostOptions) -> Self {
        let Assignment { name, target } = assignment;
        let place = match target {
            Target::Command(command) => Place::Processes(Pool::new(name.clone(), command, options.clone())),
            Target::Endpoint(base) => Place::Elsewhere(Endpoint::new(&name, &base, options.function_timeout)),
        };
        Self { runs: Arc::new(Runs { name, place, options }) }
    }

    /// The function's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.runs.name
    }

    /// The function as a durable one: it is given the events of executions, and sends its checkpoints to
    /// [`HostOptions::endpoint`] by itself. An answer that is none of a durable function ends the execution FAILED.
    #[must_use]
    pub fn durable(&self) -> Arc<dyn Function> {
        Arc::new(Durable(self.clone()))
    }

    /// The function as a plain one: it is given an execution's input, and its answer is the execution's result. Its
    /// error ends the execution; nothing is repeated but what a killed engine had not recorded.
    #[must_use]
    pub fn plain(&self) -> Arc<dyn Function> {
        Arc::new(Plain(self.clone()))
    }

    /// Invokes the function once, whatever it is. The answer comes after the lines that the function wrote before it
    /// are in the log. Dropping the future does not stop a process that has the event.
    pub async fn invoke(&self, call: Call) -> Reply {
        match &self.runs.place {
            Place::Processes(pool) => pool.invoke(call).await,
            Place::Elsewhere(endpoint) => endpoint.invoke(call).await,
        }
    }

    /// Invokes the function for an execution. One that ends while no process has the event takes it back.
    async fn invoke_for(&self, service: &dyn DurableService, call: Call) -> Reply {
        let request_id = call.request_id.clone();
        let mut invoking = std::pin::pin!(self.invoke(call));
        tokio::select! {
            biased;
            reply = &mut invoking => return reply,
            () = service.ended() => {}
        }
        match &self.runs.place {
            Place::Processes(pool) if !pool.roster().is_delivered(&request_id) => {
                let message =
                    format!("RequestId: {request_id} Error: the execution ended before a process took the event");
                Reply::failed("Runtime.Withdrawn", message)
            }
            _ => invoking.await,
        }
    }

    /// The last 4 KB that were written during an invocation, for `X-Amz-Log-Result`.
    #[must_use]
    pub fn log_tail(&self, request_id: &str) -> String {
        self.runs.options.logs.tail(&self.runs.name, request_id)
    }

    /// Ends the function's processes: SIGTERM first, SIGKILL after the grace. Invocations fail with
    /// `Runtime.HostClosed`, or with their process.
    pub async fn close(&self) {
        if let Place::Processes(pool) = &self.runs.place {
            pool.close(Closing::Politely).await;
        }
    }

    /// Ends the function's processes at once.
    pub async fn kill(&self) {
        if let Place::Processes(pool) = &self.runs.place {
            pool.close(Closing::AtOnce).await;
        }
    }
}

struct Durable(FunctionHost);

impl Function for Durable {
    fn invoke(&self, invocation: Invocation) -> BoxFuture<'static, InvocationOutcome> {
        let host = self.0.clone();
        Box::pin(async move {
            let Invocation { event, service, request_id, deadline, .. } = invocation;
            let payload = match serde_json::to_vec(&event) {
                Ok(payload) => payload,
                Err(error) => return outcome::durable(host.name(), Reply::failed("InvalidEvent", error.to_string())),
            };
            let reply = host.invoke_for(&*service, Call { request_id, payload, deadline, ..Call::default() }).await;
            outcome::durable(host.name(), reply)
        })
    }
}

struct Plain(FunctionHost);

impl Function for Plain {
    fn invoke(&self, invocation: Invocation) -> BoxFuture<'static, InvocationOutcome> {
        let host = self.0.clone();
        Box::pin(async move {
            let Invocation { event, service, request_id, deadline, .. } = invocation;
            let payload = match first_page(&*service, event).await {
                Ok(first) => outcome::plain_payload(first),
                Err(error) => return InvocationOutcome::Failed(ErrorObject::new(error.code, error.message)),
            };
            let reply = host.invoke_for(&*service, Call { request_id, payload, deadline, ..Call::default() }).await;
            outcome::plain(host.name(), reply)
        })
    }
}

/// The page of the state that the EXECUTION operation is on. An event has no room for a large input, and comes empty.
async fn first_page(service: &dyn DurableService, event: InvocationEvent) -> Result<StatePage, ServiceError> {
    let InvocationEvent { durable_execution_arn, checkpoint_token, initial_execution_state: first, .. } = event;
    match first.next_marker {
        Some(marker) if first.operations.is_empty() => {
            service.state(StateRequest { durable_execution_arn, checkpoint_token, marker, max_items: 1 }).await
        }
        _ => Ok(first),
    }
}
