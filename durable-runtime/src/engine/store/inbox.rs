//! The inbox: what another process asks of the owner of a store, by a row that the owner answers.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, params};

use super::super::arn::Arn;
use super::super::error::EngineError;
use super::super::summary::ExecutionSummary;
use super::super::{Engine, EngineOptions};
use super::lock::real_path;
use super::reader::Reader;
use super::schema::{open_shared, unusable};
use crate::wire::ErrorObject;

/// How often the asker looks for its answer.
const LOOK: Duration = Duration::from_millis(50);
/// The kind of a request to stop an execution.
pub(crate) const STOP: &str = "stop";

/// A request in the inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) kind: String,
    /// What it is about: an ARN.
    pub(crate) target: String,
    /// What comes with it, as JSON.
    pub(crate) payload: Option<String>,
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
    let path = real_path(path.as_ref())?;
    // Refuses what is not there before anything is asked of anybody; and never creates a store.
    Reader::open(&path)?.describe(arn)?;
    let mut asked: Option<Asked> = None;
    loop {
        // An owner who stays is asked rather than waited for.
        match EngineOptions::default().lock_timeout(Duration::ZERO).open(&path).await {
            Ok(engine) => return stop_as_owner(&engine, asked, arn, error).await,
            Err(EngineError::Locked { .. }) => {}
            Err(other) => return Err(other),
        }
        let request = match asked.take() {
            Some(request) => request,
            None => Asked::leave(&path, arn, error.as_ref())?,
        };
        if let Some(outcome) = request.outcome()? {
            request.withdraw()?;
            outcome?;
            return Reader::open(&path)?.describe(arn);
        }
        asked = Some(request);
        tokio::time::sleep(LOOK).await;
    }
}

async fn stop_as_owner(
    engine: &Engine,
    asked: Option<Asked>,
    arn: &Arn,
    error: Option<ErrorObject>,
) -> Result<ExecutionSummary, EngineError> {
    let stopped = engine.stop(arn, error).await;
    if let Some(asked) = asked {
        asked.withdraw()?;
    }
    engine.close().await?;
    stopped
}

/// A request that was left and is not answered yet.
struct Asked {
    connection: Connection,
    key: i64,
}

impl Asked {
    fn leave(path: &Path, arn: &Arn, error: Option<&ErrorObject>) -> Result<Self, EngineError> {
        let connection = open_shared(path, true)?;
        let payload = error.and_then(|error| serde_json::to_string(error).ok());
        let sql = "INSERT INTO inbox (kind, target, payload) VALUES (?1, ?2, ?3)";
        let left = connection.execute(sql, params![STOP, arn.as_str(), payload]);
        left.map_err(|error| unusable(path, &error))?;
        let key = connection.last_insert_rowid();
        Ok(Self { connection, key })
    }

    fn outcome(&self) -> Result<Option<Result<(), EngineError>>, EngineError> {
        let sql = "SELECT outcome FROM inbox WHERE key = ?1";
        let outcome = self.connection.query_row(sql, [self.key], |row| row.get::<_, Option<String>>(0));
        Ok(outcome
            .map_err(|error| self.unusable(&error))?
            .map(|reason| if reason.is_empty() { Ok(()) } else { Err(EngineError::Refused { reason }) }))
    }

    /// Takes the request back: it was answered, or its sender has done it.
    fn withdraw(self) -> Result<(), EngineError> {
        let sql = "DELETE FROM inbox WHERE key = ?1";
        self.connection.execute(sql, [self.key]).map_err(|error| self.unusable(&error))?;
        Ok(())
    }

    fn unusable(&self, error: &rusqlite::Error) -> EngineError {
        unusable(Path::new(self.connection.path().unwrap_or_default()), error)
    }
}
