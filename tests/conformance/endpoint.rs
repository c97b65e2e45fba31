//! Requirements at a server: the routes of the service's API over HTTP, and nothing else of the engine.

use std::time::Duration;

use durable_runtime::BoxError;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::place::{Place, Standing};
use super::requirement::ActionKind;

const VERSION: &str = "2025-12-01";
/// How long one request may take: a server that hangs is told so.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server of the service's API.
pub struct Endpoint {
    client: Client<HttpConnector, Full<Bytes>>,
    base: String,
}

/// An answer of the server that is no error.
struct Answer {
    arn: Option<String>,
    body: Value,
}

impl Endpoint {
    /// The server at `url`, such as `http://127.0.0.1:3000`.
    #[must_use]
    pub fn new(url: &str) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { client, base: url.trim_end_matches('/').to_owned() }
    }

    /// Whether anybody answers there at all.
    ///
    /// # Errors
    /// When nobody does.
    pub async fn check(&self) -> Result<(), BoxError> {
        let answer = self.client.get(format!("{}/", self.base).parse()?).await;
        answer.map(drop).map_err(|error| format!("nobody answers at {}: {error}", self.base).into())
    }

    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: String) -> Result<Answer, BoxError> {
        let url = format!("{}{path}", self.base);
        let request = hyper::Request::builder().method(method).uri(&url);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let request = request.body(Full::new(Bytes::from(body)))?;
        let response = tokio::time::timeout(PATIENCE, self.client.request(request)).await;
        let response = response.map_err(|_| format!("{method} {url} was not answered in {PATIENCE:?}"))??;
        let status = response.status();
        let arn = response.headers().get("x-amz-durable-execution-arn").and_then(|arn| arn.to_str().ok());
        let arn = arn.map(str::to_owned);
        let bytes = response.into_body().collect().await?.to_bytes();
        if !status.is_success() {
            return Err(format!("{method} {path}: {status}: {}", String::from_utf8_lossy(&bytes)).into());
        }
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes)? };
        Ok(Answer { arn, body })
    }

    async fn get(&self, path: &str) -> Result<Value, BoxError> {
        Ok(self.ask("GET", path, &[], String::new()).await?.body)
    }
}

fn label(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn text(value: &Value, member: &str) -> Option<String> {
    value.get(member)?.as_str().map(str::to_owned)
}

impl Place for Endpoint {
    async fn start(&self, function: &str, input: &str) -> Result<String, BoxError> {
        let path = format!("/2015-03-31/functions/{}/invocations?Qualifier=%24LATEST", label(function));
        let answer = self.ask("POST", &path, &[("x-amz-invocation-type", "Event")], input.to_owned()).await?;
        answer.arn.ok_or_else(|| "the answer to Invoke names no execution".into())
    }

    async fn standing(&self, arn: &str) -> Result<Standing, BoxError> {
        let found = self.get(&format!("/{VERSION}/durable-executions/{}", label(arn))).await?;
        Ok(Standing {
            status: text(&found, "Status").ok_or("an execution without a Status")?,
            result: text(&found, "Result"),
            error: found.get("Error").map(Value::to_string),
            blocked: None,
        })
    }

    async fn history(&self, arn: &str) -> Result<Vec<Value>, BoxError> {
        let base = format!("/{VERSION}/durable-executions/{}/history?MaxItems=1000", label(arn));
        let (mut events, mut marker) = (Vec::new(), String::new());
        loop {
            let mut page = self.get(&format!("{base}&Marker={}", label(&marker))).await?;
            match page["Events"].take() {
                Value::Array(more) => events.extend(more),
                other => return Err(format!("a history whose Events are {other}").into()),
            }
            match text(&page, "NextMarker").filter(|marker| !marker.is_empty()) {
                Some(next) => marker = next,
                None => return Ok(events),
            }
        }
    }

    async fn act(&self, callback_id: &str, action: &ActionKind) -> Result<(), BoxError> {
        let (verb, kind, body) = match action {
            ActionKind::Succeed(payload) => ("succeed", "application/octet-stream", payload.clone()),
            ActionKind::Fail(error) => ("fail", "application/json", Some(error.clone())),
            ActionKind::Heartbeat => ("heartbeat", "application/json", None),
        };
        let path = format!("/{VERSION}/durable-execution-callbacks/{}/{verb}", label(callback_id));
        self.ask("POST", &path, &[("content-type", kind)], body.unwrap_or_default()).await?;
        Ok(())
    }

    async fn stop(&self, arn: &str) -> Result<(), BoxError> {
        let path = format!("/{VERSION}/durable-executions/{}/stop", label(arn));
        self.ask("POST", &path, &[], String::new()).await?;
        Ok(())
    }

    async fn lines(&self) -> Result<Vec<String>, BoxError> {
        let page = self.get("/durable/logs?after=0").await?;
        let lines = page["Lines"].as_array().ok_or("a log without Lines")?;
        Ok(lines.iter().filter_map(|line| text(line, "Line")).collect())
    }
}
