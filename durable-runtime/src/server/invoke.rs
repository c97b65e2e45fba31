//! `Invoke`: starts an execution, and for one who waits, follows it to its end. A client that goes away disturbs
//! nothing.

use std::sync::Arc;

use hyper::body::Bytes;
use hyper::{HeaderMap, StatusCode};
use serde_json::{Map, Value};

use super::answer::{Answer, Answered, add_header, bytes, empty, error};
use super::api::{Api, Call};
use super::error::{ApiError, INVALID_CONTENT, INVALID_PARAMETER, NOT_FOUND, SERVICE, TOO_LARGE};
use super::function_name;
use super::query::invalid;
use crate::engine::{Arn, EngineError, ExecutionStatus, ExecutionSummary, StartOptions, VERSION, function_arn};
use crate::wire::ErrorObject;

/// Bytes of the payload of an asynchronous invocation.
const EVENT_BYTES: usize = 1024 * 1024;
/// What an invocation without a payload gives its function, as on AWS.
const NO_PAYLOAD: &str = "{}";

const TYPE: &str = "x-amz-invocation-type";
const NAME: &str = "x-amz-durable-execution-name";
const ARN: &str = "x-amz-durable-execution-arn";
pub(super) const EXECUTED_VERSION: &str = "x-amz-executed-version";
pub(super) const FUNCTION_ERROR: &str = "x-amz-function-error";

/// How an invocation is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    RequestResponse,
    Event,
    DryRun,
}

/// Does what an Invoke asks for.
pub(super) async fn invoke(api: &Arc<Api>, call: Call) -> Answered {
    let kind = kind(&call.headers)?;
    let function = function_name::read(&call.label, call.query.text("Qualifier"))?.to_owned();
    if !api.engine.functions().contains(&function) {
        return Err(unknown(&function, &api.engine.functions()));
    }
    let input = payload(&call.body, kind)?;
    let name = header(&call.headers, NAME)?.map(str::to_owned);
    if kind == Kind::DryRun {
        return Ok(empty(StatusCode::NO_CONTENT));
    }
    let starting = {
        let api = Arc::clone(api);
        async move { api.engine.start(&function, &input, StartOptions { name, timeout: None }).await }
    };
    // In a task of its own: what is recorded also runs, whether or not its caller is still there.
    let started = tokio::spawn(starting).await;
    let started = started.map_err(|error| SERVICE.says(format!("the execution could not be started: {error}")))??;
    let mut answer = match kind {
        Kind::RequestResponse => wait(api, &started.arn).await,
        Kind::Event | Kind::DryRun => empty(StatusCode::ACCEPTED),
    };
    add_header(&mut answer, ARN, started.arn.as_str());
    if answer.status().is_success() {
        add_header(&mut answer, EXECUTED_VERSION, VERSION);
    }
    Ok(answer)
}

pub(super) fn kind(headers: &HeaderMap) -> Result<Kind, ApiError> {
    match header(headers, TYPE)? {
        None | Some("" | "RequestResponse") => Ok(Kind::RequestResponse),
        Some("Event") => Ok(Kind::Event),
        Some("DryRun") => Ok(Kind::DryRun),
        Some(other) => Err(invalid("InvocationType", other, "RequestResponse, Event or DryRun")),
    }
}

pub(super) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, ApiError> {
    let text = headers.get(name).map(|value| value.to_str()).transpose();
    text.map_err(|_| INVALID_PARAMETER.says(format!("the header {name} is not ASCII text")))
}

pub(super) fn payload(body: &Bytes, kind: Kind) -> Result<String, ApiError> {
    if kind == Kind::Event && body.len() > EVENT_BYTES {
        let message = format!("the payload of an asynchronous invocation takes more than {EVENT_BYTES} bytes");
        return Err(TOO_LARGE.says(message));
    }
    if body.trim_ascii().is_empty() {
        return Ok(NO_PAYLOAD.to_owned());
    }
    let wrong = |why: String| INVALID_CONTENT.says(format!("Could not parse request body into json: {why}"));
    let text = std::str::from_utf8(body).map_err(|error| wrong(error.to_string()))?;
    serde_json::from_str::<serde::de::IgnoredAny>(text).map_err(|error| wrong(error.to_string()))?;
    Ok(text.to_owned())
}

fn unknown(function: &str, known: &[String]) -> ApiError {
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    NOT_FOUND.says(format!("Function not found: {}; this server has: {known}", function_arn(function)))
}

/// Waits for the end of an execution, for as long as the API waits, and answers with it.
async fn wait(api: &Api, arn: &Arn) -> Answer {
    let mut closing = api.closing.clone();
    let kept = |what: String| failed("DurableExecutionStillRunning", format!("{what}: {arn} is kept and goes on"));
    tokio::select! {
        biased;
        ended = api.engine.wait(arn) => match ended {
            Ok(summary) => answered(summary),
            Err(EngineError::Closed) => error(&closed(arn)),
            Err(failure) => error(&failure.into()),
        },
        _ = closing.wait_for(|closing| *closing) => error(&closed(arn)),
        () = tokio::time::sleep(api.options.invoke_patience) => {
            let waited = api.options.invoke_patience.as_secs();
            kept(format!("the execution has not ended within {waited} seconds, the most that an Invoke waits"))
        }
    }
}

fn closed(arn: &Arn) -> ApiError {
    SERVICE
        .says(format!("the server is shut down while the execution runs: {arn} is kept and goes on with the next one"))
}

/// The answer to one who waited. What failed is an answer too: the execution did what it was asked to.
fn answered(summary: ExecutionSummary) -> Answer {
    if let Some(report) = &summary.blocked {
        let message = format!(
            "the execution is BLOCKED: today's code does not fit its history. Nothing is lost: mend the code and start the \
             server again.\n{report}"
        );
        return failed("NonDeterministicExecution", message);
    }
    if summary.status == ExecutionStatus::Succeeded {
        // Without a result the payload is empty, as a function's that returns nothing.
        return bytes(StatusCode::OK, summary.result.unwrap_or_default());
    }
    function_error(&summary.error.unwrap_or_default())
}

fn failed(error_type: &str, message: String) -> Answer {
    function_error(&ErrorObject::new(error_type, message))
}

/// An error in the form that functions fail with.
fn function_error(error: &ErrorObject) -> Answer {
    let mut members = Map::new();
    let mut put = |name: &str, value: Option<Value>| members.extend(value.map(|value| (name.to_owned(), value)));
    put("errorMessage", error.error_message.as_deref().map(Into::into));
    put("errorType", error.error_type.as_deref().map(Into::into));
    put("errorData", error.error_data.as_deref().map(Into::into));
    put("stackTrace", error.stack_trace.as_deref().map(Into::into));
    let mut answer = bytes(StatusCode::OK, Value::Object(members).to_string());
    add_header(&mut answer, FUNCTION_ERROR, "Unhandled");
    answer
}
