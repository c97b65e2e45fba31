//! Functions with their types on their way into a program. Knows nothing of commands.

use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::program::App;
use crate::error::BoxError;
use crate::handler::function;
use crate::operation::{Operation, Recordable};

impl App {
    /// Adds a function: a `#[durable]` function, or a closure that returns an operation, under the name that
    /// executions, `--function` and other functions know it by: 1 to 64 letters, digits, `-` and `_`, or the program says
    /// so when it runs. A later one of the same name replaces it.
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
/// When `handler` is a closure or a pointer, which has no name of its own, and as [`App::run`].
pub async fn run<F, In, O>(handler: F) -> Result<(), BoxError>
where
    F: Fn(In) -> O + Send + Sync + 'static,
    In: DeserializeOwned + Send + 'static,
    O: Operation + 'static,
    O::Output: Recordable,
{
    let Some(name) = function_name(std::any::type_name::<F>()) else {
        let what = "only a function has a name to be found by, not a closure, a boxed function or a function pointer";
        return Err(format!("{what}: use `App::new().register(\"name\", …).run()`").into());
    };
    App::new().register(name, handler).run().await
}

/// The name of the function whose type is called so. Closures, pointers and boxes have none.
fn function_name(type_name: &str) -> Option<&str> {
    let path = type_name.split('<').next()?.trim_start_matches('&');
    let name = path.rsplit("::").next()?;
    let name = name.strip_prefix("r#").unwrap_or(name);
    let is_word = |word: &str| !word.is_empty() && word.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
    // A pointer's type is `fn(…) -> …` or `for<…> fn(…)`, without a module.
    let in_a_module = path.contains("::") && !path.contains('(') && !path.starts_with("alloc::");
    (in_a_module && is_word(name)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::function_name;

    #[test]
    fn only_functions_have_names() {
        for (type_name, name) in [
            ("shop::checkout", Some("checkout")),
            ("shop::checkout<shop::Order>", Some("checkout")),
            ("&shop::flows::r#try", Some("try")),
            ("shop::main::{{closure}}::checkout", Some("checkout")),
            ("shop::main::{{closure}}", None),
            ("fn(alloc::string::String) -> durable_runtime::Child<()>", None),
            ("for<'a> fn(&'a str)", None),
            ("alloc::boxed::Box<dyn core::ops::Fn(u32)>", None),
            ("<shop::Shop as shop::Flow>::checkout", None),
        ] {
            assert_eq!(function_name(type_name), name, "{type_name}");
        }
    }
}
