//! The fence around a store's writer: tells before every commit whether the store is still this engine's. The lock
//! alone cannot, once its file or the store's was removed, renamed or replaced.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::super::error::EngineError;
use super::super::shared::random_id;
use super::schema::unusable;
use super::writer::failed;

/// What the owner wrote into the store as it took it over, and which file that was.
#[derive(Debug)]
pub(crate) struct Fence {
    path: PathBuf,
    file: FileIdentity,
    owner: String,
}

impl Fence {
    /// Takes the store over: whoever held it before finds out at its next write.
    pub(crate) fn raise(connection: &Connection, path: PathBuf) -> Result<Self, EngineError> {
        let owner = random_id();
        let sql = "INSERT OR REPLACE INTO owner (one, id) VALUES (1, ?1)";
        connection.execute(sql, [&owner]).map_err(|error| unusable(&path, &error))?;
        let file = file_identity(&path);
        let file = file.map_err(|error| EngineError::Unusable { path: path.clone(), reason: error.to_string() })?;
        Ok(Self { path, file, owner })
    }

    /// Fails when the store is no longer ours. Asked inside a transaction that may write, so that nobody can take
    /// the store over between the answer and the commit.
    pub(crate) fn check(&self, connection: &Connection) -> Result<(), EngineError> {
        if file_identity(&self.path).ok() != Some(self.file) {
            return Err(self.lost("its file was removed, renamed or replaced"));
        }
        let asked = connection.prepare_cached("SELECT id FROM owner");
        let owner = asked.and_then(|mut asked| asked.query_row([], |row| row.get::<_, String>(0)));
        if owner.map_err(|error| failed(&error))? == self.owner {
            Ok(())
        } else {
            Err(self.lost("another process has taken it over"))
        }
    }

    fn lost(&self, reason: &str) -> EngineError {
        EngineError::StoreLost { path: self.path.clone(), reason: reason.to_owned() }
    }
}

#[cfg(unix)]
type FileIdentity = (u64, u64);

#[cfg(unix)]
fn file_identity(path: &Path) -> std::io::Result<FileIdentity> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).map(|found| (found.dev(), found.ino()))
}

/// Elsewhere the system keeps an open file from being removed or renamed.
#[cfg(not(unix))]
type FileIdentity = ();

#[cfg(not(unix))]
fn file_identity(path: &Path) -> std::io::Result<FileIdentity> {
    std::fs::metadata(path).map(|_| ())
}
