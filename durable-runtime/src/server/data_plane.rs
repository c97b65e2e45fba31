//! The two calls that a function makes while it is invoked: checkpoint and state. What is in them is the engine's.

use serde::Deserialize;

use super::answer::{Answered, model};
use super::api::Call;
use super::body::json;
use super::error::INVALID_PARAMETER;
use crate::engine::Engine;
use crate::wire::{CheckpointRequest, OperationUpdate, StateRequest};

/// A checkpoint's body.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CheckpointBody {
    checkpoint_token: String,
    client_token: Option<String>,
    updates: Option<Vec<OperationUpdate>>,
}

/// Applies updates.
pub(super) async fn checkpoint(engine: &Engine, call: Call) -> Answered {
    let body: CheckpointBody = json(&call.body)?;
    let request = CheckpointRequest {
        durable_execution_arn: call.label,
        checkpoint_token: body.checkpoint_token,
        client_token: body.client_token,
        updates: body.updates.unwrap_or_default(),
    };
    model(engine.checkpoint(request).await?)
}

/// A page of the state.
pub(super) async fn state(engine: &Engine, call: &Call) -> Answered {
    let token = call.query.text("CheckpointToken");
    let token = token.ok_or_else(|| INVALID_PARAMETER.says("the query has no CheckpointToken"))?;
    let request = StateRequest {
        durable_execution_arn: call.label.clone(),
        checkpoint_token: token.to_owned(),
        marker: call.query.text("Marker").unwrap_or_default().to_owned(),
        max_items: u32::try_from(call.query.max_items()?).unwrap_or(u32::MAX),
    };
    model(engine.state(request).await?)
}
