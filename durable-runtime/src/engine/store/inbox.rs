//! The inbox: what another process asks of the owner of a store, by a row that the owner answers. Knows rows, not what
//! they ask for.

use std::path::Path;

use rusqlite::{Connection, params};

use super::super::error::EngineError;
use super::schema::{open_shared, unusable};

/// A request in the inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) kind: String,
    /// What it is about: an ARN, a callback's id.
    pub(crate) target: String,
    /// What comes with it.
    pub(crate) payload: Option<String>,
}

/// A request that was left and is not answered yet.
pub(crate) struct Asked {
    connection: Connection,
    key: i64,
}

impl Asked {
    /// Leaves a request in the store at `path`.
    pub(crate) fn leave(path: &Path, request: &Request) -> Result<Self, EngineError> {
        let connection = open_shared(path, true)?;
        let sql = "INSERT INTO inbox (kind, target, payload) VALUES (?1, ?2, ?3)";
        let left = connection.execute(sql, params![request.kind, request.target, request.payload]);
        left.map_err(|error| unusable(path, &error))?;
        let key = connection.last_insert_rowid();
        Ok(Self { connection, key })
    }

    /// What the owner said, if it has.
    pub(crate) fn outcome(&self) -> Result<Option<Result<(), EngineError>>, EngineError> {
        let sql = "SELECT outcome FROM inbox WHERE key = ?1";
        let outcome = self.connection.query_row(sql, [self.key], |row| row.get::<_, Option<String>>(0));
        Ok(outcome
            .map_err(|error| self.unusable(&error))?
            .map(|reason| if reason.is_empty() { Ok(()) } else { Err(EngineError::Refused { reason }) }))
    }

    /// Takes the request back: it was answered, or its sender has done it.
    pub(crate) fn withdraw(self) -> Result<(), EngineError> {
        let sql = "DELETE FROM inbox WHERE key = ?1";
        self.connection.execute(sql, [self.key]).map_err(|error| self.unusable(&error))?;
        Ok(())
    }

    fn unusable(&self, error: &rusqlite::Error) -> EngineError {
        unusable(Path::new(self.connection.path().unwrap_or_default()), error)
    }
}
