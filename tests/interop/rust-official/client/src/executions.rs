//! Executions looked at and stopped: details, pages, order, and errors as types.

use aws_sdk_lambda::Client;
use aws_sdk_lambda::primitives::DateTime;
use aws_sdk_lambda::types::{ErrorObject, EventType, ExecutionStatus};

use crate::expect::{Check, Checked, ended, holds, refused, same, start, there, waiting};

pub const CHECKS: [(&str, Check); 7] = [
    ("an execution is found by its escaped arn, with its times", |client| Box::pin(described(client))),
    ("an execution is described without its data", |client| Box::pin(without_data(client))),
    ("an unknown execution is a typed error, whatever is asked of it", |client| Box::pin(unknown(client))),
    ("a history in pages of two is the whole history, in both orders", |client| Box::pin(history(client))),
    ("a marker that the server never gave is a typed error", |client| Box::pin(wrong_marker(client))),
    ("a list in pages of one is the whole list", |client| Box::pin(list(client))),
    ("a stopped execution keeps the error that it was stopped with", |client| Box::pin(stop(client))),
];

const NOBODY: &str = "arn:aws:lambda:local:000000000000:function:echo:$LATEST/durable-execution/nobody/nothing";

async fn described(client: Client) -> Checked<()> {
    let arn = start(&client, "echo", "[1]").await?;
    holds("the ARN has characters that are escaped in a path", arn.contains([':', '/', '$']))?;
    let execution = ended(&client, &arn).await?;
    same("the ARN", execution.durable_execution_arn(), arn.as_str())?;
    same("the status", execution.status(), &ExecutionStatus::Succeeded)?;
    same("the input", execution.input_payload(), Some("[1]"))?;
    let age = DateTime::from(std::time::SystemTime::now()).secs() - execution.start_timestamp().secs();
    holds("it was started within the last ten minutes", (-600..600).contains(&age))?;
    let end = there("the end", execution.end_timestamp())?;
    holds("it ended after its start", end.to_millis()? >= execution.start_timestamp().to_millis()?)
}

async fn without_data(client: Client) -> Checked<()> {
    let arn = start(&client, "echo", "[1]").await?;
    ended(&client, &arn).await?;
    let request = client.get_durable_execution().durable_execution_arn(&arn).include_execution_data(false);
    let execution = request.send().await?;
    same("the input", execution.input_payload(), None)?;
    same("the result", execution.result(), None)
}

async fn unknown(client: Client) -> Checked<()> {
    let get = refused(client.get_durable_execution().durable_execution_arn(NOBODY).send().await)?;
    same("get", get.into_service_error().is_resource_not_found_exception(), true)?;
    let history = refused(client.get_durable_execution_history().durable_execution_arn(NOBODY).send().await)?;
    same("history", history.into_service_error().is_resource_not_found_exception(), true)?;
    let stop = refused(client.stop_durable_execution().durable_execution_arn(NOBODY).send().await)?;
    same("stop", stop.into_service_error().is_resource_not_found_exception(), true)?;
    let list = refused(client.list_durable_executions_by_function().function_name("nobody").send().await)?;
    same("list", list.into_service_error().is_resource_not_found_exception(), true)
}

async fn history(client: Client) -> Checked<()> {
    let arn = start(&client, "slow", "1").await?;
    ended(&client, &arn).await?;
    let asked = || client.get_durable_execution_history().durable_execution_arn(&arn);
    let whole = asked().send().await?.events;
    holds("there is more than a page", whole.len() > 2)?;
    let mut pages = asked().into_paginator().page_size(2).items().send();
    let mut paged = Vec::new();
    while let Some(event) = pages.next().await {
        paged.push(event?);
    }
    same("the pages", &paged, &whole)?;
    let backwards = asked().reverse_order(true).send().await?.events;
    same("the reverse order", backwards, whole.into_iter().rev().collect())
}

async fn wrong_marker(client: Client) -> Checked<()> {
    let arn = start(&client, "echo", "1").await?;
    ended(&client, &arn).await?;
    let asked = client.get_durable_execution_history().durable_execution_arn(&arn).marker("my own");
    let error = refused(asked.send().await)?.into_service_error();
    same("the type", error.is_invalid_parameter_value_exception(), true)
}

async fn list(client: Client) -> Checked<()> {
    let mut started = Vec::new();
    for _ in 0..3 {
        let arn = start(&client, "error", "null").await?;
        ended(&client, &arn).await?;
        started.insert(0, arn);
    }
    let asked = client.list_durable_executions_by_function().function_name("error").statuses(ExecutionStatus::Failed);
    let mut pages = asked.into_paginator().page_size(1).items().send();
    let mut listed = Vec::new();
    while let Some(execution) = pages.next().await {
        listed.push(execution?.durable_execution_arn);
    }
    // Other checks have started some before.
    listed.truncate(started.len());
    same("the list", listed, started)
}

async fn stop(client: Client) -> Checked<()> {
    let (arn, _) = waiting(&client, "callback").await?;
    let why = ErrorObject::builder().error_type("Cancelled").error_message("by the customer").build();
    let stopped = client.stop_durable_execution().durable_execution_arn(&arn).error(why.clone()).send().await?;
    let execution = ended(&client, &arn).await?;
    same("the status", execution.status(), &ExecutionStatus::Stopped)?;
    same("the error", execution.error(), Some(&why))?;
    same("the end", execution.end_timestamp(), Some(stopped.stop_timestamp()))?;
    let newest = client.get_durable_execution_history().durable_execution_arn(&arn).reverse_order(true).max_items(1);
    let events = newest.send().await?.events;
    same("the last event", events.first().and_then(|event| event.event_type()), Some(&EventType::ExecutionStopped))
}
