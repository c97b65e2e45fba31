//! Plays the Lambda Runtime API, and starts the program that it serves.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::Value;
use tests::Scripted;
use tokio::sync::{Mutex, mpsc};

use super::service::{self, Service};

/// What is waited for at most; nothing takes nearly as long.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the program told the Runtime API.
#[derive(Debug, PartialEq)]
pub enum Told {
    /// The answer to an invocation.
    Response(Value),
    /// An invocation that failed: the error's type and message.
    Error(String, String),
    /// That it cannot serve: the error's type and message.
    InitError(String, String),
}

struct Event {
    body: String,
    lasts: Duration,
}

struct Api {
    events: Mutex<mpsc::UnboundedReceiver<Event>>,
    told: mpsc::UnboundedSender<Told>,
}

/// A played Lambda with one execution, and at most one program at a time.
pub struct Lambda {
    pub service: Arc<Service>,
    endpoint: String,
    program: Option<Program>,
}

/// A process with a Runtime API of its own, so that what is meant for one never reaches another.
struct Program {
    process: Child,
    events: mpsc::UnboundedSender<Event>,
    told: mpsc::UnboundedReceiver<Told>,
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Serves on a free port of loopback, and says at which address.
async fn open(routes: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, routes.layer(DefaultBodyLimit::disable())).await });
    address
}

impl Lambda {
    /// Opens on loopback.
    pub async fn play(execution: Scripted) -> Self {
        let service = Arc::new(Service::new(execution));
        let endpoint = format!("http://{}", open(service::routes(service.clone())).await);
        Self { service, endpoint, program: None }
    }

    /// Starts the program as a deployment with this handler, in place of one that runs.
    pub async fn start(&mut self, handler: &str) {
        self.start_with(&[("_HANDLER", handler)]).await;
    }

    /// Starts the program with these variables besides those that every function has. An empty one is unset.
    pub async fn start_with(&mut self, variables: &[(&str, &str)]) {
        self.start_program(env!("CARGO_BIN_EXE_lambda-functions"), variables).await;
    }

    /// Starts another program, likewise.
    pub async fn start_program(&mut self, path: &str, variables: &[(&str, &str)]) {
        let (events, received) = mpsc::unbounded_channel();
        let (telling, told) = mpsc::unbounded_channel();
        let routes = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .with_state(Arc::new(Api { events: Mutex::new(received), told: telling }));
        let address = open(routes).await;
        let mut command = Command::new(path);
        command.env_clear().stdin(Stdio::null());
        for (name, value) in [
            ("AWS_LAMBDA_RUNTIME_API", address.as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", "deployed"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ACCESS_KEY_ID", "AKID"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_SESSION_TOKEN", "session"),
            ("AWS_ENDPOINT_URL_LAMBDA", &self.endpoint),
        ] {
            command.env(name, value);
        }
        for (name, value) in variables {
            if value.is_empty() {
                command.env_remove(name)
            } else {
                command.env(name, value)
            };
        }
        self.program = Some(Program { process: command.spawn().unwrap(), events, told });
    }

    /// Invokes with the execution as it is, and waits for what the program tells.
    pub async fn invoke(&mut self) -> Told {
        let event = self.service.execution.event();
        self.invoke_with(&serde_json::to_string(&event).unwrap(), Duration::from_secs(60)).await
    }

    /// Invokes with another event, for as long as it `lasts`.
    pub async fn invoke_with(&mut self, event: &str, lasts: Duration) -> Told {
        self.program.as_ref().unwrap().events.send(Event { body: event.to_owned(), lasts }).unwrap();
        self.told().await
    }

    /// What the program tells next.
    pub async fn told(&mut self) -> Told {
        let told = &mut self.program.as_mut().unwrap().told;
        tokio::time::timeout(PATIENCE, told.recv()).await.expect("the program tells nothing").unwrap()
    }

    /// Whether the program ended by itself, with success.
    pub async fn ended(&mut self) -> bool {
        let mut program = self.program.take().unwrap();
        tokio::task::spawn_blocking(move || program.process.wait().unwrap().success()).await.unwrap()
    }
}

async fn next(State(api): State<Arc<Api>>) -> Response {
    let Some(event) = api.events.lock().await.recv().await else { return StatusCode::GONE.into_response() };
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + event.lasts;
    let headers = [
        ("lambda-runtime-aws-request-id", "request-1".to_owned()),
        ("lambda-runtime-deadline-ms", deadline.as_millis().to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-west-1:000000000000:function:deployed".to_owned()),
        ("lambda-runtime-trace-id", "Root=1-2-3".to_owned()),
        ("lambda-runtime-aws-tenant-id", "tenant-7".to_owned()),
    ];
    (headers, event.body).into_response()
}

async fn response(State(api): State<Arc<Api>>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    assert_eq!(id, "request-1");
    api.told.send(Told::Response(serde_json::from_slice(&body).unwrap())).unwrap();
    StatusCode::ACCEPTED
}

async fn error(State(api): State<Arc<Api>>, body: Bytes) -> StatusCode {
    let (kind, message) = members(&body);
    api.told.send(Told::Error(kind, message)).unwrap();
    StatusCode::ACCEPTED
}

async fn init_error(State(api): State<Arc<Api>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let (kind, message) = members(&body);
    assert_eq!(headers["lambda-runtime-function-error-type"], kind.as_str());
    api.told.send(Told::InitError(kind, message)).unwrap();
    StatusCode::ACCEPTED
}

fn members(body: &[u8]) -> (String, String) {
    let body: Value = serde_json::from_slice(body).unwrap();
    let member = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    (member("errorType"), member("errorMessage"))
}
