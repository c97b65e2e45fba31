//! Bodies: read whole, and bounded. Knows no routes.

use http_body_util::BodyExt;
use hyper::body::{Body, Bytes, Incoming};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::{ApiError, INVALID_PARAMETER, SERIALIZATION};

/// What is read beyond the limit and thrown away, so that a client that only sends finds the answer at all.
const TOLERANCE: usize = 16 * 1024 * 1024;

/// Why there is no body.
#[derive(Debug)]
pub(super) enum Unread {
    TooLarge,
    /// The client went away or sent no HTTP.
    Broken(hyper::Error),
}

/// The whole body, of at most `limit` bytes.
pub(super) async fn read(mut body: Incoming, limit: usize) -> Result<Bytes, Unread> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > limit.saturating_add(TOLERANCE) {
        return Err(Unread::TooLarge);
    }
    let mut read = Vec::with_capacity(announced.min(limit));
    let mut count: usize = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(Unread::Broken)?.into_data() else { continue };
        count = count.saturating_add(data.len());
        if count > limit.saturating_add(TOLERANCE) {
            break;
        }
        if count <= limit {
            read.extend_from_slice(&data);
        }
    }
    if count > limit { Err(Unread::TooLarge) } else { Ok(read.into()) }
}

/// Reads a body as JSON. Unknown members are ignored; what is wrong is named with its path.
pub(super) fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    let no_json = |error| SERIALIZATION.says(format!("the request's body is not JSON: {error}"));
    // In two steps: what is no JSON at all is another error than what does not fit the model.
    let value: Value = serde_json::from_slice(body).map_err(no_json)?;
    serde_path_to_error::deserialize(value).map_err(|error| {
        let (path, cause) = (error.path().to_string(), error.into_inner());
        let at = if path == "." { String::new() } else { format!(" at '{path}'") };
        INVALID_PARAMETER.says(format!("the request's body does not fit the API's model{at}: {cause}"))
    })
}
