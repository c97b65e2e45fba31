//! A program of scripted functions, and a terminal that remembers what was written to it.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use durable_runtime::app::{App, Exit, Terminal};
use durable_runtime::clock::BoxFuture;
use durable_runtime::engine::Engine;
use durable_runtime::function::{Function, Invocation, InvocationOutcome};
use durable_runtime::testing::VirtualClock;
use durable_runtime::wire::{
    Action, CheckpointRequest, ErrorObject, InvocationResponse, Operation, OperationId, OperationStatus, OperationType,
    OperationUpdate, StepOptions, SubType, WaitOptions,
};

/// A function that is a script.
struct Script<F>(F);

impl<F, Fut> Function for Script<F>
where
    F: Fn(Invocation) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = InvocationOutcome> + Send + 'static,
{
    fn invoke(&self, invocation: Invocation) -> BoxFuture<'static, InvocationOutcome> {
        Box::pin((self.0)(invocation))
    }
}

/// A script as a function.
pub(crate) fn script<F, Fut>(script: F) -> Arc<dyn Function>
where
    F: Fn(Invocation) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = InvocationOutcome> + Send + 'static,
{
    Arc::new(Script(script))
}

/// The execution's input, as the function gets it.
pub(crate) fn input(invocation: &Invocation) -> String {
    let first = &invocation.event.initial_execution_state.operations[0];
    first.execution_details.clone().unwrap().input_payload.unwrap()
}

/// The state of an operation, if the function has it.
pub(crate) fn known(invocation: &Invocation, id: &str) -> Option<Operation> {
    let operations = &invocation.event.initial_execution_state.operations;
    operations.iter().find(|operation| operation.id.as_str() == id).map(|operation| (**operation).clone())
}

/// An update of the operation `id`.
pub(crate) fn update(id: &str, name: &str, operation_type: OperationType, action: Action) -> OperationUpdate {
    let sub_type = match operation_type {
        OperationType::Wait => SubType::WAIT,
        OperationType::Context => SubType::RUN_IN_CHILD_CONTEXT,
        _ => SubType::STEP,
    };
    let id = OperationId::new(id).unwrap();
    OperationUpdate {
        name: Some(name.to_owned()),
        sub_type: Some(sub_type),
        ..OperationUpdate::new(id, operation_type, action)
    }
}

/// The same update under a parent.
pub(crate) fn under(parent: &str, update: OperationUpdate) -> OperationUpdate {
    OperationUpdate { parent_id: Some(OperationId::new(parent).unwrap()), ..update }
}

/// The same update with a payload.
pub(crate) fn with_payload(update: OperationUpdate, payload: &str) -> OperationUpdate {
    OperationUpdate { payload: Some(payload.to_owned()), ..update }
}

/// Sends updates with the event's token: a script sends one request per invocation.
pub(crate) async fn send(invocation: &Invocation, updates: Vec<OperationUpdate>) {
    let request = CheckpointRequest {
        durable_execution_arn: invocation.event.durable_execution_arn.clone(),
        checkpoint_token: invocation.event.checkpoint_token.clone(),
        client_token: None,
        updates,
    };
    invocation.service.checkpoint(request).await.unwrap();
}

pub(crate) fn succeeded(result: impl Into<String>) -> InvocationOutcome {
    InvocationOutcome::Answered(InvocationResponse::succeeded(result.into()))
}

/// Answers its input in an object, and counts how often it ran.
pub(crate) fn greet(runs: &Arc<AtomicU32>) -> Arc<dyn Function> {
    let runs = Arc::clone(runs);
    script(move |invocation| {
        runs.fetch_add(1, Ordering::SeqCst);
        async move { succeeded(format!("{{\n  \"hello\": {}\n}}", input(&invocation))) }
    })
}

/// Fails with an error whose text tries to clear the screen.
pub(crate) fn fail() -> Arc<dyn Function> {
    script(|_| async {
        let error = ErrorObject::new("CardDeclined", "insufficient funds\u{1b}[2J");
        InvocationOutcome::Answered(InvocationResponse::failed(Some(error)))
    })
}

/// Does not fit its history.
pub(crate) fn block() -> Arc<dyn Function> {
    script(|_| async { InvocationOutcome::Blocked("at `ship`: a step is recorded, a wait ran".to_owned()) })
}

