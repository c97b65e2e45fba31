//! `start` and `resume`: owns the store while executions run in this process. Prints results, and when it is
//! interrupted says how to go on.

use std::time::Duration;

use super::super::program::App;
use super::Place;
use super::exit::Exit;
use super::failure::Failure;
use super::follow::{Followed, follow};
use super::input::{self, Purpose};
use super::render::error_line;
use super::terminal::Terminal;
use super::text;
use crate::engine::{
    Arn, Engine, EngineError, EngineOptions, ExecutionStatus, ExecutionSummary, StartOptions, Started,
};

/// How long an interrupted command waits for what runs to come to rest.
pub(super) const GOODBYE: Duration = Duration::from_secs(5);

/// What `start` was given.
pub(super) struct Start {
    pub(super) input: Option<String>,
    pub(super) function: Option<String>,
    pub(super) options: StartOptions,
}

/// Starts an execution and follows it to its end.
pub(super) async fn start(app: &App, place: &Place, start: Start, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let entry = app.entry(start.function.as_deref())?;
    let input = input::read(start.input.as_deref(), Purpose::INPUT, terminal)?;
    input.check(|json| entry.check(json))?;
    let engine = open(app, place).await?;
    let changes = engine.watch();
    let started = match engine.start(&entry.name, &input.json, start.options).await {
        // The engine compares texts; to a person the same value is the same input, however it is written.
        Err(EngineError::AlreadyStarted { arn }) if input.is_value(&engine.describe(&arn).await?.input) => {
            Started { arn, existing: true }
        }
        started => started?,
    };
    let name = started.arn.name().to_owned();
    if started.existing {
        let summary = engine.describe(&started.arn).await?;
        if summary.status.is_terminal() {
            terminal.say(&format!("{name} was started before with this input and has ended"));
            let exit = report(place, &started.arn, Ok(summary), terminal);
            engine.close().await?;
            return Ok(exit);
        }
        terminal.say(&format!("{name} was started before with this input: following it (store {})", place.shown()));
        engine.resume().await?;
    } else {
        terminal.say(&format!("started {} as {name} (store {})", entry.name, place.shown()));
    }
    settle(&engine, app, place, changes, &[started.arn], terminal).await
}

/// Goes on with everything unfinished.
pub(super) async fn resume(app: &App, place: &Place, terminal: &mut Terminal) -> Result<Exit, Failure> {
    if !place.store.exists() {
        return Err(EngineError::NoStore { path: place.store.clone() }.into());
    }
    let engine = open(app, place).await?;
    let changes = engine.watch();
    let resumed = engine.resume().await?;
    for arn in &resumed.unregistered {
        let summary = engine.describe(arn).await?;
        let (name, function) = (&summary.name, &summary.function);
        terminal.say(&format!("{name} waits for the function `{function}`, which this program does not have"));
    }
    if resumed.running.is_empty() {
        terminal.say(&format!("nothing to resume in {}", place.shown()));
        engine.close().await?;
        return Ok(Exit::Succeeded);
    }
    let names: Vec<&str> = resumed.running.iter().map(Arn::name).collect();
    terminal.say(&format!("resumed {}: {}", text::count(names.len(), "execution"), names.join(", ")));
    settle(&engine, app, place, changes, &resumed.running, terminal).await
}

/// Opens the store, making the default one's directory on demand, and registers every function.
pub(super) async fn open(app: &App, place: &Place) -> Result<Engine, Failure> {
    open_with(app, app.options.clone(), place).await
}

/// The same with other settings than the program's own.
pub(super) async fn open_with(app: &App, options: EngineOptions, place: &Place) -> Result<Engine, Failure> {
    if let Some(directory) = place.store.parent().filter(|_| place.is_default) {
        std::fs::create_dir_all(directory).map_err(|error| {
            let shown = directory.display();
            Failure::failed(format!("cannot make the directory `{shown}`: {error}; give a store with --store PATH"))
        })?;
    }
    let engine = options.open(&place.store).await?;
    for (name, function) in app.functions() {
        engine.register(name, function);
    }
    Ok(engine)
}

/// Follows executions to their end and reports on each.
async fn settle(
    engine: &Engine,
    app: &App,
    place: &Place,
    changes: tokio::sync::broadcast::Receiver<crate::engine::Change>,
    arns: &[Arn],
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let settled = match follow(engine, (&app.options.clock, place), changes, arns, terminal).await {
        Followed::Settled(settled) => settled,
        Followed::Interrupted => {
            let names = arns.iter().map(Arn::name).collect::<Vec<_>>().join(", ");
            let kept = if arns.len() == 1 { "is kept" } else { "are kept" };
            terminal.say(&format!("interrupted: {names} {kept}, go on with `{}`", place.command("resume")));
            // What is recorded is safe either way: waiting only spares running steps a repetition.
            let impatient = terminal.interrupt();
            tokio::select! {
                _ = engine.close() => {}
                () = impatient => {}
                () = tokio::time::sleep(GOODBYE) => {}
            }
            return Ok(Exit::Interrupted);
        }
    };
    let mut exit = Exit::Succeeded;
    for (arn, outcome) in settled {
        exit = exit.worst(report(place, &arn, outcome, terminal));
    }
    engine.close().await?;
    Ok(exit)
}

/// Says how an execution ended; its result goes to the output, on one line.
fn report(place: &Place, arn: &Arn, outcome: Result<ExecutionSummary, EngineError>, terminal: &mut Terminal) -> Exit {
    let name = arn.name();
    let summary = match outcome {
        Ok(summary) => summary,
        Err(error) => {
            terminal.say(&format!("{name}: {error}"));
            return Exit::Failed;
        }
    };
    if let Some(blocked) = &summary.blocked {
        terminal.say(&format!("{name} is BLOCKED: today's code does not fit its history"));
        text::clean(blocked).lines().for_each(|line| terminal.say(&format!("  {line}")));
        terminal.say(&format!("nothing is lost: mend the code, then run `{}`", place.command("resume")));
        return Exit::Blocked;
    }
    let took = summary.ended.map(|ended| text::duration(ended.since(summary.started))).unwrap_or_default();
    let error = || summary.error.as_ref().map(error_line).unwrap_or_default();
    match summary.status {
        ExecutionStatus::Succeeded => {
            terminal.say(&format!("{name} succeeded in {took}"));
            terminal.print(&text::one_line(summary.result.as_deref().unwrap_or("null")));
            return Exit::Succeeded;
        }
        ExecutionStatus::Failed => terminal.say(&format!("{name} failed after {took}: {}", error())),
        ExecutionStatus::TimedOut => terminal.say(&format!("{name} timed out after {took}")),
        ExecutionStatus::Stopped => terminal.say(&format!("{name} was stopped after {took}: {}", error())),
        ExecutionStatus::Running => terminal.say(&format!("{name} is still running")),
    }
    terminal.say(&format!("`{}` shows what it did", place.command(&format!("show {name}"))));
    Exit::Failed
}
