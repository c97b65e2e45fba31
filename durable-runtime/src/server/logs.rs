//! The log of functions in other processes: a route of this server's own, not of AWS. Knows no process.

use hyper::StatusCode;
use hyper::body::Incoming;
use hyper::{Method, Request};

use super::answer::{Answered, bytes};
use super::error::{METHOD_NOT_ALLOWED, SERVICE};
use super::query::{Query, invalid};
use crate::host::Logs;

/// Where the log is: `GET /durable/logs?after=SEQUENCE&function=NAME`.
const PATH: &str = "/durable/logs";

/// Answers a request for the log; nothing when it is for something else.
pub(super) fn answer(logs: &Logs, request: &Request<Incoming>) -> Option<Answered> {
    (request.uri().path() == PATH).then(|| page(logs, request))
}

fn page(logs: &Logs, request: &Request<Incoming>) -> Answered {
    if request.method() != Method::GET {
        return Err(METHOD_NOT_ALLOWED.says(format!("{PATH} takes GET, not {}", request.method())));
    }
    let query = Query::read(request.uri().query())?;
    let after = match query.text("after") {
        None => 0,
        Some(text) => text.parse().map_err(|_| invalid("after", text, "a sequence number"))?,
    };
    let page = logs.after(after, query.text("function"));
    let page = serde_json::to_vec(&page).map_err(|error| SERVICE.says(format!("the log is no JSON: {error}")))?;
    Ok(bytes(StatusCode::OK, page))
}
