//! Functions with their types on their way into a program. Knows nothing of commands.

use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::program::App;
use crate::error::BoxError;
use crate::handler::function;
use crate::operation::{Operation, Recordable};

impl App {
    /// Adds a function: a `#[durable]` function, or a closure that returns an operation, under the name that
    /// executions, `--function` and other functions know it by. A later one of the same name replaces it.
    ///
    /// A closure is how a function gets clients that are shared between its executions:
    ///
    /// ```no_run
    /// # use std::sync::Arc;
    /// use durable_runtime::App;
    /// use durable_runtime::prelude::*;
    ///
    /// # struct Client; impl Client { async fn greet(&self, name: &str) -> Result<String> { Ok(name.into()) } }
    /// #[durable]
    /// async fn greet(client: Arc<Client>, name: String) -> Result<String> {
    ///     record!(client.greet(&name)).await
    /// }
    ///
    /// # async fn start() -> Result<(), BoxError> {
    /// let client = Arc::new(Client);
    /// App::new().register("greet", move |name: String| greet(client.clone(), name)).run().await
    /// # }
    /// ```
    #[must_use]
    pub fn register<F, In, O>(self, name: impl Into<String>, handler: F) -> Self
    where
        F: Fn(In) -> O + Send + Sync + 'static,
        In: DeserializeOwned + Send + 'static,
        O: Operation + 'static,
        O::Output: Recordable,
    {
        let check = Arc::new(|json: &str| serde_json::from_str::<In>(json).map(drop));
        self.register_checked(name, function(handler), check)
    }
}

/// Serves one `#[durable]` function under its own name: the whole `main` of a program.
///
/// Outside AWS Lambda this is a command line over the embedded engine: `start`, `resume`, `list`, `show`, `stop`,
/// `help`. Its store is `.durable/<program>.db` unless `--store` names another. It **ends the process** with the exit
/// code: 0 succeeded, 1 failed, 2 usage, 3 BLOCKED; only success returns.
///
/// ```no_run
/// use durable_runtime::prelude::*;
///
/// #[durable]
/// async fn greet(name: String) -> Result<String> {
///     sleep(seconds(2)).await?;
///     Ok(format!("hello {name}"))
/// }
///
/// #[tokio::main]
/// async fn main() -> Result<(), BoxError> {
///     durable_runtime::run(greet).await
/// }
/// ```
///
/// # Errors
/// When `handler` is a closure, which has no name of its own, and as [`App::run`].
pub async fn run<F, In, O>(handler: F) -> Result<(), BoxError>
where
    F: Fn(In) -> O + Send + Sync + 'static,
    In: DeserializeOwned + Send + 'static,
    O: Operation + 'static,
    O::Output: Recordable,
{
    let full = std::any::type_name::<F>();
    let name = full.split('<').next().and_then(|path| path.rsplit("::").next()).unwrap_or(full);
    if name.starts_with('{') {
        return Err("a closure has no name to be found by: use `App::new().register(\"name\", closure).run()`".into());
    }
    App::new().register(name, handler).run().await
}
