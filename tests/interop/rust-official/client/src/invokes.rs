//! `Invoke`: results, failures, names, and its errors as types.

use aws_sdk_lambda::Client;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;

use crate::expect::{Check, Checked, ended, refused, same, there};

pub const CHECKS: [(&str, Check); 6] = [
    ("a synchronous invoke answers the result", |client| Box::pin(answers(client))),
    ("a synchronous invoke of a function that fails says why", |client| Box::pin(fails(client))),
    ("an asynchronous invoke answers the arn at once", |client| Box::pin(asynchronous(client))),
    ("a dry run answers nothing", |client| Box::pin(dry(client))),
    ("a name and a payload are one execution and another payload is a typed error", |client| Box::pin(named(client))),
    ("an unknown function is a typed error", |client| Box::pin(unknown(client))),
];

async fn answers(client: Client) -> Checked<()> {
    let request = client.invoke().function_name("echo:$LATEST").payload(Blob::new(r#"{"tea":"assam"}"#));
    let answer = request.send().await?;
    same("the status", answer.status_code, 200)?;
    same("the version", answer.executed_version.as_deref(), Some("$LATEST"))?;
    same("the function error", answer.function_error, None)?;
    let payload = there("the payload", answer.payload)?;
    same("the payload", payload.as_ref(), br#"{"tea":"assam"}"#.as_slice())
}

async fn fails(client: Client) -> Checked<()> {
    let answer = client.invoke().function_name("error").payload(Blob::new("null")).send().await?;
    same("the function error", answer.function_error.as_deref(), Some("Unhandled"))?;
    let error: serde_json::Value = serde_json::from_slice(there("the payload", answer.payload)?.as_ref())?;
    same("the message", error.get("errorMessage"), Some(&"the target has failed".into()))
}

async fn asynchronous(client: Client) -> Checked<()> {
    let request = client.invoke().function_name("echo").invocation_type(InvocationType::Event);
    let answer = request.payload(Blob::new("7")).send().await?;
    same("the status", answer.status_code, 202)?;
    let execution = ended(&client, &there("the ARN", answer.durable_execution_arn)?).await?;
    same("the result", execution.result.as_deref(), Some("7"))
}

async fn dry(client: Client) -> Checked<()> {
    let answer = client.invoke().function_name("echo").invocation_type(InvocationType::DryRun).send().await?;
    same("the status", answer.status_code, 204)?;
    same("the ARN", answer.durable_execution_arn, None)
}

async fn named(client: Client) -> Checked<()> {
    let named = || client.invoke().function_name("echo").durable_execution_name("rust-order-7");
    let first = named().payload(Blob::new("1")).send().await?;
    let again = named().payload(Blob::new("1")).send().await?;
    same("the ARN", again.durable_execution_arn, first.durable_execution_arn)?;
    let error = refused(named().payload(Blob::new("2")).send().await)?.into_service_error();
    same("the type", error.is_durable_execution_already_started_exception(), true)
}

async fn unknown(client: Client) -> Checked<()> {
    let error = refused(client.invoke().function_name("nobody").payload(Blob::new("1")).send().await)?;
    same("the type", error.into_service_error().is_resource_not_found_exception(), true)
}
