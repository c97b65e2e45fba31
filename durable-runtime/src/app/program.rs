//! The program: functions under their names, and the command line over them. Knows no command's details.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::BoxError;
use super::command::{Command, Parsed, parse};
use super::exit::Exit;
use super::failure::Failure;
use super::run::Start;
use super::terminal::Terminal;
use super::{help, inspect, run, stop, suggest};
use crate::engine::{EngineOptions, ListFilter, StartOptions};
use crate::function::Function;
use crate::handler::with_plugins;
use crate::plugin::Plugin;

/// Says whether a function can read an input, and if not where it goes wrong.
pub type InputCheck = Arc<dyn Fn(&str) -> Result<(), serde_json::Error> + Send + Sync>;

/// Characters of a function's name, as AWS Lambda takes them.
const FUNCTION_NAME_CHARS: usize = 64;

/// A program of durable functions: `App::new().register("checkout", checkout).run().await`.
#[derive(Clone)]
pub struct App {
    program: String,
    pub(super) functions: Vec<Entry>,
    pub(super) options: EngineOptions,
    pub(super) plugins: Vec<Arc<dyn Plugin>>,
}

/// A function under its name.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) function: Arc<dyn Function>,
    check: Option<InputCheck>,
}

impl Entry {
    /// Whether the function can read `json`.
    pub(super) fn check(&self, json: &str) -> Result<(), serde_json::Error> {
        self.check.as_ref().map_or(Ok(()), |check| check(json))
    }
}

/// Where the store is, and how to name it in a command.
pub(super) struct Place {
    program: String,
    pub(super) store: PathBuf,
    pub(super) is_default: bool,
}

impl Place {
    pub(super) fn shown(&self) -> String {
        self.store.display().to_string()
    }

    /// A command line that works on this store.
    pub(super) fn command(&self, command: &str) -> String {
        let program = &self.program;
        if self.is_default {
            format!("{program} {command}")
        } else {
            format!("{program} {command} --store {}", self.shown())
        }
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
        Self { program: program.into(), functions: Vec::new(), options: EngineOptions::default(), plugins: Vec::new() }
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

    /// The functions under their names, in the order of their registration, with the program's plugins.
    /// For programs that run them on an engine of their own.
    pub fn functions(&self) -> impl Iterator<Item = (&str, Arc<dyn Function>)> {
        let watched = |entry: &Entry| with_plugins(Arc::clone(&entry.function), self.plugins.clone());
        self.functions.iter().map(move |entry| (entry.name.as_str(), watched(entry)))
    }

    /// Settings of the engine that runs the functions, such as another clock.
    #[must_use]
    pub fn engine(mut self, options: EngineOptions) -> Self {
        self.options = options;
        self
    }

    /// The store that this process's command line names: `--store`, or the default. For programs that keep files of
    /// their own beside it.
    #[must_use]
    pub fn store_path(&self) -> PathBuf {
        let parsed = parse(&self.program, std::env::args_os().skip(1)).ok();
        self.place(parsed.and_then(|parsed| parsed.store)).store
    }

    /// Runs this process's command line, and **ends the process** with its exit code (see [`Exit`]); only success
    /// returns.
    ///
    /// # Errors
    /// None outside AWS Lambda. Under Lambda (`AWS_LAMBDA_RUNTIME_API` is set) always, because this build cannot
    /// serve it.
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
        if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_some() {
            return Err("AWS_LAMBDA_RUNTIME_API is set, so this is AWS Lambda, and this build cannot serve it: the \
                        `aws` feature does not exist yet; unset the variable to use the command line"
                .into());
        }
        let arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
        match self.execute(arguments, &mut Terminal::standard()).await {
            Exit::Succeeded => Ok(()),
            other => std::process::exit(other.code().into()),
        }
    }

    /// Runs a command line given by its arguments behind the program's name, at `terminal`.
    pub async fn execute(&self, arguments: impl IntoIterator<Item = OsString>, terminal: &mut Terminal) -> Exit {
        let done = match parse(&self.program, arguments).and_then(|parsed| self.check_names().map(|()| parsed)) {
            Ok(parsed) => self.command(parsed, terminal).await,
            Err(failure) => Err(failure),
        };
        let done = done.and_then(|exit| match terminal.check() {
            Ok(()) => Ok(exit),
            Err(error) => Err(Failure::failed(format!(
                "the output could not be written: {error}; what ran is recorded, `{} list` shows it",
                self.program
            ))),
        });
        done.unwrap_or_else(|failure| {
            terminal.say(&format!("{}: {}", self.program, failure.text));
            failure.exit
        })
    }

    async fn command(&self, parsed: Parsed, terminal: &mut Terminal) -> Result<Exit, Failure> {
        let place = self.place(parsed.store);
        let now = self.options.clock.now();
        match parsed.command {
            Command::Start { input, name, function, timeout } => {
                let start = Start { input, function, options: StartOptions { name, timeout } };
                run::start(self, &place, start, terminal).await
            }
            Command::Resume => run::resume(self, &place, terminal).await,
            Command::List { status, function, limit } => {
                let filter = ListFilter { function, statuses: status.into_iter().collect(), limit };
                inspect::list(place.store, filter, now, terminal).await
            }
            Command::Show { id, payloads } => inspect::show(place.store, id, payloads, now, terminal).await,
            Command::Stop { id } => stop::stop(place.store, id, terminal).await,
            Command::Help { command } => {
                let names: Vec<String> = self.functions.iter().map(|entry| entry.name.clone()).collect();
                terminal.print(&help::help(&self.program, &names, command.as_deref())?);
                Ok(Exit::Succeeded)
            }
            Command::Version => {
                terminal.print(&format!("{} on durable-runtime {}", self.program, env!("CARGO_PKG_VERSION")));
                Ok(Exit::Succeeded)
            }
        }
    }

    /// Refuses functions that nothing could find by their names.
    fn check_names(&self) -> Result<(), Failure> {
        let fits = |name: &str| {
            let letters = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
            (1..=FUNCTION_NAME_CHARS).contains(&name.len()) && name.chars().all(letters)
        };
        self.functions.iter().find(|entry| !fits(&entry.name)).map_or(Ok(()), |entry| {
            Err(Failure::usage(format!(
                "`{}` cannot name a function: 1 to {FUNCTION_NAME_CHARS} letters, digits, `-` and `_`; register it under \
                 another name",
                entry.name
            )))
        })
    }

    fn place(&self, store: Option<PathBuf>) -> Place {
        let program = self.program.clone();
        match store {
            Some(store) => Place { program, store, is_default: false },
            None => Place { store: Path::new(".durable").join(format!("{program}.db")), program, is_default: true },
        }
    }

    /// The function that `name` means; without a name, the only one.
    pub(super) fn entry(&self, name: Option<&str>) -> Result<&Entry, Failure> {
        let known = || self.functions.iter().map(|entry| entry.name.as_str());
        let listed = || known().collect::<Vec<_>>().join(", ");
        match (name, self.functions.as_slice()) {
            (_, []) => Err(Failure::usage("this program has no functions: register one with `App::register`")),
            (None, [only]) => Ok(only),
            (None, _) => Err(Failure::usage(format!("which function? say --function NAME, one of: {}", listed()))),
            (Some(name), all) => all.iter().find(|entry| entry.name == name).ok_or_else(|| {
                let meant = suggest::nearest(name, known());
                let meant = meant.map(|meant| format!(": did you mean `{meant}`?")).unwrap_or_default();
                Failure::usage(format!("there is no function `{name}`{meant}; this program has: {}", listed()))
            }),
        }
    }
}
