//! How a function in another process is run.

use std::num::NonZeroUsize;
use std::time::Duration;

use super::logs::Logs;

/// Settings of a function in another process. Every one has a default.
#[derive(Debug, Clone)]
pub struct HostOptions {
    pub(super) function_timeout: Duration,
    pub(super) init_timeout: Duration,
    pub(super) max_processes: usize,
    pub(super) endpoint: Option<String>,
    pub(super) variables: Vec<(String, String)>,
    pub(super) grace: Duration,
    pub(super) logs: Logs,
}

impl Default for HostOptions {
    fn default() -> Self {
        Self {
            function_timeout: Duration::from_secs(900),
            init_timeout: Duration::from_secs(60),
            max_processes: 8,
            endpoint: None,
            variables: Vec::new(),
            grace: Duration::from_secs(2),
            logs: Logs::default(),
        }
    }
}

impl HostOptions {
    /// How long one invocation may take before its process is killed; 900 seconds by default, as on AWS at most.
    #[must_use]
    pub const fn function_timeout(mut self, timeout: Duration) -> Self {
        self.function_timeout = timeout;
        self
    }

    /// How long a process may take until it asks for its first event; 60 seconds by default. AWS allows 10: debug
    /// builds and first starts are slower.
    #[must_use]
    pub const fn init_timeout(mut self, timeout: Duration) -> Self {
        self.init_timeout = timeout;
        self
    }

    /// How many processes of the function run at once, 8 by default. Invocations beyond that wait in their order.
    #[must_use]
    pub const fn max_processes(mut self, processes: NonZeroUsize) -> Self {
        self.max_processes = processes.get();
        self
    }

    /// Where the process finds the durable execution service: `AWS_ENDPOINT_URL_LAMBDA`. Without one it inherits
    /// what this process has.
    #[must_use]
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoint = Some(url.into());
        self
    }

    /// An environment variable of the process. It wins over everything but `AWS_LAMBDA_RUNTIME_API`.
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// How long a process has between SIGTERM and SIGKILL when the host is closed; 2 seconds by default.
    #[must_use]
    pub const fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Where the lines go that processes write; functions may share it.
    #[must_use]
    pub fn logs(mut self, logs: Logs) -> Self {
        self.logs = logs;
        self
    }
}
