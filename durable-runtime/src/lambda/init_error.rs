//! Tells the Runtime API that a process cannot serve anything. Whether that is heard changes nothing for the process.

use lambda_runtime_api_client::body::Body;
use lambda_runtime_api_client::{PooledClient, build_request};

use crate::error::BoxError;
use crate::wire::ErrorObject;

const PATH: &str = "/2018-06-01/runtime/init/error";

/// Reports `error`. A failure to do so is only logged: the error itself is what the process ends with.
pub(super) async fn tell(error: &ErrorObject) {
    if let Err(cause) = post(error).await {
        tracing::error!(cause, "the initialization error could not be reported");
    }
}

async fn post(error: &ErrorObject) -> Result<(), BoxError> {
    let body = serde_json::json!({ "errorType": error.error_type, "errorMessage": error.error_message });
    let request = build_request()
        .method("POST")
        .uri(PATH)
        .header("lambda-runtime-function-error-type", error.error_type.as_deref().unwrap_or("Runtime.InitError"))
        .body(Body::from(body.to_string()))?;
    PooledClient::builder().build().call(request).await?;
    Ok(())
}
