//! How an engine is opened.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::Engine;
use super::error::EngineError;
use crate::clock::{Clock, SystemClock};

/// Settings of an engine. Every one has a default; [`open`](Self::open) ends the chain.
#[derive(Clone)]
pub struct EngineOptions {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) execution_timeout: Duration,
    pub(crate) runtime_retries: u32,
    pub(crate) invocation_retries: u32,
    pub(crate) page_operations: usize,
    pub(crate) page_bytes: usize,
    pub(crate) max_operations: usize,
    pub(crate) inbox_interval: Duration,
    pub(crate) lock_timeout: Duration,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            execution_timeout: Duration::from_secs(crate::wire::limits::DELAY_SECONDS),
            runtime_retries: 3,
            invocation_retries: u32::MAX,
            page_operations: 1000,
            page_bytes: 5 * 1024 * 1024,
            max_operations: 30_000,
            inbox_interval: Duration::from_millis(200),
            lock_timeout: Duration::from_secs(1),
        }
    }
}

impl EngineOptions {
    /// The clock that everything goes by; the machine's by default.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// How long an execution may take that is started without a timeout of its own; 366 days by default.
    #[must_use]
    pub const fn execution_timeout(mut self, timeout: Duration) -> Self {
        self.execution_timeout = timeout;
        self
    }

    /// How often in a row an invocation is repeated that ended with a runtime error (a type that begins with
    /// `Runtime`, `Sandbox` or `Extension`, except `Sandbox.Timedout`); 3 by default, as on AWS.
    #[must_use]
    pub const fn runtime_retries(mut self, retries: u32) -> Self {
        self.runtime_retries = retries;
        self
    }

    /// How often in a row an invocation is repeated that ended with any other error; only the execution's timeout
    /// and four hours of trying bound it by default.
    #[must_use]
    pub const fn invocation_retries(mut self, retries: u32) -> Self {
        self.invocation_retries = retries;
        self
    }

    /// How much state goes into one page, of an event or of an answer: 1,000 operations and 5 MiB by default. A page
    /// holds at least one operation, except the first of an event.
    #[must_use]
    pub const fn page_size(mut self, operations: usize, bytes: usize) -> Self {
        self.page_operations = operations;
        self.page_bytes = bytes;
        self
    }

    /// How many operations one execution may have before it fails; 30,000 by default.
    #[must_use]
    pub const fn max_operations(mut self, operations: usize) -> Self {
        self.max_operations = operations;
        self
    }

    /// How often requests that other processes left in the store are looked for; every 200 ms by default. Not done
    /// in virtual time, where only [`Engine::resume`] looks.
    #[must_use]
    pub const fn inbox_interval(mut self, interval: Duration) -> Self {
        self.inbox_interval = interval;
        self
    }

    /// How long opening waits for another owner to leave, who may be there only to stop an execution; a second by
    /// default, by the machine's clock. Not done in virtual time.
    #[must_use]
    pub const fn lock_timeout(mut self, timeout: Duration) -> Self {
        self.lock_timeout = timeout;
        self
    }

    /// Opens the store at `path`, creating it when it does not exist, and takes its lock. Nothing runs before
    /// [`Engine::start`] or [`Engine::resume`], so that functions can be registered first.
    ///
    /// # Errors
    /// When another process owns the store, the file is no store or a newer one, or it cannot be written.
    pub async fn open(self, path: impl AsRef<Path>) -> Result<Engine, EngineError> {
        Engine::with_options(self, Some(PathBuf::from(path.as_ref()))).await
    }

    /// Opens an empty store in memory, gone with the engine. For tests.
    ///
    /// # Errors
    /// When SQLite cannot make one.
    pub async fn open_in_memory(self) -> Result<Engine, EngineError> {
        Engine::with_options(self, None).await
    }
}
