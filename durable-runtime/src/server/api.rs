//! One request from its guards to its answer. Knows which handler does what, and nothing of what they do.

use std::sync::Arc;

use hyper::body::{Bytes, Incoming};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Request};
use tokio::sync::watch;

use super::answer::{Answer, Answered, add_header, error};
use super::body::{self, Unread};
use super::error::{ApiError, INVALID_PARAMETER, SERIALIZATION, TOO_LARGE, UNSUPPORTED};
use super::options::ServerOptions;
use super::query::Query;
use super::routes::{self, Operation, Route};
use super::{callbacks, data_plane, executions, guards, invoke, logs};
use crate::engine::{Engine, fresh_request_id};

/// What all requests share.
pub(super) struct Api {
    pub(super) engine: Engine,
    pub(super) options: ServerOptions,
    /// True once the server shuts down.
    pub(super) closing: watch::Receiver<bool>,
}

/// A request that was routed and read.
pub(super) struct Call {
    /// The path's label: an ARN, a function's name or a callback's id.
    pub(super) label: String,
    pub(super) query: Query,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Api {
    /// Answers a request.
    pub(super) async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Answer {
        let mut answer = self.done(request).await.unwrap_or_else(|failure| error(&failure));
        add_header(&mut answer, "x-amzn-requestid", &fresh_request_id());
        answer
    }

    async fn done(self: Arc<Self>, request: Request<Incoming>) -> Answered {
        guards::check(request.headers(), request.uri().authority(), &self.options.allowed_hosts)?;
        if let Some(page) = self.options.logs.as_ref().and_then(|logs| logs::answer(logs, &request)) {
            return page;
        }
        let (Parts { method, uri, headers, .. }, body) = request.into_parts();
        let (route, label) = routes::find(&method, uri.path())?;
        let query = Query::read(uri.query())?;
        let body = body::read(body, route.body).await.map_err(|unread| refuse(route, unread))?;
        self.dispatch(route.operation, Call { label, query, headers, body }).await
    }

    async fn dispatch(self: Arc<Self>, operation: Operation, call: Call) -> Answered {
        let engine = &self.engine;
        match operation {
            Operation::Checkpoint => data_plane::checkpoint(engine, call).await,
            Operation::State => data_plane::state(engine, &call).await,
            Operation::Get => executions::get(engine, &call).await,
            Operation::History => executions::history(engine, &call).await,
            Operation::List => executions::list(engine, &call).await,
            Operation::Stop => executions::stop(engine, &call).await,
            Operation::Succeed => callbacks::succeed(engine, &call).await,
            Operation::Fail => callbacks::fail(engine, &call).await,
            Operation::Heartbeat => callbacks::heartbeat(engine, &call).await,
            Operation::Invoke => invoke::invoke(&self, call).await,
            Operation::Pause | Operation::Resume => Err(UNSUPPORTED.says(
                "this server does not pause executions: stop the server, and start it again to go on with them all",
            )),
            Operation::Delete => Err(UNSUPPORTED
                .says("this server deletes no executions: they lie in its store, which can be deleted as a file")),
        }
    }
}

/// Why a body was not read, in the API's words.
pub(super) fn refuse(route: &Route, unread: Unread) -> ApiError {
    let limit = route.body;
    match unread {
        Unread::TooLarge if route.operation == Operation::Invoke => {
            TOO_LARGE.says(format!("the payload takes more than {limit} bytes"))
        }
        Unread::TooLarge => INVALID_PARAMETER.says(format!("the request's body takes more than {limit} bytes")),
        Unread::Broken(error) => SERIALIZATION.says(format!("the request's body could not be read: {error}")),
    }
}
