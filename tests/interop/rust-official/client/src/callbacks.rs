//! Callbacks answered: bytes, errors, heartbeats, and what is refused as types.

use aws_sdk_lambda::Client;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{ErrorObject, ExecutionStatus};

use crate::expect::{Check, Checked, ended, refused, same, waiting};

pub const CHECKS: [(&str, Check); 4] = [
    ("a callback succeeds with bytes after a heartbeat", |client| Box::pin(succeeds(client))),
    ("a callback fails with an error", |client| Box::pin(fails(client))),
    ("a callback that has timed out is a typed error", |client| Box::pin(late(client))),
    ("an unknown callback is a typed error", |client| Box::pin(unknown(client))),
];

async fn succeeds(client: Client) -> Checked<()> {
    let (arn, id) = waiting(&client, "callback").await?;
    client.send_durable_execution_callback_heartbeat().callback_id(&id).send().await?;
    let answer = Blob::new(r#"{"ok": true}"#);
    client.send_durable_execution_callback_success().callback_id(&id).result(answer).send().await?;
    let execution = ended(&client, &arn).await?;
    same("the status", execution.status(), &ExecutionStatus::Succeeded)?;
    same("the result", execution.result(), Some(r#"{"ok": true}"#))
}

async fn fails(client: Client) -> Checked<()> {
    let (arn, id) = waiting(&client, "callback").await?;
    let why = ErrorObject::builder().error_type("Refused").error_message("not this one").error_data("7").build();
    client.send_durable_execution_callback_failure().callback_id(&id).error(why.clone()).send().await?;
    same("the status", ended(&client, &arn).await?.status(), &ExecutionStatus::Failed)?;
    let history = client.get_durable_execution_history().durable_execution_arn(&arn).include_execution_data(true);
    let events = history.send().await?.events;
    let failed = events.iter().find_map(|event| event.callback_failed_details()).and_then(|details| details.error());
    same("the recorded error", failed.and_then(|error| error.payload()), Some(&why))
}

async fn late(client: Client) -> Checked<()> {
    let (arn, id) = waiting(&client, "callback_late").await?;
    ended(&client, &arn).await?;
    let error = refused(client.send_durable_execution_callback_success().callback_id(&id).send().await)?;
    same("the type", error.into_service_error().is_callback_timeout_exception(), true)
}

async fn unknown(client: Client) -> Checked<()> {
    let error = refused(client.send_durable_execution_callback_heartbeat().callback_id("bm9ib2R5").send().await)?;
    same("the type", error.into_service_error().is_resource_not_found_exception(), true)
}
