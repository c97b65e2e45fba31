//! A function behind a Lambda Invoke endpoint: one request per invocation. Knows nothing of executions.

use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName};
use hyper::{Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;

use super::call::{Call, Reply};
use super::runtime_api::ANSWER_BYTES;
use crate::clock::{Clock, SystemClock};

const INVOCATION_TYPE: HeaderName = HeaderName::from_static("x-amz-invocation-type");
const FUNCTION_ERROR: HeaderName = HeaderName::from_static("x-amz-function-error");
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// The endpoint and how to reach it. Clones share connections.
#[derive(Clone)]
pub(super) struct Endpoint {
    function: String,
    url: String,
    timeout: Duration,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Endpoint {
    /// `base` is the endpoint's address without a path of its own.
    pub(super) fn new(function: &str, base: &str, timeout: Duration) -> Self {
        Self {
            function: function.to_owned(),
            url: format!("{base}/2015-03-31/functions/{function}/invocations"),
            timeout,
            client: Client::builder(TokioExecutor::new()).build(HttpConnector::new()),
        }
    }

    /// Invokes the function once. What is not an answer of the function is an error of a type that is worth another
    /// invocation.
    pub(super) async fn invoke(&self, call: Call) -> Reply {
        let left = call.deadline.map(|deadline| deadline.since(SystemClock.now()));
        let timeout = left.map_or(self.timeout, |left| left.min(self.timeout));
        let request_id = call.request_id.clone();
        tokio::time::timeout(timeout, self.exchange(call)).await.unwrap_or_else(|_| {
            let seconds = timeout.as_secs_f64();
            let message = format!("RequestId: {request_id} Error: Task timed out after {seconds:.2} seconds");
            Reply::failed("Sandbox.Timedout", message)
        })
    }

    async fn exchange(&self, call: Call) -> Reply {
        let mut request = Request::post(&self.url)
            .header(CONTENT_TYPE, "application/json")
            .header(INVOCATION_TYPE, "RequestResponse");
        if let Some(trace) = &call.trace {
            request = request.header("x-amzn-trace-id", trace);
        }
        if let Some(tenant) = &call.tenant {
            request = request.header("x-amz-tenant-id", tenant);
        }
        let request = match request.body(Full::new(call.payload.into())) {
            Ok(request) => request,
            Err(error) => return self.unreachable(&error),
        };
        let answer = match self.client.request(request).await {
            Ok(answer) => answer,
            Err(error) => return self.unreachable(&Sources(&error)),
        };
        let (head, body) = answer.into_parts();
        match Limited::new(body, ANSWER_BYTES).collect().await {
            Ok(body) => self.reply(head.status, &head.headers, body.to_bytes().into()),
            Err(error) => self.unreachable(&error),
        }
    }

    fn reply(&self, status: StatusCode, headers: &HeaderMap, payload: Vec<u8>) -> Reply {
        if !status.is_success() {
            return self.refused(status, headers, &payload);
        }
        match headers.get(FUNCTION_ERROR) {
            // `Unhandled` says nothing about the type, which is in the payload.
            Some(_) => Reply::reported(payload, Some("Unhandled")),
            None => Reply::Payload(payload),
        }
    }

    fn refused(&self, status: StatusCode, headers: &HeaderMap, payload: &[u8]) -> Reply {
        let kind = headers.get(ERROR_TYPE).and_then(|kind| kind.to_str().ok());
        // `ResourceNotFoundException:http://…` is how the service itself writes it.
        let kind = kind.and_then(|kind| kind.split(':').next()).unwrap_or("InvokeRefused");
        let said = serde_json::from_slice::<Said>(payload).ok().and_then(|said| said.message).unwrap_or_default();
        Reply::failed(kind, format!("`{}` answered {status} to an Invoke of `{}`: {said}", self.url, self.function))
    }

    fn unreachable(&self, error: &impl std::fmt::Display) -> Reply {
        Reply::failed("InvokeConnectionFailed", format!("cannot invoke `{}` at `{}`: {error}", self.function, self.url))
    }
}

/// An error with what caused it: the client's own text does not say it.
struct Sources<'a>(&'a dyn std::error::Error);

impl std::fmt::Display for Sources<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        std::iter::successors(self.0.source(), |error| error.source()).try_for_each(|source| write!(f, ": {source}"))
    }
}

/// The message of an error of the service, in either letter case.
#[derive(Deserialize)]
struct Said {
    #[serde(alias = "Message")]
    message: Option<String>,
}
