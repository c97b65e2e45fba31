//! The Lambda Runtime API as a runtime calls it.

use super::http::{Http, Response};

const INVOCATION: &str = "/2018-06-01/runtime/invocation";

/// An event with what came along.
#[derive(Debug, Clone)]
pub struct Event {
    /// The invocation's id.
    pub request_id: String,
    /// The answer that it came in.
    pub response: Response,
}

/// A client of the API that the environment names.
#[derive(Clone)]
pub struct RuntimeApi {
    /// The client, for requests that no runtime should send.
    pub http: Http,
}

impl RuntimeApi {
    /// `AWS_LAMBDA_RUNTIME_API`; nothing when it is not set.
    #[must_use]
    pub fn from_environment() -> Option<Self> {
        let address = std::env::var("AWS_LAMBDA_RUNTIME_API").ok()?;
        Some(Self { http: Http::new(format!("http://{address}")) })
    }

    /// The next event.
    ///
    /// # Errors
    /// When there is no answer, or one without an event.
    pub async fn next(&self) -> Result<Event, String> {
        let response = self.http.send("GET", &format!("{INVOCATION}/next"), &[], "").await?;
        match response.headers.get("lambda-runtime-aws-request-id") {
            Some(id) => Ok(Event { request_id: id.clone(), response }),
            None => Err(format!("no event: {} {}", response.status, response.text())),
        }
    }

    /// Answers an event.
    ///
    /// # Errors
    /// When there is no answer to it.
    pub async fn respond(&self, id: &str, body: impl Into<hyper::body::Bytes>) -> Result<Response, String> {
        self.http.send("POST", &format!("{INVOCATION}/{id}/response"), &[], body).await
    }

    /// Answers an event with an error.
    ///
    /// # Errors
    /// When there is no answer to it.
    pub async fn fail(&self, id: &str, error_type: &str, message: &str) -> Result<Response, String> {
        let body =
            serde_json::json!({"errorType": error_type, "errorMessage": message, "stackTrace": ["here", "there"]});
        let headers = [("Lambda-Runtime-Function-Error-Type", error_type)];
        self.http.send("POST", &format!("{INVOCATION}/{id}/error"), &headers, body.to_string()).await
    }

    /// Says that the process cannot start.
    ///
    /// # Errors
    /// When there is no answer to it.
    pub async fn init_error(&self, error_type: &str, message: &str) -> Result<Response, String> {
        let body = serde_json::json!({"errorType": error_type, "errorMessage": message});
        let headers = [("Lambda-Runtime-Function-Error-Type", error_type)];
        self.http.send("POST", "/2018-06-01/runtime/init/error", &headers, body.to_string()).await
    }
}
