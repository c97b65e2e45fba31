//! The service's HTTP API over the embedded engine: the paths, shapes and errors that the AWS SDKs speak. Knows of the
//! engine only its public surface, and nothing of the types of functions.

mod answer;
mod api;
mod body;
mod callbacks;
mod connections;
mod data_plane;
mod error;
mod executions;
mod function_name;
mod functions;
mod guards;
mod invoke;
mod logs;
mod options;
mod query;
mod routes;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;

pub use functions::FunctionServer;
pub use options::{DEFAULT_PORT, ServerOptions};

use crate::engine::Engine;
use api::Api;

/// A server that has its address and answers nobody yet.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use durable_runtime::engine::Engine;
/// use durable_runtime::server::{Server, ServerOptions};
///
/// let engine = Engine::open("orders.db").await?;
/// let server = Server::bind(engine.clone(), ServerOptions::default()).await?;
/// println!("listening on http://{}", server.address());
/// server.serve_until(async { drop(tokio::signal::ctrl_c().await) }).await;
/// engine.close().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    options: ServerOptions,
    engine: Engine,
}

impl Server {
    /// Takes the address that `options` name; `engine` stays the caller's, who registers functions with it, resumes
    /// what is unfinished and closes it.
    ///
    /// # Errors
    /// When the address is taken or not this machine's.
    pub async fn bind(engine: Engine, options: ServerOptions) -> io::Result<Self> {
        let listener = TcpListener::bind(options.listen).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address, options, engine })
    }

    /// The address it listens on, with the port that it was given.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers requests until `shutdown` resolves. Then it takes no more of them, tells those who wait for an
    /// execution that it goes on without them, finishes what is in flight for at most
    /// [`ServerOptions::drain`], and returns. Everything that was answered is in the store.
    pub async fn serve_until(self, shutdown: impl Future<Output = ()>) {
        let (closing, is_closing) = watch::channel(false);
        let drain = self.options.drain;
        let api = Arc::new(Api { engine: self.engine, options: self.options, closing: is_closing });
        let shutdown = async {
            shutdown.await;
            let _ = closing.send_replace(true);
        };
        let handle = move |request| {
            let api = Arc::clone(&api);
            async move { api.answer(request).await }
        };
        connections::serve(self.listener, handle, shutdown, drain).await;
    }
}
