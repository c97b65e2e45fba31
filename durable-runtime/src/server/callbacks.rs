//! Answers to callbacks. What an answer means is the engine's business.

use hyper::StatusCode;

use super::answer::{Answered, bytes};
use super::api::Call;
use super::body::json;
use super::error::ApiError;
use crate::engine::Engine;
use crate::wire::ErrorObject;

/// A result: the body as it is.
pub(super) async fn succeed(engine: &Engine, call: &Call) -> Answered {
    engine.complete_callback(&call.label, Ok(call.body.to_vec())).await?;
    taken()
}

/// An error, which may have no members at all.
pub(super) async fn fail(engine: &Engine, call: &Call) -> Answered {
    let error = error_object(&call.body)?.unwrap_or_default();
    engine.complete_callback(&call.label, Err(error)).await?;
    taken()
}

/// A sign of life.
pub(super) async fn heartbeat(engine: &Engine, call: &Call) -> Answered {
    engine.heartbeat(&call.label).await?;
    taken()
}

fn taken() -> Answered {
    Ok(bytes(StatusCode::OK, "{}"))
}

/// A body that is an error object; `None` when it is empty or null.
pub(super) fn error_object(body: &[u8]) -> Result<Option<ErrorObject>, ApiError> {
    if body.trim_ascii().is_empty() { Ok(None) } else { json(body) }
}
