//! What the outside does to the callbacks of an execution, in the order in which the requirement says it.

use std::time::Duration;

use durable_runtime::BoxError;
use durable_runtime::engine::{Arn, Engine};
use durable_runtime::wire::{ErrorObject, OperationStatus};

use super::requirement::{ActionKind, CallbackAction};

/// How often the outside looks whether a callback is there.
const LOOK: Duration = Duration::from_millis(100);

/// How long it looks before it gives up.
const PATIENCE: Duration = Duration::from_secs(600);

/// Performs the actions one after the other, each when its callback is open.
///
/// # Errors
/// When a callback is not there in time, or the engine refuses an action.
pub async fn perform(engine: &Engine, arn: &Arn, actions: &[CallbackAction]) -> Result<(), BoxError> {
    for action in actions {
        let name = &action.callback;
        let found = tokio::time::timeout(PATIENCE, open_callback(engine, arn, name)).await;
        let id = found.map_err(|_| format!("callback `{name}` was not open within {PATIENCE:?}"))??;
        tokio::time::sleep(Duration::from_secs(action.delay)).await;
        match &action.kind {
            ActionKind::Succeed(payload) => {
                let bytes = payload.clone().unwrap_or_default().into_bytes();
                engine.complete_callback(&id, Ok(bytes)).await?;
            }
            ActionKind::Fail(error) => {
                let error: ErrorObject = serde_json::from_str(error)?;
                engine.complete_callback(&id, Err(error)).await?;
            }
            ActionKind::Heartbeat => engine.heartbeat(&id).await?,
        }
    }
    Ok(())
}

/// The id of the first open callback of a name, as soon as there is one.
async fn open_callback(engine: &Engine, arn: &Arn, name: &str) -> Result<String, BoxError> {
    loop {
        let operations = engine.operations(arn).await?;
        let open = operations.into_iter().map(|summary| summary.operation).find(|operation| {
            let named = name == "*" || operation.name.as_deref() == Some(name);
            named && operation.status == OperationStatus::Started && operation.callback_details.is_some()
        });
        if let Some(id) = open.and_then(|operation| operation.callback_details?.callback_id) {
            return Ok(id);
        }
        let summary = engine.describe(arn).await?;
        if summary.status.is_terminal() || summary.blocked.is_some() {
            return Err(format!("the execution ended before callback `{name}` was open").into());
        }
        tokio::time::sleep(LOOK).await;
    }
}