/// Runs a step in a child, then waits `seconds` under the name `nap`, then answers.
pub(crate) fn nap(seconds: u64) -> Arc<dyn Function> {
    script(move |invocation| async move {
        if known(&invocation, "2").is_some_and(|wait| wait.status == OperationStatus::Succeeded) {
            return succeeded("\"rested\"");
        }
        if known(&invocation, "2").is_none() {
            let options = WaitOptions { wait_seconds: Some(seconds) };
            let wait = update("2", "nap", OperationType::Wait, Action::Start);
            let step = |action| under("1", update("1-1", "pillow", OperationType::Step, action));
            send(
                &invocation,
                vec![
                    update("1", "prepare", OperationType::Context, Action::Start),
                    step(Action::Start),
                    with_payload(step(Action::Succeed), "\"feathers\""),
                    with_payload(update("1", "prepare", OperationType::Context, Action::Succeed), "\"ready\""),
                    OperationUpdate { wait_options: Some(options), ..wait },
                ],
            )
            .await;
        }
        InvocationOutcome::Answered(InvocationResponse::pending())
    })
}

/// A step `call` whose first attempt fails and whose second, 2 s later, succeeds.
pub(crate) fn flaky() -> Arc<dyn Function> {
    script(|invocation| async move {
        let step = |action| update("1", "call", OperationType::Step, action);
        match known(&invocation, "1").map(|operation| operation.status) {
            None => {
                let options = StepOptions { next_attempt_delay_seconds: Some(2) };
                let error = Some(ErrorObject::new("Busy", "the line is busy"));
                let retry = OperationUpdate { error, step_options: Some(options), ..step(Action::Retry) };
                send(&invocation, vec![step(Action::Start), retry]).await;
                InvocationOutcome::Answered(InvocationResponse::pending())
            }
            Some(OperationStatus::Ready) => {
                send(&invocation, vec![step(Action::Start), with_payload(step(Action::Succeed), "7")]).await;
                succeeded("7")
            }
            _ => InvocationOutcome::Answered(InvocationResponse::pending()),
        }
    })
}

/// A directory of its own, gone with the test.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::SeqCst);
        let path = std::env::temp_dir().join(format!("durable-cli-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.file("store.db")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What a command did.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) exit: Exit,
    pub(crate) output: String,
    pub(crate) messages: String,
}

impl Done {
    pub(crate) fn last_line(&self) -> &str {
        self.output.lines().last().unwrap_or_default()
    }
}

#[derive(Clone, Default)]
struct Remembered(Arc<Mutex<Vec<u8>>>);

impl Remembered {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Remembered {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How a command is run.
#[derive(Default)]
pub(crate) struct Setting {
    pub(crate) stdin: &'static str,
    pub(crate) live: bool,
    /// Interrupts after this time.
    pub(crate) interrupt: Option<Duration>,
}

/// A program called `shop` in virtual time, with the functions that a test names.
pub(crate) fn shop(functions: Vec<(&str, Arc<dyn Function>)>) -> App {
    let options = Engine::options().clock(Arc::new(VirtualClock::new()));
    let app = App::named("shop").engine(options);
    functions.into_iter().fold(app, |app, (name, function)| app.register_function(name, function))
}

/// Runs `shop <line>` on a store.
pub(crate) async fn run(app: &App, store: &Path, line: &[&str]) -> Done {
    run_with(app, store, line, Setting::default()).await
}

/// Runs `shop <line>` on a store in a setting.
pub(crate) async fn run_with(app: &App, store: &Path, line: &[&str], setting: Setting) -> Done {
    let store = [OsString::from("--store"), store.into()];
    let arguments: Vec<OsString> = line.iter().map(OsString::from).chain(store).collect();
    run_as_given(app, arguments, setting).await
}

/// Runs `shop <arguments>`.
pub(crate) async fn run_as_given(app: &App, arguments: Vec<OsString>, setting: Setting) -> Done {
    let (output, messages) = (Remembered::default(), Remembered::default());
    let mut terminal = Terminal::new(setting.stdin.as_bytes(), output.clone(), messages.clone()).live(setting.live);
    if let Some(after) = setting.interrupt {
        terminal = terminal.interrupt_when(move || Box::pin(tokio::time::sleep(after)));
    }
    let exit = app.execute(arguments, &mut terminal).await;
    Done { exit, output: output.text(), messages: messages.text() }
}
