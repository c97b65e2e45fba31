//! The store's tables and its version, and what is looked at before a file is taken for a store.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::super::error::EngineError;

/// `dura` in ASCII: tells our files from other SQLite files.
const APPLICATION_ID: i64 = 0x6475_7261;
/// What each version added to the tables of the one before it; the newest version is their number.
const VERSIONS: [&str; 2] = [TABLES, OWNER];
const VERSION: i64 = VERSIONS.len() as i64;
/// How long a statement waits for another process's short write.
const BUSY: Duration = Duration::from_secs(30);

const TABLES: &str = "
CREATE TABLE executions (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    arn TEXT NOT NULL,
    name TEXT NOT NULL,
    function TEXT NOT NULL,
    input TEXT NOT NULL,
    status TEXT NOT NULL,
    blocked TEXT,
    result TEXT,
    error TEXT,
    started INTEGER NOT NULL,
    ended INTEGER,
    timeout_seconds INTEGER NOT NULL,
    parent_arn TEXT,
    parent_operation TEXT,
    invocation_request TEXT,
    invocation_started INTEGER,
    UNIQUE (function, name)
) STRICT;
CREATE INDEX executions_by_name ON executions (name);
CREATE INDEX executions_unfinished ON executions (key) WHERE status = 'RUNNING';
CREATE TABLE operations (
    execution INTEGER NOT NULL REFERENCES executions (key),
    position INTEGER NOT NULL,
    id TEXT NOT NULL,
    parent_id TEXT,
    name TEXT,
    type TEXT NOT NULL,
    sub_type TEXT,
    status TEXT NOT NULL,
    contact INTEGER NOT NULL,
    started INTEGER NOT NULL,
    ended INTEGER,
    attempt INTEGER NOT NULL,
    due INTEGER,
    timeout_at INTEGER,
    heartbeat_at INTEGER,
    heartbeat_seconds INTEGER,
    target TEXT,
    tenant TEXT,
    child_arn TEXT,
    replay_children INTEGER,
    result TEXT,
    error TEXT,
    UNIQUE (execution, position)
) STRICT;
CREATE TABLE events (
    execution INTEGER NOT NULL REFERENCES executions (key),
    number INTEGER NOT NULL,
    type TEXT NOT NULL,
    at INTEGER NOT NULL,
    id TEXT,
    parent_id TEXT,
    name TEXT,
    sub_type TEXT,
    details TEXT NOT NULL,
    UNIQUE (execution, number)
) STRICT;
CREATE TABLE inbox (
    key INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    target TEXT NOT NULL,
    payload TEXT,
    outcome TEXT
) STRICT;
CREATE INDEX inbox_open ON inbox (key) WHERE outcome IS NULL;
";

/// The engine that took the store over last: one row.
const OWNER: &str = "CREATE TABLE owner (one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL) STRICT;";

/// Opens the store that this process owns, creating its tables when the file is new or adding those that an older build
/// did not know. Without a path, in memory.
pub(crate) fn open_owned(path: Option<&Path>) -> Result<Connection, EngineError> {
    let Some(path) = path else {
        let connection = Connection::open_in_memory();
        return connection.and_then(prepare_memory).map_err(|error| unusable(Path::new(":memory:"), &error));
    };
    let connection = Connection::open(path).map_err(|error| unusable(path, &error))?;
    connection.busy_timeout(BUSY).map_err(|error| unusable(path, &error))?;
    let version = check(&connection, path)?;
    configure(&connection, version).map_err(|error| unusable(path, &error))?;
    Ok(connection)
}

/// Opens an existing store beside its owner.
pub(crate) fn open_shared(path: &Path, write: bool) -> Result<Connection, EngineError> {
    if !path.exists() {
        return Err(EngineError::NoStore { path: path.to_owned() });
    }
    let opened = if write { connect(path) } else { connect_to_read(path) };
    let opened = opened.map_err(|error| unusable(path, &error))?;
    opened.busy_timeout(BUSY).map_err(|error| unusable(path, &error))?;
    if check(&opened, path)? == 0 {
        return Err(EngineError::NoStore { path: path.to_owned() });
    }
    opened.pragma_update(None, "query_only", !write).map_err(|error| unusable(path, &error))?;
    Ok(opened)
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    // Reading a WAL file needs its shared memory, which is written: read-only is the fallback, not the rule.
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)
}

/// Where that cannot be written and no log lies beside the file, nobody is at work on it and the file is all there is:
/// a read-only mount, somebody else's directory.
fn connect_to_read(path: &Path) -> rusqlite::Result<Connection> {
    let connection = connect(path)?;
    let read = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()));
    let code = read.err().and_then(|error| error.sqlite_error_code());
    let unwritable = matches!(code, Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly));
    match immutable_uri(path).filter(|_| unwritable && !has_log(path)) {
        Some(uri) => {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
            Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        }
        None => Ok(connection),
    }
}

fn has_log(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(log).is_ok_and(|log| log.len() > 0)
}

/// The file as one that nobody changes. `None` when its name is no text.
fn immutable_uri(path: &Path) -> Option<String> {
    let text = path.to_str()?;
    let text = if cfg!(windows) {
        format!("/{}", text.trim_start_matches(r"\\?\").replace('\\', "/"))
    } else {
        text.to_owned()
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-~:".contains(&byte);
    let escaped = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    Some(format!("file:{}?immutable=1", text.bytes().map(escaped).collect::<String>()))
}

fn prepare_memory(connection: Connection) -> rusqlite::Result<Connection> {
    connection.execute_batch(&VERSIONS.concat())?;
    Ok(connection)
}

/// The version of the store, 0 for a new, empty file; an error when it is somebody else's. Writes nothing.
fn check(connection: &Connection, path: &Path) -> Result<i64, EngineError> {
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let read = || -> rusqlite::Result<(i64, i64, i64)> {
        // One moment of the file, which its owner may be making now.
        let _moment = connection.unchecked_transaction()?;
        let tables = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        Ok((tables, pragma("application_id")?, pragma("user_version")?))
    };
    let foreign = |found: &str| EngineError::NotAStore { path: path.to_owned(), found: found.to_owned() };
    match read() {
        Ok((0, 0, 0)) => Ok(0),
        Ok((_, APPLICATION_ID, version)) if version > VERSION => {
            Err(EngineError::NewerStore { path: path.to_owned(), found: version, supported: VERSION })
        }
        Ok((_, APPLICATION_ID, version)) => Ok(version),
        Ok(_) => Err(foreign("it is an SQLite database of something else")),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
            Err(foreign("it is not an SQLite database"))
        }
        Err(error) => Err(unusable(path, &error)),
    }
}

fn configure(connection: &Connection, version: i64) -> rusqlite::Result<()> {
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.set_prepared_statement_cache_capacity(64);
    let missing: String = VERSIONS.into_iter().skip(usize::try_from(version).unwrap_or_default()).collect();
    // One transaction, so that a crash leaves the file as it was or a store. And one in any case: a store that can be
    // read and not written is refused now, not at the first checkpoint.
    connection.execute_batch(&format!(
        "BEGIN IMMEDIATE; {missing} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION}; COMMIT;"
    ))
}

/// The error for a store that SQLite cannot use.
pub(crate) fn unusable(path: &Path, error: &rusqlite::Error) -> EngineError {
    EngineError::Unusable { path: path.to_owned(), reason: error.to_string() }
}
