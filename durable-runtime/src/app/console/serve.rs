//! `serve`: owns the store and answers the AWS Lambda API until it is interrupted. Tells of every execution on the way,
//! and starts none by itself.

use std::collections::BTreeMap;

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::oneshot;

use super::super::program::App;
use super::Place;
use super::command::Serve;
use super::exit::Exit;
use super::failure::Failure;
use super::host;
use super::progress::Progress;
use super::render::error_line;
use super::run::{GOODBYE, open_with};
use super::terminal::Terminal;
use super::text;
use crate::clock::Clock;
use crate::engine::{Arn, Change, ChangeKind, Engine, ExecutionStatus};
use crate::server::Server;

/// Serves the program's functions.
pub(super) async fn serve(app: &App, place: &Place, how: Serve, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let options = app.options.clone();
    let options = match how.timeout {
        Some(timeout) => options.execution_timeout(timeout),
        None => options,
    };
    let engine = open_with(app, options, place).await?;
    let logs = host::log();
    let options = host::net(how.net).logs(logs.clone());
    let wanted = options.address();
    let server = match Server::bind(engine.clone(), options).await {
        Ok(server) => server,
        Err(error) => {
            engine.close().await?;
            let text = format!("cannot listen on {wanted}: {error}; choose another with --port or --listen");
            return Err(Failure::failed(text));
        }
    };
    let processes = host::options(&how.processes, &logs).endpoint(format!("http://{}", reachable(&server)));
    let whereabouts = host::whereabouts(how.functions.iter().chain(&how.plain_functions));
    let functions = host::hosts(how.functions, &processes);
    functions.iter().for_each(|function| engine.register(function.name(), function.durable()));
    let plain = host::hosts(how.plain_functions, &processes);
    plain.iter().for_each(|function| engine.register(function.name(), function.plain()));
    let hosted = [functions, plain].concat();
    let mut told = Told { place, clock: app.options.clock.as_ref(), engine: &engine, running: BTreeMap::new() };
    let changes = engine.watch();
    let resumed = engine.resume().await?;
    introduce(&server, &engine, place, terminal);
    for line in whereabouts {
        terminal.say(&line);
    }
    for arn in resumed.unregistered {
        let summary = engine.describe(&arn).await?;
        let (name, function) = (&summary.name, &summary.function);
        terminal.say(&format!("{name} waits for the function `{function}`, which this program does not have"));
    }
    if !resumed.running.is_empty() {
        let names: Vec<&str> = resumed.running.iter().map(Arn::name).collect();
        terminal.say(&format!("resumed {}: {}", text::count(names.len(), "execution"), names.join(", ")));
    }
    let (stop, stopped) = oneshot::channel::<()>();
    let interrupt = terminal.interrupt();
    let serving = server.serve_until(async { drop(stopped.await) });
    tokio::pin!(serving);
    tokio::select! {
        () = &mut serving => {}
        () = told.tell(changes, terminal) => {}
        () = interrupt => {}
        failure = engine.stopped() => {
            host::kill(&hosted).await;
            return Err(failure.into());
        }
    }
    drop(stop);
    terminal.say(&format!("stopping: what runs is kept, go on with `{}`", place.command("serve")));
    let impatient = terminal.interrupt();
    let goodbye = async {
        serving.await;
        let _ = tokio::time::timeout(GOODBYE, engine.close()).await;
        host::close(&hosted).await;
    };
    tokio::select! {
        () = goodbye => Ok(Exit::Succeeded),
        () = impatient => {
            host::kill(&hosted).await;
            Ok(Exit::Interrupted)
        }
    }
}

/// The server's address as one on this machine can call it.
fn reachable(server: &Server) -> String {
    let address = server.address();
    if address.ip().is_unspecified() { format!("127.0.0.1:{}", address.port()) } else { address.to_string() }
}

/// Says where it listens, what it has, and how it is called.
fn introduce(server: &Server, engine: &Engine, place: &Place, terminal: &mut Terminal) {
    let address = server.address();
    terminal.say(&format!("serving the AWS Lambda API on http://{address} (store {})", place.shown()));
    if !address.ip().is_loopback() {
        terminal.say("  whoever reaches this address can start and stop executions: there are no credentials");
    }
    let functions = engine.functions();
    terminal.say(&format!("  functions: {}", functions.join(", ")));
    let function = functions.first().map_or("FUNCTION", String::as_str);
    let host = reachable(server);
    // Of a file, because the two versions of the CLI take a payload in the command line differently.
    terminal.say(&format!(
        "  AWS CLI: aws lambda invoke --endpoint-url http://{host} --region us-east-1 --no-sign-request \
         --function-name '{function}:$LATEST' --payload fileb://INPUT.json RESULT.json"
    ));
    terminal.say(&format!(
        "  boto3: boto3.client('lambda', endpoint_url='http://{host}', region_name='us-east-1', \
         aws_access_key_id='any', aws_secret_access_key='any')"
    ));
}

/// Tells of executions while they run.
struct Told<'a> {
    place: &'a Place,
    clock: &'a dyn Clock,
    engine: &'a Engine,
    running: BTreeMap<Arn, Progress>,
}

impl Told<'_> {
    /// Tells of every change.
    async fn tell(&mut self, mut changes: Receiver<Change>, terminal: &mut Terminal) {
        loop {
            match changes.recv().await {
                Ok(change) => {
                    if let Some(line) = self.line(&change).await {
                        terminal.say(&format!("  {}: {line}", change.arn.name()));
                    }
                }
                // They are learned again from the store.
                Err(RecvError::Lagged(_)) => self.running.clear(),
                Err(RecvError::Closed) => return,
            }
        }
    }

    async fn line(&mut self, change: &Change) -> Option<String> {
        let now = self.clock.now();
        match &change.kind {
            ChangeKind::Started => return Some("started".to_owned()),
            ChangeKind::Blocked(report) => {
                let first = report.lines().next().unwrap_or_default();
                return Some(format!("is BLOCKED: {}", text::clean(first)));
            }
            ChangeKind::Ended(status) => {
                let _ = self.running.remove(&change.arn);
                let summary = self.engine.describe(&change.arn).await.ok();
                let took = summary.as_ref().and_then(|summary| Some(summary.ended?.since(summary.started)));
                let took = took.map(text::duration).unwrap_or_default();
                let error = summary.and_then(|summary| summary.error).map(|error| format!(": {}", error_line(&error)));
                let error = error.unwrap_or_default();
                return Some(match status {
                    ExecutionStatus::Succeeded => format!("succeeded in {took}"),
                    ExecutionStatus::TimedOut => format!("timed out after {took}"),
                    ExecutionStatus::Stopped => format!("was stopped after {took}{error}"),
                    ExecutionStatus::Failed | ExecutionStatus::Running => format!("failed after {took}{error}"),
                });
            }
            _ => {}
        }
        if !self.running.contains_key(&change.arn) {
            let summary = self.engine.describe(&change.arn).await.ok()?;
            let operations = self.engine.operations(&change.arn).await.ok()?;
            let mut progress = Progress::new(summary.name, summary.started, self.place.clone());
            progress.reload(&operations);
            let _ = self.running.insert(change.arn.clone(), progress);
        }
        self.running.get_mut(&change.arn)?.apply(change, now)
    }
}
