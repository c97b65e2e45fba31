//! The Lambda Runtime API, as one function process sees it. Knows nothing of what events mean.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::call::{Call, Reply};
use super::capture::Capture;
use super::pool::Pool;
use super::roster::{Chosen, Refused, Running};
use super::trace;
use crate::engine::function_arn;
use crate::wire::Timestamp;

type Answer = Response<Full<Bytes>>;
type Answered = Result<Answer, Refusal>;

/// A request that was not done, and why.
struct Refusal {
    status: StatusCode,
    error_type: &'static str,
    message: String,
}

/// What all paths begin with.
const VERSION: &str = "/2018-06-01/runtime/";
/// Bytes of an answer, as AWS Lambda limits them.
pub(super) const ANSWER_BYTES: usize = 6 * 1024 * 1024 + 100;
/// Bytes of an error report.
const ERROR_BYTES: usize = 1024 * 1024;

const REQUEST_ID: HeaderName = HeaderName::from_static("lambda-runtime-aws-request-id");
const DEADLINE: HeaderName = HeaderName::from_static("lambda-runtime-deadline-ms");
const FUNCTION_ARN: HeaderName = HeaderName::from_static("lambda-runtime-invoked-function-arn");
const TRACE_ID: HeaderName = HeaderName::from_static("lambda-runtime-trace-id");
const CLIENT_CONTEXT: HeaderName = HeaderName::from_static("lambda-runtime-client-context");
const TENANT_ID: HeaderName = HeaderName::from_static("lambda-runtime-aws-tenant-id");
const ERROR_TYPE: HeaderName = HeaderName::from_static("lambda-runtime-function-error-type");
/// A trailer of a streamed answer that broke off.
const ERROR_BODY: HeaderName = HeaderName::from_static("lambda-runtime-function-error-body");

/// What the routes of one process share.
#[derive(Clone)]
pub(super) struct Api(Arc<Shared>);

/// The routes on one connection.
pub(super) struct Line {
    api: Api,
    /// The invocation whose event was the last thing that was sent.
    sent: Mutex<Option<String>>,
}

struct Shared {
    pool: Weak<Pool>,
    process: u64,
    capture: Capture,
}

impl Api {
    pub(super) fn new(pool: Weak<Pool>, process: u64, capture: Capture) -> Self {
        Self(Arc::new(Shared { pool, process, capture }))
    }

    /// The routes on a connection.
    pub(super) const fn line(self) -> Line {
        Line { api: self, sent: Mutex::new(None) }
    }

    fn pool(&self) -> Result<Arc<Pool>, Refusal> {
        self.0.pool.upgrade().ok_or_else(gone)
    }
}

impl Line {
    /// Answers a request of the process.
    pub(super) async fn answer(&self, request: Request<Incoming>) -> Answer {
        // Whoever sends the next request has read what came before.
        *self.sent() = None;
        self.route(request).await.unwrap_or_else(|Refusal { status, error_type, message }| {
            json_answer(status, &json!({ "errorMessage": message, "errorType": error_type }))
        })
    }

    async fn route(&self, request: Request<Incoming>) -> Answered {
        let (head, body) = request.into_parts();
        let path = head.uri.path().strip_prefix(VERSION).unwrap_or_default();
        let segments: Vec<&str> = path.split('/').collect();
        match (&head.method, segments.as_slice()) {
            (&Method::GET, ["invocation", "next"]) => next(self).await,
            (&Method::POST, ["invocation", id, "response"]) => response(&self.api, id, body).await,
            (&Method::POST, ["invocation", id, "error"]) => error(&self.api, id, &head.headers, body).await,
            (&Method::POST, ["init", "error"]) => init_error(&self.api, &head.headers, body).await,
            (method, _) => {
                let message = format!("the Runtime API has no {method} {}", head.uri.path());
                Err(refusal(StatusCode::NOT_FOUND, "InvalidPath", &message))
            }
        }
    }

