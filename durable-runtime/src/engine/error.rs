//! What can go wrong around the engine, worded for the person at the terminal: what happened, where, what to do.

use std::fmt;
use std::path::PathBuf;

use super::arn::Arn;

/// A failure of the engine or its store. Nothing that was acknowledged is lost by any of them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EngineError {
    /// Another process owns the store.
    Locked {
        /// The store.
        path: PathBuf,
        /// The owner's process id, when its lock file says so.
        pid: Option<u32>,
    },
    /// The file exists and is not a store.
    NotAStore {
        /// The file.
        path: PathBuf,
        /// What it is, as far as that can be told.
        found: String,
    },
    /// The store was written by a newer version of this crate.
    NewerStore {
        /// The store.
        path: PathBuf,
        /// Its schema's version.
        found: i64,
        /// The newest version that this build reads.
        supported: i64,
    },
    /// The store does not exist and was only to be read.
    NoStore {
        /// The store.
        path: PathBuf,
    },
    /// The store cannot be opened or written.
    Unusable {
        /// The store.
        path: PathBuf,
        /// What the operating system or SQLite said.
        reason: String,
    },
    /// No function of that name is registered in this process.
    UnknownFunction {
        /// The name asked for.
        function: String,
        /// The names that are registered.
        known: Vec<String>,
    },
    /// An execution of that name exists, started with another input.
    AlreadyStarted {
        /// The existing execution.
        arn: Arn,
    },
    /// A name that the service would not take.
    InvalidName {
        /// The name.
        name: String,
    },
    /// An input that cannot be given to a function.
    InvalidInput {
        /// Why.
        reason: String,
    },
    /// Nothing matches what was asked for.
    NoSuchExecution {
        /// What was asked for.
        text: String,
    },
    /// Several executions match.
    Ambiguous {
        /// What was asked for.
        text: String,
        /// Those that match, newest first, at most ten.
        candidates: Vec<Arn>,
    },
    /// No callback has that id.
    NoSuchCallback {
        /// The id.
        id: String,
    },
    /// The callback was answered, timed out, or belongs to an execution that has ended.
    CallbackClosed {
        /// The id.
        id: String,
        /// What closed it.
        by: ClosedBy,
    },
    /// The execution's function is not registered in this process, so nothing will happen to it here.
    NotRegistered {
        /// The execution.
        arn: Arn,
        /// Its function.
        function: String,
    },
    /// Another process asked for something that this build does not know.
    UnknownRequest {
        /// What it asked for.
        kind: String,
    },
    /// The store's owner refused what another process asked for.
    Refused {
        /// Its reason.
        reason: String,
    },
    /// The store failed while the engine ran. The engine has stopped; what it had acknowledged is safe.
    StoreFailed {
        /// What SQLite said.
        reason: String,
    },
    /// Something in the store cannot be read. Everything else goes on.
    Unreadable {
        /// What SQLite said, or what was found.
        reason: String,
    },
    /// The store was taken from the engine while it ran. The engine has stopped and has written nothing since.
    StoreLost {
        /// Where the store was.
        path: PathBuf,
        /// What became of it.
        reason: String,
    },
    /// The engine stopped for a reason that is not its store's.
    Stopped {
        /// The reason.
        reason: String,
    },
    /// The engine was closed.
    Closed,
}

/// What closed a callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClosedBy {
    /// Somebody's answer.
    Answer,
    /// Its own timeout, or its heartbeat's.
    Timeout,
    /// Its execution ended while it was open.
    ExecutionEnd,
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Locked { path, pid } => {
                write!(f, "the store `{}` is owned by ", path.display())?;
                match pid {
                    Some(pid) => write!(f, "process {pid}")?,
                    None => f.write_str("another process")?,
                }
                f.write_str(", which runs its executions: stop that process first, or use another store")
            }
            Self::NotAStore { path, found } => write!(
                f,
                "`{}` is not a store of durable executions ({found}); it was left as it is: give another path",
                path.display()
            ),
            Self::NewerStore { path, found, supported } => write!(
                f,
                "the store `{}` has schema version {found} and this build reads up to {supported}: use the newer build",
                path.display()
            ),
            Self::NoStore { path } => {
                write!(
                    f,
                    "there is no store at `{}`: nothing was started there yet, or the path is wrong",
                    path.display()
                )
            }
            Self::Unusable { path, reason } => write!(
                f,
                "the store `{}` cannot be used: {reason}; check that its directory exists and can be written to",
                path.display()
            ),
            Self::UnknownFunction { function, known } if known.is_empty() => {
                write!(f, "no function `{function}` is registered in this process, nor any other")
            }
            Self::UnknownFunction { function, known } => {
                write!(f, "no function `{function}` is registered in this process; it has: {}", known.join(", "))
            }
            Self::AlreadyStarted { arn } => write!(
                f,
                "an execution named `{}` was started with another input: choose another name, or repeat its input to \
                 get that execution ({arn})",
                arn.name()
            ),
            Self::InvalidName { name } => {
                write!(f, "`{name}` cannot name an execution: 1 to 64 characters of letters, digits, `-` and `_`")
            }
            Self::InvalidInput { reason } => write!(f, "the input cannot be used: {reason}"),
            Self::NoSuchExecution { text } => write!(
                f,
                "no execution matches `{text}`: give its name, the last segment of its ARN, or the beginning of either"
            ),
            Self::Ambiguous { text, candidates } => {
                write!(f, "several executions match `{text}`; give more of one of these:")?;
                candidates.iter().try_for_each(|arn| write!(f, "\n  {}  {}", arn.name(), arn.id()))
            }
            Self::NoSuchCallback { id } => {
                write!(f, "there is no callback `{id}` in this store: check the id and the store")
            }
            Self::CallbackClosed { id, by } => {
                let why = match by {
                    ClosedBy::Answer => "was answered before",
                    ClosedBy::Timeout => "has timed out, which its function is told",
                    ClosedBy::ExecutionEnd => "belongs to an execution that has ended",
                };
                write!(f, "the callback `{id}` {why}: nothing was changed")
            }
            Self::NotRegistered { arn, function } => write!(
                f,
                "the execution `{}` waits for the function `{function}`, which is not registered in this process: \
                 resume it with a build that has it",
                arn.name()
            ),
            Self::UnknownRequest { kind } => {
                write!(f, "the store's owner does not know the request `{kind}`: use the same build for both")
            }
            Self::Refused { reason } => write!(f, "the store's owner refused: {reason}"),
            Self::StoreFailed { reason } => write!(
                f,
                "the store failed and the engine stopped ({reason}); what was acknowledged is safe: mend the disk, then \
                 resume"
            ),
            Self::Unreadable { reason } => write!(
                f,
                "what the store holds of this cannot be read ({reason}); everything else goes on: stop the execution, or \
                 restore the store from a copy"
            ),
            Self::StoreLost { path, reason } => write!(
                f,
                "the engine stopped because its store `{}` is no longer its own ({reason}); nothing was written since: \
                 see where the store is and let one process run it",
                path.display()
            ),
            Self::Stopped { reason } => write!(
                f,
                "the engine stopped ({reason}); what was acknowledged is safe: open the store again, then resume"
            ),
            Self::Closed => f.write_str("the engine is closed: open the store again"),
        }
    }
}

impl std::error::Error for EngineError {}
