//! What checks are made of: an expectation that says what came instead, and the ways to wait for an execution.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::operation::get_durable_execution::GetDurableExecutionOutput;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{EventType, ExecutionStatus, InvocationType};

/// What goes wrong in a check.
pub type Fault = Box<dyn std::error::Error + Send + Sync>;
/// What a part of a check gives.
pub type Checked<T> = Result<T, Fault>;
/// A check.
pub type Check = fn(Client) -> Pin<Box<dyn Future<Output = Checked<()>>>>;

/// How often an execution is looked at, and how often at most.
const LOOKS_EVERY: Duration = Duration::from_millis(100);
const LOOKS: usize = 900;

/// Two values that have to be the same.
pub fn same<T: PartialEq + Debug>(what: &str, found: T, expected: T) -> Checked<()> {
    if found == expected { Ok(()) } else { Err(format!("{what} is {found:?}, expected {expected:?}").into()) }
}

/// Something that has to be so.
pub fn holds(what: &str, so: bool) -> Checked<()> {
    if so { Ok(()) } else { Err(format!("it does not hold that {what}").into()) }
}

/// Something that has to be there.
pub fn there<T>(what: &str, found: Option<T>) -> Checked<T> {
    found.ok_or_else(|| format!("{what} is missing").into())
}

/// The error of a call that has to be refused.
pub fn refused<T: Debug, E>(found: Result<T, E>) -> Checked<E> {
    match found {
        Ok(answer) => Err(format!("expected an error, the answer was {answer:?}").into()),
        Err(error) => Ok(error),
    }
}

/// Starts an execution and gives its ARN.
pub async fn start(client: &Client, function: &str, payload: &str) -> Checked<String> {
    let request = client.invoke().function_name(format!("{function}:$LATEST")).invocation_type(InvocationType::Event);
    let answer = request.payload(Blob::new(payload)).send().await?;
    there("the ARN", answer.durable_execution_arn)
}

/// The execution, as soon as it has ended.
pub async fn ended(client: &Client, arn: &str) -> Checked<GetDurableExecutionOutput> {
    for _ in 0..LOOKS {
        let execution = client.get_durable_execution().durable_execution_arn(arn).send().await?;
        if execution.status != ExecutionStatus::Running {
            return Ok(execution);
        }
        tokio::time::sleep(LOOKS_EVERY).await;
    }
    Err(format!("{arn} has not ended").into())
}

/// An execution of `function` and the id of the callback that it waits for.
pub async fn waiting(client: &Client, function: &str) -> Checked<(String, String)> {
    let arn = start(client, function, "{}").await?;
    for _ in 0..LOOKS {
        let history = client.get_durable_execution_history().durable_execution_arn(&arn).send().await?;
        let suspended = history.events.iter().any(|event| event.event_type == Some(EventType::InvocationCompleted));
        let ids = history.events.iter().filter_map(|event| event.callback_started_details.as_ref());
        let id = ids.map(|details| details.callback_id.clone()).next();
        if let (Some(id), true) = (id, suspended) {
            return Ok((arn, id));
        }
        tokio::time::sleep(LOOKS_EVERY).await;
    }
    Err(format!("{arn} has opened no callback").into())
}
