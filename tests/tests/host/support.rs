//! A function of `custom-runtime` on its own, or below an engine and a server.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use durable_runtime::engine::{Arn, Engine, ExecutionStatus, StartOptions};
use durable_runtime::host::{Call, FunctionHost, HostOptions, Logs, Reply};
use durable_runtime::server::{Server, ServerOptions};
use durable_runtime::wire::{ErrorObject, HistoryEvent};
use serde_json::Value;

/// How long a test waits for what must come. Nothing is asserted of how long it takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// The command of a function process.
pub(crate) fn command(arguments: &str) -> String {
    format!("'{}' {arguments}", env!("CARGO_BIN_EXE_custom-runtime"))
}

/// A function of its own, with its log.
pub(crate) fn function(arguments: &str, options: HostOptions) -> (FunctionHost, Logs) {
    let logs = Logs::default();
    (FunctionHost::new("ship", &command(arguments), options.logs(logs.clone())).unwrap(), logs)
}

/// Invokes with JSON, and expects a payload.
pub(crate) async fn answer(function: &FunctionHost, event: Value) -> Value {
    match function.invoke(Call::new(event.to_string())).await {
        Reply::Payload(payload) => serde_json::from_slice(&payload).unwrap(),
        Reply::Error { error, .. } => panic!("{error}"),
    }
}

/// Invokes with JSON, and expects an error.
pub(crate) async fn error(function: &FunctionHost, event: Value) -> ErrorObject {
    match function.invoke(Call::new(event.to_string())).await {
        Reply::Payload(payload) => panic!("{}", String::from_utf8_lossy(&payload)),
        Reply::Error { error, .. } => error,
    }
}

/// The parts of an error that matter.
pub(crate) fn parts(error: &ErrorObject) -> (&str, &str) {
    (error.error_type.as_deref().unwrap_or_default(), error.error_message.as_deref().unwrap_or_default())
}

/// Resolves when `condition` holds.
pub(crate) async fn until(what: &str, condition: impl Fn() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < PATIENCE, "still waiting for {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The lines of a log.
pub(crate) fn lines(logs: &Logs) -> Vec<String> {
    logs.after(0, None).lines.into_iter().map(|line| line.line).collect()
}

/// The process ids that a log tells, in the order of the processes' starts.
pub(crate) fn pids(logs: &Logs) -> Vec<u32> {
    lines(logs).iter().filter_map(|line| line.strip_prefix("pid ")?.parse().ok()).collect()
}

/// SIGKILL.
pub(crate) fn kill(pid: u32) {
    assert!(Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap().success());
}

/// Whether a process exists and is not only waited for.
pub(crate) fn is_alive(pid: u32) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    !stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z'))
}

/// A directory for traps and stores, gone with the test.
pub(crate) struct Place(PathBuf);

impl Place {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::SeqCst);
        let path = std::env::temp_dir().join(format!("host-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Lays a file, such as a trap.
    pub(crate) fn lay(&self, name: &str) -> String {
        let file = self.0.join(name);
        std::fs::write(&file, "").unwrap();
        file.to_string_lossy().into_owned()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.join(name).exists()
    }

    pub(crate) fn take(&self, name: &str) {
        std::fs::remove_file(self.0.join(name)).unwrap();
    }

    /// The step bodies that ran, in their order.
    pub(crate) fn effects(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.0.join("effects")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// An engine behind a server, with one durable function in processes.
pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) function: FunctionHost,
    pub(crate) logs: Logs,
    pub(crate) place: Place,
}

impl World {
    pub(crate) async fn new(arguments: &str, options: HostOptions) -> Self {
        let place = Place::new();
        let engine = Engine::open_in_memory().await.unwrap();
        let any = ServerOptions::default().listen("127.0.0.1:0".parse().unwrap());
        let server = Server::bind(engine.clone(), any).await.unwrap();
        let endpoint = format!("http://{}", server.address());
        let options = options.endpoint(endpoint).variable("TRAPS", place.path().to_string_lossy());
        let (function, logs) = function(arguments, options);
        engine.register(function.name(), function.durable());
        drop(tokio::spawn(server.serve_until(std::future::pending())));
        Self { engine, function, logs, place }
    }

    pub(crate) async fn start(&self, input: Value) -> Arn {
        self.engine.start("ship", &input.to_string(), StartOptions::default()).await.unwrap().arn
    }

    /// The execution's result.
    pub(crate) async fn result(&self, arn: &Arn) -> Value {
        let summary = self.engine.wait(arn).await.unwrap();
        assert_eq!(summary.status, ExecutionStatus::Succeeded, "{:?}", summary.error);
        serde_json::from_str(&summary.result.unwrap()).unwrap()
    }

    pub(crate) async fn history(&self, arn: &Arn) -> Vec<HistoryEvent> {
        self.engine.history(arn).await.unwrap()
    }

    /// The history as `EventType name`, with the error types of failed invocations.
    pub(crate) async fn told(&self, arn: &Arn) -> Vec<String> {
        let tell = |event: HistoryEvent| {
            let error = event.details.error.and_then(|error| error.payload?.error_type);
            match (event.name.filter(|_| event.event_type.starts_with("Step")), error) {
                (Some(name), _) => format!("{} {name}", event.event_type),
                (None, Some(error)) if event.event_type == "InvocationCompleted" => {
                    format!("{} {error}", event.event_type)
                }
                (None, _) => event.event_type,
            }
        };
        self.history(arn).await.into_iter().map(tell).collect()
    }
}
