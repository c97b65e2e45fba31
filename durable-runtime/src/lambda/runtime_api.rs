//! The Runtime API where its client leaves off: an address that is none, a process that cannot serve anything, a host
//! that is gone. Knows no invocations.

use std::error::Error;

use lambda_runtime_api_client::body::Body;
use lambda_runtime_api_client::{PooledClient, build_request};

use crate::error::BoxError;
use crate::wire::ErrorObject;

/// Holds the Runtime API's address. Set by AWS Lambda, and by whatever plays it.
pub(super) const VARIABLE: &str = "AWS_LAMBDA_RUNTIME_API";

const INIT_ERROR: &str = "/2018-06-01/runtime/init/error";

/// The Runtime API at its address.
pub(super) struct RuntimeApi {
    address: String,
    client: PooledClient,
}

impl RuntimeApi {
    /// The one at `address`; nothing is sent.
    ///
    /// # Errors
    /// When that is no address, for which the client would panic.
    pub(super) fn at(address: String) -> Result<Self, BoxError> {
        let client = address.parse().ok().map(|uri| PooledClient::builder().with_endpoint(uri).build());
        match client.filter(|client| client.base.authority().is_some()) {
            Some(client) => Ok(Self { address, client }),
            None => Err(format!(
                "{VARIABLE} is `{address}`, which is no address: expected HOST:PORT, as AWS Lambda sets it; unset it to run \
                 outside of AWS Lambda"
            )
            .into()),
        }
    }

    /// Reports that this process cannot serve anything. A failure to do so is only logged: the error itself is what the
    /// process ends with.
    pub(super) async fn tell_init_error(&self, error: &ErrorObject) {
        if let Err(cause) = self.post(error).await {
            tracing::error!(cause, "the initialization error could not be reported");
        }
    }

    async fn post(&self, error: &ErrorObject) -> Result<(), BoxError> {
        let body = serde_json::json!({ "errorType": error.error_type, "errorMessage": error.error_message });
        let request = build_request()
            .method("POST")
            .uri(INIT_ERROR)
            .header("lambda-runtime-function-error-type", error.error_type.as_deref().unwrap_or("Runtime.InitError"))
            .body(Body::from(body.to_string()))?;
        self.client.call(request).await?;
        Ok(())
    }

    /// What the process ends with when the Runtime API gives it no more work.
    pub(super) fn lost(&self, error: &(dyn Error + 'static)) -> BoxError {
        // The client's own text does not say the cause.
        let causes = std::iter::successors(Some(error), |error: &&(dyn Error + 'static)| (*error).source());
        let causes: Vec<String> = causes.map(ToString::to_string).collect();
        let Self { address, .. } = self;
        format!(
            "the Runtime API at `{address}` does not answer ({VARIABLE}): {}; if nobody plays AWS Lambda there, unset it to \
             run outside of AWS Lambda",
            causes.join(": ")
        )
        .into()
    }
}
