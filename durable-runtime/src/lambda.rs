//! AWS Lambda as the host: serves a program's functions to the Runtime API. Knows neither their types nor how an
//! invocation runs.

mod choice;
mod event;
mod runtime_api;

use std::sync::Arc;

use lambda_runtime::{Diagnostic, LambdaEvent, Runtime, service_fn};

use crate::clock::SystemClock;
use crate::error::BoxError;
use crate::function::{Divergence, Function, HostFacts, Invocation, InvocationOutcome};
use crate::service::DurableService;
use crate::wire::{ErrorObject, InvocationResponse, Timestamp};
use event::Event;
use runtime_api::{RuntimeApi, VARIABLE};

/// A number of megabytes.
const MEMORY_SIZE: &str = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE";
/// What the Runtime API's client would otherwise end the process for with a panic.
const NEEDED: [&str; 3] = ["AWS_LAMBDA_FUNCTION_NAME", MEMORY_SIZE, "AWS_LAMBDA_FUNCTION_VERSION"];

/// What is served.
pub(crate) struct Served {
    /// The functions under their names.
    pub(crate) functions: Vec<(String, Arc<dyn Function>)>,
    /// Where checkpoints go.
    pub(crate) service: Arc<dyn DurableService>,
    /// What becomes of code that does not fit a history.
    pub(crate) on_divergence: Divergence,
}

/// Serves the function that this process is deployed as, until the process ends.
///
/// # Errors
/// When it is not known which function that is, and when the Runtime API cannot be reached. What is wrong with the
/// program is told to the Runtime API first, so that it is found as the function's initialization error.
pub(crate) async fn serve(served: Served) -> Result<(), BoxError> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let api = RuntimeApi::at(variable(VARIABLE).unwrap_or_default())?;
    let chosen = check(&variable).and_then(|()| choice::choose(&served.functions, &variable));
    let (name, function) = match chosen {
        Ok(chosen) => chosen.clone(),
        Err(error) => {
            api.tell_init_error(&error).await;
            return Err(error.to_string().into());
        }
    };
    let host = Arc::new(Host { name, function, service: served.service, on_divergence: served.on_divergence });
    let handler = move |event| {
        let host = host.clone();
        async move { host.invoke(event).await }
    };
    // Several at a time on managed instances, one after the other anywhere else.
    Runtime::new(service_fn(handler)).run_concurrent().await.map_err(|error| api.lost(&*error))
}

fn check(variable: &dyn Fn(&str) -> Option<String>) -> Result<(), ErrorObject> {
    let missing = NEEDED.into_iter().find(|name| variable(name).is_none());
    let wrong = |message: String| Err(ErrorObject::new("Runtime.Environment", message));
    if let Some(name) = missing {
        let all = NEEDED.join(", ");
        return wrong(format!("{VARIABLE} is set, but {name} is not: whoever plays AWS Lambda has to set {all}"));
    }
    match variable(MEMORY_SIZE) {
        Some(size) if size.parse::<i32>().is_err() => {
            wrong(format!("{MEMORY_SIZE} is `{size}`: whoever plays AWS Lambda has to set it to a number of megabytes"))
        }
        _ => Ok(()),
    }
}

struct Host {
    name: String,
    function: Arc<dyn Function>,
    service: Arc<dyn DurableService>,
    on_divergence: Divergence,
}

impl Host {
    async fn invoke(&self, lambda: LambdaEvent<Event>) -> Result<InvocationResponse, Diagnostic> {
        let (event, context) = lambda.into_parts();
        let event = event.durable(&self.name).map_err(diagnostic)?;
        let invocation = Invocation {
            event,
            service: Arc::clone(&self.service),
            clock: Arc::new(SystemClock),
            function_name: self.name.clone(),
            request_id: context.request_id,
            plugins: Vec::new(),
            deadline: Some(Timestamp::from_millis(i64::try_from(context.deadline).unwrap_or(i64::MAX))),
            host: HostFacts { tenant_id: context.tenant_id, trace_header: context.xray_trace_id },
            on_divergence: Some(self.on_divergence),
        };
        match self.function.invoke(invocation).await {
            InvocationOutcome::Answered(response) => Ok(response),
            InvocationOutcome::Failed(error) => Err(diagnostic(error)),
            // Only from a function that is none of this crate's and does not ask what to do instead.
            InvocationOutcome::Blocked(report) => Err(diagnostic(ErrorObject::new("Diverged", report))),
        }
    }
}

/// The Runtime API's error: a type and a message, verbatim.
fn diagnostic(error: ErrorObject) -> Diagnostic {
    Diagnostic {
        error_type: error.error_type.unwrap_or_else(|| "Error".to_owned()),
        error_message: error.error_message.unwrap_or_default(),
    }
}
