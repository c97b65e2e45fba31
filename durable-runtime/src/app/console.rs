//! The command line as a whole: from a program's arguments to the command that they ask for. Knows no command's
//! details, nothing of the types of functions, and of the engine only its public surface.

mod callback;
mod callback_path;
mod command;
mod exit;
mod failure;
mod follow;
mod help;
#[cfg(feature = "server")]
mod host;
mod input;
mod inspect;
mod painter;
mod progress;
mod render;
mod run;
#[cfg(feature = "server")]
mod serve;
mod stop;
mod suggest;
mod table;
mod terminal;
mod text;
mod tree;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

pub use exit::Exit;
pub use terminal::Terminal;

use super::program::{App, Entry};
use crate::engine::{EngineOptions, FUNCTION_NAME_CHARS, ListFilter, StartOptions, is_function_name};
use crate::error::BoxError;
use command::{Command, Parsed, parse};
use failure::Failure;
use run::Start;

/// Where the store is, and how to name it in a command.
#[derive(Debug, Clone)]
pub(super) struct Place {
    program: String,
    pub(super) store: PathBuf,
    pub(super) is_default: bool,
}

impl Place {
    pub(super) fn shown(&self) -> String {
        self.store.display().to_string()
    }

    /// The command line that answers the callback at `path` (names joined by `/`) of an execution.
    pub(super) fn answer_command(&self, execution: &str, path: &str) -> String {
        let id = text::shell_word(&format!("{execution}/{path}"));
        self.command(&format!("callback {id} succeed JSON"))
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

impl App {
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

    pub(super) async fn run_console(self, arguments: Vec<OsString>) -> Result<(), BoxError> {
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
            #[cfg(feature = "server")]
            Command::Serve(how) => serve::serve(self, &place, how, terminal).await,
            #[cfg(feature = "server")]
            Command::Host(how) => host::host(how, terminal).await,
            Command::List { status, function, limit } => {
                let filter = ListFilter { function, statuses: status.into_iter().collect(), limit };
                inspect::list(place.store, filter, now, terminal).await
            }
            Command::Show { id, payloads } => inspect::show(place.store, id, payloads, now, terminal).await,
            Command::Stop { id } => stop::stop(place.store, id, terminal).await,
            Command::Callback { id, answer } => {
                callback::answer(&place, self.options.clone(), id, answer, terminal).await
            }
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
        self.functions.iter().find(|entry| !is_function_name(&entry.name)).map_or(Ok(()), |entry| {
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
    fn entry(&self, name: Option<&str>) -> Result<&Entry, Failure> {
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
