//! `callback`: tells an execution what it waits for from outside, through the process that owns the store or, if there
//! is none, by itself.

use std::path::Path;

use super::Place;
use super::callback_path;
use super::command::Answer;
use super::exit::Exit;
use super::failure::Failure;
use super::input::{self, Purpose};
use super::inspect::off_the_task;
use super::terminal::Terminal;
use crate::engine::{Demand, DoneBy, EngineError, EngineOptions, Reader, carry_out};
use crate::wire::ErrorObject;

/// The error type of a callback that fails without one.
const ERROR_TYPE: &str = "CallbackFailed";

/// A callback that was found.
struct Found {
    id: String,
    /// Its execution's name.
    execution: String,
}

/// Answers the callback that `id` names. `options` are for the engine that does it with no owner alive.
pub(super) async fn answer(
    place: &Place,
    options: EngineOptions,
    id: String,
    answer: Answer,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    // The answer first: one that cannot be given touches nothing.
    let (outcome, said) = match answer {
        Answer::Succeed { value, raw } => (Some(Ok(result(value, raw, terminal)?)), "is answered"),
        Answer::Fail { error_type, message, data } => {
            let error = ErrorObject {
                error_type: Some(error_type.unwrap_or_else(|| ERROR_TYPE.to_owned())),
                error_message: Some(message.unwrap_or_else(|| "failed from the command line".to_owned())),
                error_data: data,
                ..ErrorObject::default()
            };
            (Some(Err(error)), "is answered, with a failure")
        }
        Answer::Heartbeat => (None, "is known to be worked on: its heartbeat timeout begins anew"),
    };
    let (store, asked) = (place.store.clone(), id.clone());
    let found = off_the_task(move || Ok(find(&store, &asked))).await??;
    let demand = match outcome {
        Some(outcome) => Demand::answer(&found.id, outcome)?,
        None => Demand::Heartbeat { callback: found.id },
    };
    let done_by = carry_out(options, &place.store, demand).await?;
    terminal.say(&format!("{id} {said}"));
    if done_by == DoneBy::Asker {
        let resume = place.command("resume");
        terminal.say(&format!("no process runs {}: go on with `{resume}`", found.execution));
    }
    Ok(Exit::Succeeded)
}

/// The text of a result. No value is no result, which reads as `null`, and as the empty text where texts are awaited.
fn result(value: Option<String>, raw: bool, terminal: &mut Terminal) -> Result<Vec<u8>, Failure> {
    let Some(value) = value else { return Ok(Vec::new()) };
    let given = input::read(Some(&value), Purpose::ANSWER, terminal)?;
    if !raw {
        given.check(|_| Ok(()))?;
    }
    Ok(given.json.into_bytes())
}

/// The callback with this id, or at this path.
fn find(store: &Path, text: &str) -> Result<Found, Failure> {
    let reader = Reader::open(store)?;
    let unknown = match reader.open_callback(text) {
        Ok((arn, _)) => return Ok(Found { id: text.to_owned(), execution: arn.name().to_owned() }),
        Err(unknown @ EngineError::NoSuchCallback { .. }) => unknown,
        Err(closed) => return Err(closed.into()),
    };
    let Some((execution, path)) = callback_path::split(text) else {
        return Err(match reader.find(text) {
            Ok(arn) => Failure::usage(format!(
                "`{text}` is an execution: name its callback too, as in {}/NAME; `show` prints them",
                arn.name()
            )),
            Err(_) => unknown.into(),
        });
    };
    let arn = reader.find(execution)?;
    let id = callback_path::find(arn.name(), path, &reader.operations(&arn)?)?;
    // An execution that has ended leaves callbacks open that nobody awaits.
    reader.open_callback(&id)?;
    Ok(Found { id, execution: arn.name().to_owned() })
}