    /// The connection is gone; `reset` says that what was sent last was not read.
    pub(super) fn ended(&self, reset: bool) {
        let sent = self.sent().take();
        if let (true, Some(request_id), Some(pool)) = (reset, sent, self.api.0.pool.upgrade()) {
            pool.unread(self.api.0.process, &request_id);
        }
    }

    fn sent(&self) -> MutexGuard<'_, Option<String>> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The next event, whenever there is one.
async fn next(line: &Line) -> Answered {
    let api = &line.api;
    // What it has written by now belongs to what it did before.
    api.0.capture.mark().await;
    let asked = api.pool()?.roster().ask(api.0.process);
    let (receiver, question) = asked.map_err(refused)?;
    api.pool()?.assign(false);
    let mut asking = Asking { api, question, receiver, open: true };
    let chosen = (&mut asking.receiver).await;
    asking.open = false;
    let chosen = chosen.map_err(|_| gone())?;
    let pool = api.pool()?;
    // A process that has died since it asked cannot take the event: another one does.
    let (call, deadline) = pool.deliver(chosen).ok_or_else(gone)?;
    api.0.capture.set_current(&call.request_id);
    *line.sent() = Some(call.request_id.clone());
    Ok(event(&pool.name, call, deadline))
}

/// A question that waits for an event, and may be cut off with its connection.
struct Asking<'a> {
    api: &'a Api,
    question: u64,
    receiver: oneshot::Receiver<Chosen>,
    open: bool,
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        let Some(pool) = self.api.0.pool.upgrade().filter(|_| self.open) else { return };
        self.receiver.close();
        match self.receiver.try_recv() {
            Ok(chosen) => pool.undelivered(chosen),
            Err(_) => pool.cut_off(self.api.0.process, self.question),
        }
    }
}

/// The answer with an event that was delivered.
fn event(function: &str, call: Call, deadline: Timestamp) -> Answer {
    let trace = call.trace.unwrap_or_else(trace::fresh);
    let mut answer = Response::new(Full::new(call.payload.into()));
    let mut put = |name: HeaderName, value: &str| {
        // A value that no header can carry is left out rather than the event.
        if let Ok(value) = HeaderValue::from_str(value) {
            answer.headers_mut().insert(name, value);
        }
    };
    put(CONTENT_TYPE, "application/json");
    put(REQUEST_ID, &call.request_id);
    put(DEADLINE, &deadline.as_millis().to_string());
    put(FUNCTION_ARN, &function_arn(function));
    put(TRACE_ID, &trace);
    if let Some(context) = &call.client_context {
        put(CLIENT_CONTEXT, context);
    }
    if let Some(tenant) = &call.tenant {
        put(TENANT_ID, tenant);
    }
    answer
}

