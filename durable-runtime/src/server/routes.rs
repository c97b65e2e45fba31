//! The API's routes: a table of methods and paths, and how a path is read by it. Runs nothing.

use hyper::Method;

use super::error::{ApiError, METHOD_NOT_ALLOWED, UNKNOWN_OPERATION};
use super::query::decode;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// The operations that paths lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Checkpoint,
    State,
    Get,
    History,
    List,
    Stop,
    Succeed,
    Fail,
    Heartbeat,
    Invoke,
    Pause,
    Resume,
    Delete,
}

/// A method and a path: segments before the label, and behind it.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) operation: Operation,
    pub(super) method: Method,
    before: &'static str,
    behind: Option<&'static str>,
    /// Bytes that its body may have.
    pub(super) body: usize,
}

const EXECUTIONS: &str = "/2025-12-01/durable-executions/";
const FUNCTIONS: &str = "/2025-12-01/functions/";
const CALLBACKS: &str = "/2025-12-01/durable-execution-callbacks/";
const INVOKES: &str = "/2015-03-31/functions/";

const fn route(
    operation: Operation,
    method: Method,
    (before, behind): (&'static str, Option<&'static str>),
    body: usize,
) -> Route {
    Route { operation, method, before, behind, body }
}

/// Every route. A checkpoint may carry the largest result there is, as JSON in JSON.
pub(super) const ROUTES: [Route; 13] = [
    route(Operation::Checkpoint, Method::POST, (EXECUTIONS, Some("checkpoint")), 64 * MIB),
    route(Operation::State, Method::GET, (EXECUTIONS, Some("state")), KIB),
    route(Operation::History, Method::GET, (EXECUTIONS, Some("history")), KIB),
    route(Operation::Stop, Method::POST, (EXECUTIONS, Some("stop")), MIB),
    route(Operation::Pause, Method::POST, (EXECUTIONS, Some("pause")), MIB),
    route(Operation::Resume, Method::POST, (EXECUTIONS, Some("resume")), MIB),
    route(Operation::Get, Method::GET, (EXECUTIONS, None), KIB),
    route(Operation::Delete, Method::DELETE, (EXECUTIONS, None), KIB),
    route(Operation::List, Method::GET, (FUNCTIONS, Some("durable-executions")), KIB),
    route(Operation::Succeed, Method::POST, (CALLBACKS, Some("succeed")), MIB),
    route(Operation::Fail, Method::POST, (CALLBACKS, Some("fail")), MIB),
    route(Operation::Heartbeat, Method::POST, (CALLBACKS, Some("heartbeat")), KIB),
    route(Operation::Invoke, Method::POST, (INVOKES, Some("invocations")), 6 * MIB),
];

/// Segments of an ARN that was written without escaping its slashes.
const ARN_SEGMENTS: usize = 4;

impl Route {
    /// The label in `path`, still encoded, if the path is this route's.
    fn label<'a>(&self, path: &'a str) -> Option<&'a str> {
        let rest = path.strip_prefix(self.before)?;
        let label = match self.behind {
            Some(behind) => rest.strip_suffix(behind)?.strip_suffix('/')?,
            None => rest,
        };
        // SDKs escape a label's slashes; where people do not, the number of segments still tells what is meant.
        let segments = label.split('/').count();
        let whole = match self.before {
            EXECUTIONS => segments == 1 || segments == ARN_SEGMENTS,
            CALLBACKS => true,
            _ => segments == 1,
        };
        Some(label).filter(|label| whole && !label.is_empty())
    }
}

/// The route of a request, with its label decoded.
pub(super) fn find(method: &Method, path: &str) -> Result<(&'static Route, String), ApiError> {
    static TABLE: [Route; 13] = ROUTES;
    let mut allowed = Vec::new();
    for route in &TABLE {
        let Some(label) = route.label(path) else { continue };
        if route.method == *method {
            return Ok((route, decode(label)?));
        }
        allowed.push(route.method.as_str());
    }
    if allowed.is_empty() {
        return Err(UNKNOWN_OPERATION.says(format!(
            "there is no operation at {method} {path}: this server speaks the Lambda API's Invoke and its \
             durable executions"
        )));
    }
    Err(METHOD_NOT_ALLOWED.says(format!("{path} takes {}, not {method}", allowed.join(" or "))))
}
