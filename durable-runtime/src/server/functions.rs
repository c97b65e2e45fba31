//! Functions in other processes for others to invoke: plain Invokes are passed on as they are. Knows no executions and
//! no store; what a durable function checkpoints goes elsewhere.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hyper::body::Incoming;
use hyper::http::request::Parts;
use hyper::{HeaderMap, Request, StatusCode};
use tokio::net::TcpListener;

use super::answer::{Answer, Answered, add_header, bytes, empty, error};
use super::api::refuse;
use super::error::{ApiError, INVALID_PARAMETER, NOT_FOUND, UNKNOWN_OPERATION};
use super::invoke::{EXECUTED_VERSION, FUNCTION_ERROR, Kind, header, kind, payload};
use super::options::ServerOptions;
use super::query::Query;
use super::routes::{self, Operation};
use super::{body, connections, function_name, guards, logs};
use crate::engine::{VERSION, fresh_request_id, function_arn};
use crate::host::{Call, FunctionHost, Logs, Reply};

const LOG_TYPE: &str = "x-amz-log-type";
const LOG_RESULT: &str = "x-amz-log-result";
const CLIENT_CONTEXT: &str = "x-amz-client-context";
const TENANT: &str = "x-amz-tenant-id";
const TRACE: &str = "x-amzn-trace-id";

/// A server of functions, which has its address and answers nobody yet.
pub struct FunctionServer {
    listener: TcpListener,
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    functions: Vec<FunctionHost>,
    logs: Logs,
    options: ServerOptions,
}

impl FunctionServer {
    /// Takes the address that `options` name. The functions stay the caller's, who closes them; `logs` is what they
    /// write to.
    ///
    /// # Errors
    /// When the address is taken or not this machine's.
    pub async fn bind(functions: Vec<FunctionHost>, logs: Logs, options: ServerOptions) -> io::Result<Self> {
        let listener = TcpListener::bind(options.address()).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address, shared: Arc::new(Shared { functions, logs, options }) })
    }

    /// The address it listens on, with the port that it was given.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers requests until `shutdown` resolves; what is in flight then may take [`ServerOptions::drain`].
    pub async fn serve_until(self, shutdown: impl Future<Output = ()>) {
        let drain = self.shared.options.drain;
        let shared = self.shared;
        let handle = move |request| {
            let shared = Arc::clone(&shared);
            async move { shared.answer(request).await }
        };
        connections::serve(self.listener, handle, shutdown, drain).await;
    }
}

impl Shared {
    async fn answer(&self, request: Request<Incoming>) -> Answer {
        let request_id = fresh_request_id();
        let mut answer = self.done(request, &request_id).await.unwrap_or_else(|failure| error(&failure));
        add_header(&mut answer, "x-amzn-requestid", &request_id);
        answer
    }

    async fn done(&self, request: Request<Incoming>, request_id: &str) -> Answered {
        guards::check(request.headers(), request.uri().authority(), &self.options.allowed_hosts)?;
        if let Some(page) = logs::answer(&self.logs, &request) {
            return page;
        }
        let (Parts { method, uri, headers, .. }, body) = request.into_parts();
        let (route, label) = routes::find(&method, uri.path())?;
        if route.operation != Operation::Invoke {
            return Err(UNKNOWN_OPERATION.says(format!(
                "{} belongs to executions, and this server has none: it only invokes functions; ask the service that \
                 drives them",
                uri.path()
            )));
        }
        let query = Query::read(uri.query())?;
        let body = body::read(body, route.body).await.map_err(|unread| refuse(route, unread))?;
        let name = function_name::read(&label, query.text("Qualifier"))?;
        let kind = kind(&headers)?;
        let function = self.functions.iter().find(|function| function.name() == name);
        let function = function.cloned().ok_or_else(|| self.unknown(name))?;
        let call = Call { payload: payload(&body, kind)?.into_bytes(), ..call(&headers, request_id)? };
        let mut answer = match kind {
            Kind::DryRun => return Ok(empty(StatusCode::NO_CONTENT)),
            Kind::Event => {
                // Who invokes so does not want to know how it ends; the log tells.
                drop(tokio::spawn(async move { function.invoke(call).await }));
                empty(StatusCode::ACCEPTED)
            }
            Kind::RequestResponse => wait(&function, call, header(&headers, LOG_TYPE)? == Some("Tail")).await,
        };
        add_header(&mut answer, EXECUTED_VERSION, VERSION);
        Ok(answer)
    }

    fn unknown(&self, name: &str) -> ApiError {
        let known: Vec<&str> = self.functions.iter().map(FunctionHost::name).collect();
        NOT_FOUND.says(format!("Function not found: {}; this server has: {}", function_arn(name), known.join(", ")))
    }
}

/// What an Invoke's headers tell the function.
fn call(headers: &HeaderMap, request_id: &str) -> Result<Call, ApiError> {
    let client_context = header(headers, CLIENT_CONTEXT)?.map(|context| {
        let decoded = BASE64_STANDARD.decode(context).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        decoded.ok_or_else(|| INVALID_PARAMETER.says("Client context must be a valid Base64-encoded JSON object."))
    });
    Ok(Call {
        request_id: request_id.to_owned(),
        trace: header(headers, TRACE)?.map(str::to_owned),
        tenant: header(headers, TENANT)?.map(str::to_owned),
        client_context: client_context.transpose()?,
        ..Call::default()
    })
}

async fn wait(function: &FunctionHost, call: Call, tail: bool) -> Answer {
    let request_id = call.request_id.clone();
    let mut answer = match function.invoke(call).await {
        Reply::Payload(payload) => bytes(StatusCode::OK, payload),
        Reply::Error { payload, .. } => {
            let mut answer = bytes(StatusCode::OK, payload);
            add_header(&mut answer, FUNCTION_ERROR, "Unhandled");
            answer
        }
    };
    if tail {
        add_header(&mut answer, LOG_RESULT, &BASE64_STANDARD.encode(function.log_tail(&request_id)));
    }
    answer
}
