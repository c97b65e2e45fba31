//! The Lambda Runtime API, as one function process sees it. Knows nothing of what events mean.

use std::sync::{Arc, Weak};
use std::time::Instant;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::json;
use tokio::sync::oneshot;

use super::call::{Call, Reply};
use super::capture::Capture;
use super::pool::Pool;
use super::process::Alive;
use super::roster::{Chosen, Refused, Running};
use super::trace;
use crate::engine::function_arn;
use crate::wire::Timestamp;

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

struct Shared {
    pool: Weak<Pool>,
    process: u64,
    alive: Alive,
    capture: Capture,
}

impl Api {
    pub(super) fn new(pool: Weak<Pool>, process: u64, alive: Alive, capture: Capture) -> Self {
        Self(Arc::new(Shared { pool, process, alive, capture }))
    }

    fn pool(&self) -> Result<Arc<Pool>, Response> {
        self.0.pool.upgrade().ok_or_else(gone)
    }
}

/// The routes.
pub(super) fn router(api: Api) -> Router {
    Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
        .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
        .route("/2018-06-01/runtime/init/error", post(init_error))
        .fallback(|| async { refusal(StatusCode::NOT_FOUND, "InvalidPath", "the Runtime API has no such path") })
        .with_state(api)
}

/// The next event, whenever there is one.
async fn next(State(api): State<Api>) -> Result<Response, Response> {
    let asked = api.pool()?.roster().ask(api.0.process);
    let (receiver, question) = asked.map_err(refused)?;
    api.pool()?.assign(false);
    let mut asking = Asking { api: &api, question, receiver, open: true };
    let chosen = (&mut asking.receiver).await;
    asking.open = false;
    let chosen = chosen.map_err(|_| gone())?;
    let pool = api.pool()?;
    // A process that has died since it asked cannot take the event: another one does.
    if !api.0.alive.check() {
        pool.undelivered(chosen);
        return Err(gone());
    }
    let (call, deadline) = pool.deliver(chosen).ok_or_else(gone)?;
    api.0.capture.set_current(&call.request_id);
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
fn event(function: &str, call: Call, deadline: Timestamp) -> Response {
    let trace = call.trace.unwrap_or_else(trace::fresh);
    let mut answer = Response::new(Body::from(call.payload));
    let mut put = |name: HeaderName, value: &str| {
        // A value that no header can carry is left out rather than the event.
        if let Ok(value) = HeaderValue::from_str(value) {
            answer.headers_mut().insert(name, value);
        }
    };
    put(header::CONTENT_TYPE, "application/json");
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
async fn response(State(api): State<Api>, Path(id): Path<String>, body: Body) -> Result<Response, Response> {
    known(&api, &id)?;
    match collect(body, ANSWER_BYTES).await? {
        Some((payload, trailers)) => {
            let reply = broken_off(&trailers).unwrap_or_else(|| Reply::Payload(payload.into()));
            settle(&api, &id, reply).await
        }
        None => {
            let limit = format!("exceeded maximum allowed payload size ({ANSWER_BYTES} bytes).");
            let reply = Reply::failed("Function.ResponseSizeTooLarge", format!("Response payload size {limit}"));
            let _ = settle(&api, &id, reply).await?;
            Ok(refusal(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", &format!("Response payload {limit}")))
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
async fn error(
    State(api): State<Api>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Response> {
    known(&api, &id)?;
    let reply = reported(&headers, body).await?;
    settle(&api, &id, reply).await
}

/// The process cannot start.
async fn init_error(State(api): State<Api>, headers: HeaderMap, body: Body) -> Result<Response, Response> {
    let reply = reported(&headers, body).await?;
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

async fn reported(headers: &HeaderMap, body: Body) -> Result<Reply, Response> {
    let kind = headers.get(ERROR_TYPE).and_then(|kind| kind.to_str().ok());
    match collect(body, ERROR_BYTES).await? {
        Some((payload, _)) => Ok(Reply::reported(payload.into(), kind)),
        None => {
            let kind = kind.unwrap_or("Function.ErrorTooLarge");
            Ok(Reply::failed(kind, format!("the function's error report exceeds {ERROR_BYTES} bytes")))
        }
    }
}

fn known(api: &Api, id: &str) -> Result<(), Response> {
    let known = api.pool()?.roster().has(api.0.process, id);
    known.map_err(refused)
}

/// Ends the invocation, once what the function wrote before is in the log.
async fn settle(api: &Api, id: &str, reply: Reply) -> Result<Response, Response> {
    let answered = api.pool()?.roster().answer(api.0.process, id);
    let Running { reply: caller, .. } = answered.map_err(refused)?;
    let capture = api.0.capture.clone();
    // A task of its own: the answer counts even if the process is gone by now, and this connection with it.
    let told = tokio::spawn(async move {
        capture.mark().await;
        // Nobody may wait any more: then it is discarded.
        let _ = caller.send(reply);
    });
    let _ = told.await;
    Ok(accepted())
}

/// A body with its trailers; nothing when it is too large.
async fn collect(body: Body, limit: usize) -> Result<Option<(Bytes, HeaderMap)>, Response> {
    match Limited::new(body, limit).collect().await {
        Ok(collected) => {
            let trailers = collected.trailers().cloned().unwrap_or_default();
            Ok(Some((collected.to_bytes(), trailers)))
        }
        Err(error) if error.is::<LengthLimitError>() => Ok(None),
        Err(error) => Err(refusal(StatusCode::BAD_REQUEST, "InvalidRequest", &format!("the body broke off: {error}"))),
    }
}

fn accepted() -> Response {
    (StatusCode::ACCEPTED, axum::Json(json!({ "status": "OK" }))).into_response()
}

fn gone() -> Response {
    refusal(StatusCode::FORBIDDEN, "InvalidStateTransition", "this process is to end: it gets no more events")
}

fn refused(why: Refused) -> Response {
    match why {
        Refused::State(stage) => {
            let message = format!("this cannot be done in the state {}", stage.name());
            refusal(StatusCode::FORBIDDEN, "InvalidStateTransition", &message)
        }
        Refused::UnknownRequest => refusal(StatusCode::BAD_REQUEST, "InvalidRequestID", "Invalid request ID"),
        Refused::Gone => gone(),
    }
}

fn refusal(status: StatusCode, error_type: &str, message: &str) -> Response {
    (status, axum::Json(json!({ "errorMessage": message, "errorType": error_type }))).into_response()
}
