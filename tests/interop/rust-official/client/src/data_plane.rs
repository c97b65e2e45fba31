//! Checkpoints and state, for an invocation that the caller of the check holds open.

use std::env;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::types::{OperationAction, OperationStatus, OperationType, OperationUpdate};

use crate::expect::{Check, Checked, holds, refused, same, there};

pub const CHECKS: [(&str, Check); 1] =
    [("the data plane writes, pages its state, and refuses a stale token", |client| Box::pin(data_plane(client)))];

fn step(id: &str, action: OperationAction) -> Checked<OperationUpdate> {
    let update = OperationUpdate::builder().id(id).r#type(OperationType::Step).sub_type("Step").name("step");
    Ok(update.action(action).build()?)
}

async fn data_plane(client: Client) -> Checked<()> {
    let (arn, first) = (env::var("EXECUTION")?, env::var("TOKEN")?);
    let checkpoint =
        |token: &str| client.checkpoint_durable_execution().durable_execution_arn(&arn).checkpoint_token(token);
    let updates = vec![step("1", OperationAction::Start)?, step("2", OperationAction::Start)?];
    let answer = checkpoint(&first).set_updates(Some(updates)).send().await?;
    let state = there("the new state", answer.new_execution_state())?;
    let started: Vec<_> = state.operations().iter().map(|operation| (operation.id(), operation.status())).collect();
    same("what was written", started, vec![("1", &OperationStatus::Started), ("2", &OperationStatus::Started)])?;

    let token = there("the token", answer.checkpoint_token())?;
    let asked = client.get_durable_execution_state().durable_execution_arn(&arn).checkpoint_token(token);
    let mut pages = asked.into_paginator().page_size(1).items().send();
    let mut ids = Vec::new();
    while let Some(operation) = pages.next().await {
        ids.push(operation?.id);
    }
    same("the paged state", ids.get(1..).unwrap_or_default(), ["1".to_owned(), "2".to_owned()].as_slice())?;

    let error = refused(checkpoint(&first).updates(step("1", OperationAction::Succeed)?).send().await)?;
    let error = error.into_service_error();
    holds("a stale token is an invalid parameter", error.is_invalid_parameter_value_exception())?;
    let message = error.meta().message().unwrap_or_default();
    holds(&format!("{message:?} is what SDKs look for"), message.starts_with("Invalid Checkpoint Token"))
}
