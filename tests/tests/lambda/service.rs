//! Plays the service's two calls over HTTP, as the AWS SDK speaks them, with faults on request.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, body::Bytes};
use durable_runtime::service::{DurableService, ServiceError};
use durable_runtime::wire::{CheckpointRequest, StateRequest};
use serde_json::Value;
use tests::Scripted;

/// What goes wrong with a checkpoint request.
#[derive(Clone, Debug)]
pub enum Fault {
    /// It is refused with this status, code and message.
    Refused(u16, &'static str, &'static str),
    /// It is applied, and its answer is lost.
    AnswerLost,
    /// It is never answered.
    Unanswered,
}

/// One checkpoint request, as it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Sent {
    pub client_token: Option<String>,
    pub checkpoint_token: String,
}

#[derive(Default)]
struct Log {
    faults: VecDeque<Fault>,
    sent: Vec<Sent>,
    max_items: Vec<String>,
    authorization: String,
    session: String,
    /// The last request that was applied, with its answer: the same one again is answered the same.
    answered: Option<(Sent, Value)>,
}

pub struct Service {
    pub execution: Scripted,
    log: Mutex<Log>,
}

impl Service {
    pub fn new(execution: Scripted) -> Self {
        Self { execution, log: Mutex::default() }
    }

    /// The next checkpoint requests go wrong like this, in order.
    pub fn fail(&self, faults: impl IntoIterator<Item = Fault>) {
        self.log.lock().unwrap().faults.extend(faults);
    }

    /// The checkpoint requests so far, each try of the SDK's counted.
    pub fn sent(&self) -> Vec<Sent> {
        self.log.lock().unwrap().sent.clone()
    }

    /// How many operations pages of state were asked for.
    pub fn max_items(&self) -> Vec<String> {
        self.log.lock().unwrap().max_items.clone()
    }

    /// Whether the last request was signed with this key, and with this session token or without any.
    pub fn is_signed(&self, key: &str, session: &str) -> bool {
        let log = self.log.lock().unwrap();
        log.authorization.starts_with(&format!("AWS4-HMAC-SHA256 Credential={key}/")) && log.session == session
    }
}

pub fn routes(service: Arc<Service>) -> Router {
    Router::new()
        .route("/2025-12-01/durable-executions/{arn}/checkpoint", post(checkpoint))
        .route("/2025-12-01/durable-executions/{arn}/state", get(state))
        .with_state(service)
}

async fn checkpoint(
    State(service): State<Arc<Service>>,
    Path(arn): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    assert_eq!(arn, tests::durable_execution());
    let mut request: CheckpointRequest = serde_json::from_slice(&body).unwrap();
    request.durable_execution_arn = arn;
    let sent = Sent { client_token: request.client_token.clone(), checkpoint_token: request.checkpoint_token.clone() };
    let (fault, answered) = {
        let mut log = service.log.lock().unwrap();
        log.sent.push(sent.clone());
        let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
        log.authorization = header("authorization");
        log.session = header("x-amz-security-token");
        (log.faults.pop_front(), log.answered.clone())
    };
    if let Some((_, answer)) = answered.filter(|(known, _)| *known == sent) {
        return Json(answer).into_response();
    }
    match fault {
        Some(Fault::Refused(status, code, message)) => {
            return refused(&ServiceError { code: code.into(), message: message.into(), status: Some(status) });
        }
        Some(Fault::Unanswered) => std::future::pending().await,
        _ => {}
    }
    let answer = match service.execution.checkpoint(request).await {
        Ok(answer) => in_seconds(serde_json::to_value(answer).unwrap()),
        Err(error) => return refused(&error),
    };
    service.log.lock().unwrap().answered = Some((sent, answer.clone()));
    match fault {
        Some(_) => refused(&ServiceError::unavailable("the answer is lost")),
        None => Json(answer).into_response(),
    }
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Asked {
    checkpoint_token: String,
    marker: String,
    max_items: String,
}

async fn state(State(service): State<Arc<Service>>, Path(arn): Path<String>, Query(asked): Query<Asked>) -> Response {
    service.log.lock().unwrap().max_items.push(asked.max_items.clone());
    let request = StateRequest {
        durable_execution_arn: arn,
        checkpoint_token: asked.checkpoint_token,
        marker: asked.marker,
        max_items: asked.max_items.parse().unwrap(),
    };
    match DurableService::state(&service.execution, request).await {
        Ok(page) => Json(in_seconds(serde_json::to_value(page).unwrap())).into_response(),
        Err(error) => refused(&error),
    }
}

/// The code is in a header, and the message has a small or a capital letter by the kind of the error.
fn refused(error: &ServiceError) -> Response {
    let status = StatusCode::from_u16(error.status.unwrap_or(500)).unwrap();
    let member = if status.is_server_error() { "Message" } else { "message" };
    let body = serde_json::json!({ "Type": "User", member: error.message });
    (status, [("x-amzn-errortype", error.code.clone())], Json(body)).into_response()
}

/// Times in bodies are seconds, where the runtime's own JSON has milliseconds.
fn in_seconds(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(in_seconds).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, member)| match member.as_f64() {
                Some(millis) if name.ends_with("Timestamp") => (name, (millis / 1000.0).into()),
                _ => (name, in_seconds(member)),
            })
            .collect(),
        other => other,
    }
}
