//! The durable execution service by HTTP.

use durable_runtime::clock::BoxFuture;
use durable_runtime::service::{DurableService, ServiceError};
use durable_runtime::wire::{CheckpointRequest, CheckpointResponse, StatePage, StateRequest};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::DeserializeOwned;

use super::http::{Http, Response};

/// A client of the two calls of the data plane.
pub struct HttpService(Http);

impl HttpService {
    /// The service at `endpoint`.
    #[must_use]
    pub fn new(endpoint: &str) -> Self {
        Self(Http::new(endpoint))
    }
}

impl DurableService for HttpService {
    fn checkpoint(&self, request: CheckpointRequest) -> BoxFuture<'_, Result<CheckpointResponse, ServiceError>> {
        Box::pin(async move {
            let path = path(&request.durable_execution_arn, "checkpoint");
            let body = serde_json::to_string(&request).map_err(|error| ServiceError::unavailable(error.to_string()))?;
            read(self.0.send("POST", &path, &[("Content-Type", "application/json")], body).await)
        })
    }

    fn state(&self, request: StateRequest) -> BoxFuture<'_, Result<StatePage, ServiceError>> {
        Box::pin(async move {
            let (token, marker) = (encoded(&request.checkpoint_token), encoded(&request.marker));
            let query = format!("CheckpointToken={token}&Marker={marker}&MaxItems={}", request.max_items);
            let path = format!("{}?{query}", path(&request.durable_execution_arn, "state"));
            read(self.0.send("GET", &path, &[], "").await)
        })
    }
}

fn path(arn: &str, operation: &str) -> String {
    format!("/2025-12-01/durable-executions/{}/{operation}", encoded(arn))
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn read<T: DeserializeOwned>(answer: Result<Response, String>) -> Result<T, ServiceError> {
    let answer = answer.map_err(|message| ServiceError { code: String::new(), message, status: None })?;
    if answer.status == 200 {
        return serde_json::from_slice(&answer.body).map_err(|error| ServiceError::unavailable(error.to_string()));
    }
    let said = answer.json();
    let message = said.get("message").or_else(|| said.get("Message")).and_then(|message| message.as_str());
    Err(ServiceError {
        code: answer.header("x-amzn-errortype").to_owned(),
        message: message.unwrap_or_default().to_owned(),
        status: Some(answer.status),
    })
}