/// The function's answer, whole or streamed.
async fn response(api: &Api, id: &str, body: Incoming) -> Answered {
    known(api, id)?;
    match collect(body, ANSWER_BYTES).await? {
        Some((payload, trailers)) => {
            let reply = broken_off(&trailers).unwrap_or_else(|| Reply::Payload(payload.into()));
            settle(api, id, reply).await
        }
        None => {
            let limit = format!("exceeded maximum allowed payload size ({ANSWER_BYTES} bytes).");
            let reply = Reply::failed("Function.ResponseSizeTooLarge", format!("Response payload size {limit}"));
            let _ = settle(api, id, reply).await?;
            Err(refusal(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", &format!("Response payload {limit}")))
        }
    }
}

/// The error of a streamed answer that broke off after its beginning.
fn broken_off(trailers: &HeaderMap) -> Option<Reply> {
    use base64::Engine;
    let kind = trailers.get(ERROR_TYPE)?.to_str().ok()?;
    let body = trailers.get(ERROR_BODY).and_then(|body| base64::prelude::BASE64_STANDARD.decode(body).ok());
    Some(Reply::reported(body.unwrap_or_else(|| b"{}".to_vec()), Some(kind)))
}

/// The function's error.
async fn error(api: &Api, id: &str, headers: &HeaderMap, body: Incoming) -> Answered {
    known(api, id)?;
    let reply = reported(headers, body).await?;
    settle(api, id, reply).await
}

/// The process cannot start.
async fn init_error(api: &Api, headers: &HeaderMap, body: Incoming) -> Answered {
    let reply = reported(headers, body).await?;
    let pool = api.pool()?;
    let limit = Instant::now() + pool.options.grace;
    let job = pool.roster().init_error(api.0.process, limit).map_err(refused)?;
    let capture = api.0.capture.clone();
    // As in `settle`.
    let told = tokio::spawn(async move {
        capture.mark().await;
        job.map(|job| job.reply.send(reply))
    });
    let _ = told.await;
    Ok(accepted())
}

async fn reported(headers: &HeaderMap, body: Incoming) -> Result<Reply, Refusal> {
    let kind = headers.get(ERROR_TYPE).and_then(|kind| kind.to_str().ok());
    match collect(body, ERROR_BYTES).await? {
        Some((payload, _)) => Ok(Reply::reported(payload.into(), kind)),
        None => {
            let kind = kind.unwrap_or("Function.ErrorTooLarge");
            Ok(Reply::failed(kind, format!("the function's error report exceeds {ERROR_BYTES} bytes")))
        }
    }
}

fn known(api: &Api, id: &str) -> Result<(), Refusal> {
    let known = api.pool()?.roster().has(api.0.process, id);
    known.map_err(refused)
}

/// Ends the invocation, once what the function wrote before is in the log.
async fn settle(api: &Api, id: &str, reply: Reply) -> Answered {
    let answered = api.pool()?.roster().answer(api.0.process, id);
    let Running { job, .. } = answered.map_err(refused)?;
    let capture = api.0.capture.clone();
    // A task of its own: the answer counts even if the process is gone by now, and this connection with it.
    let told = tokio::spawn(async move {
        capture.mark().await;
        // Nobody may wait any more: then it is discarded.
        let _ = job.reply.send(reply);
    });
    let _ = told.await;
    Ok(accepted())
}

/// A body with its trailers; nothing when it is too large.
async fn collect(body: Incoming, limit: usize) -> Result<Option<(Bytes, HeaderMap)>, Refusal> {
    match Limited::new(body, limit).collect().await {
        Ok(collected) => {
            let trailers = collected.trailers().cloned().unwrap_or_default();
            Ok(Some((collected.to_bytes(), trailers)))
        }
        Err(error) if error.is::<LengthLimitError>() => Ok(None),
        Err(error) => Err(refusal(StatusCode::BAD_REQUEST, "InvalidRequest", &format!("the body broke off: {error}"))),
    }
}

fn accepted() -> Answer {
    json_answer(StatusCode::ACCEPTED, &json!({ "status": "OK" }))
}

fn gone() -> Refusal {
    refusal(StatusCode::FORBIDDEN, "InvalidStateTransition", "this process is to end: it gets no more events")
}

fn refused(why: Refused) -> Refusal {
    match why {
        Refused::State(stage) => {
            let message = format!("this cannot be done in the state {}", stage.name());
            refusal(StatusCode::FORBIDDEN, "InvalidStateTransition", &message)
        }
        Refused::UnknownRequest => refusal(StatusCode::BAD_REQUEST, "InvalidRequestID", "Invalid request ID"),
        Refused::Gone => gone(),
    }
}

fn refusal(status: StatusCode, error_type: &'static str, message: &str) -> Refusal {
    Refusal { status, error_type, message: message.to_owned() }
}

fn json_answer(status: StatusCode, value: &Value) -> Answer {
    let mut answer = Response::new(Full::new(value.to_string().into()));
    *answer.status_mut() = status;
    let _ = answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}
