//! Asking from beside the owner of a store: by a request in its inbox or, with no owner alive, by taking the lock. Knows
//! no demand's meaning.

use std::path::Path;
use std::time::Duration;

use super::arn::Arn;
use super::demand::Demand;
use super::error::EngineError;
use super::options::EngineOptions;
use super::store::{Asked, Reader, real_path};
use super::summary::ExecutionSummary;
use crate::wire::ErrorObject;

/// How often the asker looks for its answer.
const LOOK: Duration = Duration::from_millis(50);

/// Who did what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DoneBy {
    /// The process that owns the store, and runs its executions.
    Owner,
    /// The asker itself: nobody runs the store's executions.
    Asker,
}

/// Stops an execution of the store at `path`, whoever owns it: by a request in the store's inbox that the owner
/// applies or, with no owner alive, by taking the lock. Resolves when it is done, with the execution as it is then;
/// one that had ended stays as it was. `error` is what the execution ends with; a plain one by default.
///
/// # Errors
/// When the store cannot be used or the execution is not there.
pub async fn stop_in_store(
    path: impl AsRef<Path>,
    arn: &Arn,
    error: Option<ErrorObject>,
) -> Result<ExecutionSummary, EngineError> {
    carry_out(EngineOptions::default(), path.as_ref(), Demand::Stop { arn: arn.clone(), error }).await?;
    Reader::open(path)?.describe(arn)
}

/// Answers a callback of the store at `path`, whoever owns it, with text of at most 1 MiB (empty: no result) or with an
/// error. Resolves when the answer is recorded. With no owner alive the execution goes on when it is resumed.
///
/// # Errors
/// When the store cannot be used, there is no such callback, it is closed, or the answer is too large or no UTF-8.
pub async fn complete_callback_in_store(
    path: impl AsRef<Path>,
    callback_id: &str,
    outcome: Result<Vec<u8>, ErrorObject>,
) -> Result<(), EngineError> {
    let demand = Demand::answer(callback_id, outcome)?;
    carry_out(EngineOptions::default(), path.as_ref(), demand).await.map(|_| ())
}

/// Says that whoever is to answer a callback of the store at `path` is still at work, whoever owns the store: its
/// heartbeat timeout begins anew.
///
/// # Errors
/// When the store cannot be used, there is no such callback, or it is closed.
pub async fn heartbeat_in_store(path: impl AsRef<Path>, callback_id: &str) -> Result<(), EngineError> {
    let demand = Demand::Heartbeat { callback: callback_id.to_owned() };
    carry_out(EngineOptions::default(), path.as_ref(), demand).await.map(|_| ())
}

/// Has a demand done in the store at `path`. `options` are for the engine that does it with no owner alive.
pub(crate) async fn carry_out(options: EngineOptions, path: &Path, demand: Demand) -> Result<DoneBy, EngineError> {
    let path = real_path(path)?;
    // Refuses what is not there before anything is asked of anybody; and never creates a store.
    demand.check(&Reader::open(&path)?)?;
    // An owner who stays is asked rather than waited for.
    let options = options.lock_timeout(Duration::ZERO);
    let mut asked: Option<Asked> = None;
    loop {
        match options.clone().open(&path).await {
            Ok(engine) => {
                // The owner may have done it and died: then its answer is what counts.
                let answered = asked.as_ref().map_or(Ok(None), Asked::outcome)?;
                let done = match answered {
                    Some(outcome) => outcome.map(|()| DoneBy::Owner),
                    None => demand.apply(engine.shared()).await.map(|()| DoneBy::Asker),
                };
                if let Some(asked) = asked {
                    asked.withdraw()?;
                }
                engine.close().await?;
                return done;
            }
            Err(EngineError::Locked { .. }) => {}
            Err(other) => return Err(other),
        }
        let request = match asked.take() {
            Some(request) => request,
            None => Asked::leave(&path, &demand.request())?,
        };
        if let Some(outcome) = request.outcome()? {
            request.withdraw()?;
            return outcome.map(|()| DoneBy::Owner);
        }
        asked = Some(request);
        tokio::time::sleep(LOOK).await;
    }
}
