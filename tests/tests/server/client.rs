//! A server on a free port, and a client that sends what it is told and shows what comes back.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use durable_runtime::clock::{BoxFuture, Clock};
use durable_runtime::engine::{Engine, EngineOptions};
use durable_runtime::function::Function;
use durable_runtime::server::{Server, ServerOptions};
use durable_runtime::wire::Timestamp;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{HeaderMap, Request};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

/// When the tests' clock begins: 2026-01-01T00:00:00.123Z.
pub(crate) const BEGINNING: i64 = 1_767_225_600_123;

/// A clock that goes on when it is told to.
#[derive(Clone)]
pub(crate) struct ByHand(Arc<watch::Sender<Timestamp>>);

impl ByHand {
    pub(crate) fn advance(&self, seconds: u64) {
        self.0.send_modify(|now| *now = now.plus(Duration::from_secs(seconds)));
    }
}

impl Clock for ByHand {
    fn now(&self) -> Timestamp {
        *self.0.borrow()
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'static, ()> {
        let mut now = self.0.subscribe();
        Box::pin(async move {
            // Without its clock nobody is left to be woken.
            if now.wait_for(|now| *now >= at).await.is_err() {
                std::future::pending::<()>().await;
            }
        })
    }
}

/// What came back.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {:?}", self.body))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The answer of a request that succeeded, as JSON.
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        self.json()
    }

    /// The message of a request that failed with this status and exception.
    #[track_caller]
    pub(crate) fn error(&self, status: u16, exception: &str) -> String {
        assert_eq!((self.status, self.header("x-amzn-errortype")), (status, Some(exception)), "{self:?}");
        let body = self.json();
        assert!(body["Type"].is_string(), "{body}");
        let message = body.get("message").or_else(|| body.get("Message"));
        message.and_then(Value::as_str).unwrap_or_else(|| panic!("no message: {body}")).to_owned()
    }

    /// The ARN of the execution that an Invoke started.
    #[track_caller]
    pub(crate) fn arn(&self) -> String {
        self.header("x-amz-durable-execution-arn").unwrap_or_else(|| panic!("no ARN: {self:?}")).to_owned()
    }
}

/// A server with an engine in memory.
pub(crate) struct Served {
    pub(crate) engine: Engine,
    pub(crate) address: SocketAddr,
    pub(crate) clock: ByHand,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
    client: Client<HttpConnector, Full<Bytes>>,
}

pub(crate) type Functions = Vec<(&'static str, Arc<dyn Function>)>;

impl Served {
    pub(crate) async fn new(functions: Functions) -> Self {
        Self::with(functions, ServerOptions::default(), Engine::options()).await
    }

    pub(crate) async fn with(functions: Functions, options: ServerOptions, engine: EngineOptions) -> Self {
        let clock = ByHand(Arc::new(watch::Sender::new(Timestamp::from_millis(BEGINNING))));
        let engine = engine.clock(Arc::new(clock.clone())).open_in_memory().await.unwrap();
        for (name, function) in functions {
            engine.register(name, function);
        }
        let options = options.listen((Ipv4Addr::LOCALHOST, 0).into());
        let server = Server::bind(engine.clone(), options).await.unwrap();
        let address = server.address();
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(server.serve_until(async { drop(stopped.await) }));
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { engine, address, clock, stop: Some(stop), serving, client }
    }

    /// Sends a request.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Reply {
        let mut request = Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = self.client.request(request.body(Full::new(body.into())).unwrap()).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Reply { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], Bytes::new()).await
    }

    pub(crate) async fn post(&self, path: &str, body: impl ToString) -> Reply {
        self.send("POST", path, &[("content-type", "application/json")], body.to_string()).await
    }

    /// A synchronous Invoke.
    pub(crate) async fn invoke(&self, function: &str, payload: &str) -> Reply {
        self.post(&invocations(function), payload).await
    }

    /// An asynchronous Invoke under a name; returns the execution's ARN.
    pub(crate) async fn begin(&self, function: &str, name: &str) -> String {
        let headers = [("x-amz-invocation-type", "Event"), ("x-amz-durable-execution-name", name)];
        let reply = self.send("POST", &invocations(function), &headers, "{}").await;
        assert_eq!(reply.status, 202, "{reply:?}");
        reply.arn()
    }

    /// What begins the shutdown when it is dropped.
    pub(crate) fn shutdown(&mut self) -> Option<oneshot::Sender<()>> {
        self.stop.take()
    }

    /// Waits until the server has stopped.
    pub(crate) async fn stopped(self) {
        drop(self.stop);
        self.serving.await.unwrap();
    }
}

/// A label as SDKs write it.
pub(crate) fn encoded(label: &str) -> String {
    utf8_percent_encode(label, NON_ALPHANUMERIC).to_string()
}

pub(crate) fn invocations(function: &str) -> String {
    format!("/2015-03-31/functions/{}/invocations", encoded(function))
}

/// The path of an execution, or of something about it: `execution(arn, "/history")`.
pub(crate) fn execution(arn: &str, rest: &str) -> String {
    format!("/2025-12-01/durable-executions/{}{rest}", encoded(arn))
}

pub(crate) fn callback(id: &str, verb: &str) -> String {
    format!("/2025-12-01/durable-execution-callbacks/{}/{verb}", encoded(id))
}

pub(crate) fn executions_of(function: &str, query: &str) -> String {
    format!("/2025-12-01/functions/{}/durable-executions{query}", encoded(function))
}
