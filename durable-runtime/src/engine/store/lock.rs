//! The lock of a store: held by the one process that runs its executions, released by the system when that dies.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::super::error::EngineError;

/// The lock, held as long as this lives. Its file stays, with the last owner's process id in it: removing it would
/// let two processes lock two files of one name.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// How long to wait before the next attempt to take the lock.
const AGAIN: Duration = Duration::from_millis(10);
/// How many links in a row are followed, as by the system itself.
const LINKS: usize = 40;

/// The store's own path, whatever links lead to it: the lock must not depend on how the store was called.
pub(crate) fn real_path(path: &Path) -> Result<PathBuf, EngineError> {
    let unusable = |error: std::io::Error| EngineError::Unusable { path: path.to_owned(), reason: error.to_string() };
    let mut real = path.to_owned();
    for _ in 0..LINKS {
        match fs::read_link(&real) {
            // To a file that may not exist yet: SQLite would follow it and create that file.
            Ok(target) => real = real.parent().unwrap_or(Path::new("")).join(target),
            Err(_) if real.is_dir() => {
                return Err(EngineError::NotAStore { path: path.to_owned(), found: "it is a directory".into() });
            }
            Err(_) => return resolve(&real).map_err(unusable),
        }
    }
    Err(unusable(std::io::Error::other("too many links lead from one to the next")))
}
/// The canonical path of what is no link; it need not exist, its directory must.
fn resolve(path: &Path) -> std::io::Result<PathBuf> {
    if let Ok(real) = fs::canonicalize(path) {
        return Ok(real);
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().ok_or(std::io::ErrorKind::InvalidFilename)?;
    Ok(fs::canonicalize(parent)?.join(name))
}

impl Lock {
    /// Takes the lock of the store at its real path; for as long as `patience` it tries again while another has it.
    pub(crate) fn take(path: &Path, patience: Duration) -> Result<Self, EngineError> {
        let begun = Instant::now();
        loop {
            match Self::try_take(path) {
                Err(EngineError::Locked { .. }) if begun.elapsed() < patience => std::thread::sleep(AGAIN),
                taken => return taken,
            }
        }
    }

    fn try_take(path: &Path) -> Result<Self, EngineError> {
        let unusable =
            |error: std::io::Error| EngineError::Unusable { path: path.to_owned(), reason: error.to_string() };
        let lock_path = lock_path(path);
        let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&lock_path);
        let mut file = opened.map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                // The owner may be writing its id just now: then it stays unsaid.
                let pid = file.read_to_string(&mut text).ok().and_then(|_| text.trim().parse().ok());
                return Err(EngineError::Locked { path: path.to_owned(), pid });
            }
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
        file.set_len(0).and_then(|()| write!(file, "{}", std::process::id())).map_err(unusable)?;
        Ok(Self { _file: file })
    }
}

fn lock_path(store: &Path) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}
