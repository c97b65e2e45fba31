//! How a server is set up.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::host::Logs;

/// The port without another: the one that AWS's own local tools use for functions.
pub const DEFAULT_PORT: u16 = 3001;

/// Settings of a server. Every one has a default.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    pub(super) listen: SocketAddr,
    pub(super) allowed_hosts: Vec<String>,
    pub(super) invoke_patience: Duration,
    pub(super) drain: Duration,
    pub(super) logs: Option<Logs>,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, DEFAULT_PORT)),
            allowed_hosts: Vec::new(),
            invoke_patience: Duration::from_secs(15 * 60),
            drain: Duration::from_secs(5),
            logs: None,
        }
    }
}

impl ServerOptions {
    /// Where to listen; `127.0.0.1:3001` by default. Port 0 is any free one. Whoever reaches another address than a
    /// loopback one can do everything: there are no credentials.
    #[must_use]
    pub const fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// The address that was asked for.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.listen
    }

    /// A name that requests may call this server by, beside IP addresses, `localhost` and what ends in `.localhost`.
    #[must_use]
    pub fn allow_host(mut self, name: impl Into<String>) -> Self {
        self.allowed_hosts.push(name.into());
        self
    }

    /// How long a synchronous Invoke waits for its execution; 15 minutes by default, as on AWS.
    #[must_use]
    pub const fn invoke_patience(mut self, patience: Duration) -> Self {
        self.invoke_patience = patience;
        self
    }

    /// How long requests that are in flight when the server is shut down may take; 5 seconds by default.
    #[must_use]
    pub const fn drain(mut self, time: Duration) -> Self {
        self.drain = time;
        self
    }

    /// The log of the functions that run in other processes, for `GET /durable/logs`.
    #[must_use]
    pub fn logs(mut self, logs: Logs) -> Self {
        self.logs = Some(logs);
        self
    }
}
