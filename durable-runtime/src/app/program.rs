//! The program: functions under their names, and where it runs: AWS Lambda, or the command line. Knows the details of
//! neither.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[cfg(feature = "engine")]
use crate::engine::EngineOptions;
use crate::error::BoxError;
use crate::function::{Divergence, Function};
use crate::handler::with_plugins;
#[cfg(feature = "aws")]
use crate::lambda::{self, Served};
use crate::plugin::Plugin;
#[cfg(feature = "aws")]
use crate::service::AwsService;

/// Set by AWS Lambda, and by whatever plays it.
const RUNTIME_API: &str = "AWS_LAMBDA_RUNTIME_API";

/// Says whether a function can read an input, and if not where it goes wrong.
pub type InputCheck = Arc<dyn Fn(&str) -> Result<(), serde_json::Error> + Send + Sync>;

/// A program of durable functions: `App::new().register("checkout", checkout).run().await`.
#[derive(Clone)]
pub struct App {
    #[cfg_attr(not(feature = "engine"), allow(dead_code))]
    pub(super) program: String,
    pub(super) functions: Vec<Entry>,
    #[cfg(feature = "engine")]
    pub(super) options: EngineOptions,
    pub(super) plugins: Vec<Arc<dyn Plugin>>,
    #[cfg_attr(not(feature = "aws"), allow(dead_code))]
    on_divergence: Divergence,
    #[cfg(feature = "aws")]
    client: Option<aws_sdk_lambda::Client>,
}

/// A function under its name.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) function: Arc<dyn Function>,
    #[cfg_attr(not(feature = "engine"), allow(dead_code))]
    check: Option<InputCheck>,
}

#[cfg(feature = "engine")]
impl Entry {
    /// Whether the function can read `json`.
    pub(super) fn check(&self, json: &str) -> Result<(), serde_json::Error> {
        self.check.as_ref().map_or(Ok(()), |check| check(json))
    }
}

impl Default for App {
    fn default() -> Self {
        let own = std::env::args_os().next().map(PathBuf::from);
        let stem = own.as_deref().and_then(Path::file_stem).map(|stem| stem.to_string_lossy().into_owned());
        Self::named(stem.filter(|stem| !stem.is_empty()).unwrap_or_else(|| "durable".to_owned()))
    }
}

impl App {
    /// A program named after its executable file.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A program of another name: its default store is `.durable/<name>.db`, and help calls it so.
    #[must_use]
    pub fn named(program: impl Into<String>) -> Self {
        Self {
            program: program.into(),
            functions: Vec::new(),
            #[cfg(feature = "engine")]
            options: EngineOptions::default(),
            plugins: Vec::new(),
            on_divergence: Divergence::default(),
            #[cfg(feature = "aws")]
            client: None,
        }
    }

    /// Adds a function behind its types. A later one of the same name replaces it.
    #[must_use]
    pub fn register_function(self, name: impl Into<String>, function: Arc<dyn Function>) -> Self {
        self.add(Entry { name: name.into(), function, check: None })
    }

    /// Adds a function behind its types, with a check that keeps `start` from starting what it could not read.
    #[must_use]
    pub fn register_checked(self, name: impl Into<String>, function: Arc<dyn Function>, check: InputCheck) -> Self {
        self.add(Entry { name: name.into(), function, check: Some(check) })
    }

    fn add(mut self, entry: Entry) -> Self {
        self.functions.retain(|other| other.name != entry.name);
        self.functions.push(entry);
        self
    }

    /// Adds a plugin, which listens to all functions of the program.
    ///
    /// For one function alone there is [`handler::with_plugins`](crate::handler::with_plugins).
    #[must_use]
    pub fn plugin(mut self, plugin: impl Plugin) -> Self {
        self.plugins.push(Arc::new(plugin));
        self
    }

    /// What AWS Lambda is told when today's code does not fit an execution's history: by default the execution fails.
    /// The embedded engine keeps such an execution BLOCKED, whatever is set here.
    #[must_use]
    pub fn on_divergence(mut self, what: Divergence) -> Self {
        self.on_divergence = what;
        self
    }

    /// The client by which checkpoints go to AWS, in place of one that is made of the environment at the first call. For
    /// credentials from elsewhere, a proxy, another TLS: [`AwsService::config_from_environment`] has the settings to
    /// begin with, and `Client::new(&config)` makes a client of the configuration that `aws-config` loads. The SDK is
    /// this crate's [`aws_sdk_lambda`](crate::aws_sdk_lambda), which has no HTTP client of its own.
    #[cfg(feature = "aws")]
    #[must_use]
    pub fn aws_client(mut self, client: aws_sdk_lambda::Client) -> Self {
        self.client = Some(client);
        self
    }

    /// The functions under their names, in the order of their registration, with the program's plugins.
    /// For programs that run them on an engine of their own.
    pub fn functions(&self) -> impl Iterator<Item = (&str, Arc<dyn Function>)> {
        let watched = |entry: &Entry| with_plugins(Arc::clone(&entry.function), self.plugins.clone());
        self.functions.iter().map(move |entry| (entry.name.as_str(), watched(entry)))
    }

    /// Serves the functions: under AWS Lambda (`AWS_LAMBDA_RUNTIME_API` is set) to the Runtime API, anywhere else by this
    /// process's command line, which **ends the process** with its exit code (see `Exit`); only success returns.
    ///
    /// # Errors
    /// When the build lacks what it takes: the feature `aws` under Lambda, the feature `engine` anywhere else.
    pub async fn run(self) -> Result<(), BoxError> {
        // Collected first: the process's own iterator is not `Send`, and this future may be spawned.
        let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
        self.run_with(arguments).await
    }

    /// [`run`](Self::run) with other arguments than the process's, as for a program that starts something by itself
    /// when it is called without any.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn run_with(self, arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Result<(), BoxError> {
        if std::env::var_os(RUNTIME_API).is_some_and(|address| !address.is_empty()) {
            return self.run_on_lambda().await;
        }
        self.run_console(arguments.into_iter().map(Into::into).collect()).await
    }

    #[cfg(feature = "aws")]
    async fn run_on_lambda(self) -> Result<(), BoxError> {
        let functions = self.functions().map(|(name, function)| (name.to_owned(), function)).collect();
        let service = self.client.map_or_else(AwsService::from_environment, AwsService::new);
        lambda::serve(Served { functions, service: Arc::new(service), on_divergence: self.on_divergence }).await
    }

    #[cfg(not(feature = "aws"))]
    async fn run_on_lambda(self) -> Result<(), BoxError> {
        Err(format!(
            "{RUNTIME_API} is set, so this is AWS Lambda, and this build cannot serve it: build it with \
             `--no-default-features --features aws`, or unset the variable to use the command line"
        )
        .into())
    }

    #[cfg(not(feature = "engine"))]
    async fn run_console(self, _arguments: Vec<OsString>) -> Result<(), BoxError> {
        Err(format!(
            "{RUNTIME_API} is not set, so this is not AWS Lambda, and this build has no embedded engine: build it with \
             the feature `engine`, or run it on AWS Lambda"
        )
        .into())
    }
}
