//! The command line's grammar: a table of commands, and the arguments read by it. Runs nothing.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use lexopt::Arg;

use super::failure::Failure;
use super::suggest;
use crate::engine::ExecutionStatus;

/// An option: `--name VALUE`, or `--name` alone when there is no value.
pub(super) struct OptionRow {
    pub(super) name: &'static str,
    pub(super) value: Option<&'static str>,
    pub(super) says: &'static str,
}

/// A command, as help shows it and the parser reads it.
pub(super) struct CommandRow {
    pub(super) name: &'static str,
    pub(super) operand: Option<&'static str>,
    pub(super) operand_required: bool,
    pub(super) says: &'static str,
    pub(super) more: &'static str,
    pub(super) options: &'static [OptionRow],
}

const STORE: OptionRow =
    OptionRow { name: "store", value: Some("PATH"), says: "the store's file (default: .durable/<program>.db)" };

pub(super) const COMMANDS: [CommandRow; 7] = [
    CommandRow {
        name: "start",
        operand: Some("JSON | @FILE | -"),
        operand_required: false,
        says: "start an execution, follow it, print its result",
        more: "The input is JSON, a file after `@`, or `-` for standard input; without one it is null.\n\
               The result is the last line of standard output.",
        options: &[
            OptionRow {
                name: "name",
                value: Some("NAME"),
                says: "name it: the same name and input is the same execution",
            },
            OptionRow { name: "function", value: Some("FUNCTION"), says: "which function, when there are several" },
            OptionRow { name: "timeout", value: Some("SECONDS"), says: "end it as TIMED_OUT after this time" },
            STORE,
        ],
    },
    CommandRow {
        name: "resume",
        operand: None,
        operand_required: false,
        says: "go on with everything unfinished, print each result",
        more: "BLOCKED executions are tried again: this is what a mended build is for.",
        options: &[STORE],
    },
    CommandRow {
        name: "list",
        operand: None,
        operand_required: false,
        says: "list the executions, newest first",
        more: "Only reads the store: works while another process runs its executions.",
        options: &[
            OptionRow {
                name: "status",
                value: Some("STATUS"),
                says: "only running, succeeded, failed, timed_out or stopped ones",
            },
            OptionRow { name: "function", value: Some("FUNCTION"), says: "only those of this function" },
            OptionRow { name: "limit", value: Some("N"), says: "at most this many" },
            STORE,
        ],
    },
    CommandRow {
        name: "show",
        operand: Some("ID"),
        operand_required: true,
        says: "show an execution as a tree of its operations",
        more: "ID is the execution's name, the last segment of its ARN, or a unique beginning of either.\n\
               Only reads the store: works while another process runs its executions.",
        options: &[OptionRow { name: "payloads", value: None, says: "show inputs and results too" }, STORE],
    },
    CommandRow {
        name: "stop",
        operand: Some("ID"),
        operand_required: true,
        says: "end an execution as STOPPED, whoever runs it",
        more: "ID is the execution's name, the last segment of its ARN, or a unique beginning of either.\n\
               A process that runs the store's executions is asked to; otherwise it is done at once.",
        options: &[STORE],
    },
    CommandRow {
        name: "help",
        operand: Some("COMMAND"),
        operand_required: false,
        says: "say what a command does",
        more: "",
        options: &[],
    },
    CommandRow {
        name: "version",
        operand: None,
        operand_required: false,
        says: "print the version",
        more: "",
        options: &[],
    },
];

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    Start { input: Option<String>, name: Option<String>, function: Option<String>, timeout: Option<Duration> },
    Resume,
    List { status: Option<ExecutionStatus>, function: Option<String>, limit: Option<usize> },
    Show { id: String, payloads: bool },
    Stop { id: String },
    Help { command: Option<String> },
    Version,
}

/// A command line that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parsed {
    pub(super) command: Command,
    /// `--store`, when it was given.
    pub(super) store: Option<PathBuf>,
}

/// Reads the arguments behind the program's name. `program` is only named in errors.
pub(super) fn parse(program: &str, arguments: impl IntoIterator<Item = OsString>) -> Result<Parsed, Failure> {
    let mut parser = lexopt::Parser::from_args(arguments);
    let help = |command: Option<String>| Ok(Parsed { command: Command::Help { command }, store: None });
    let word = match parser.next().map_err(|error| Failure::usage(error.to_string()))? {
        None | Some(Arg::Short('h') | Arg::Long("help")) => return help(None),
        Some(Arg::Short('V') | Arg::Long("version")) => "version".to_owned(),
        Some(Arg::Value(word)) => word.to_string_lossy().into_owned(),
        Some(other) => {
            let error = other.unexpected();
            return Err(Failure::usage(format!("{error}: the command comes first; `{program} help` lists them")));
        }
    };
    let Some(row) = COMMANDS.iter().find(|row| row.name == word) else {
        return Err(unknown_command(program, &word));
    };
    let mut given = Given { program, row, operand: None, options: BTreeMap::new() };
    while let Some(argument) = parser.next().map_err(|error| given.wrong(&error.to_string()))? {
        match argument {
            Arg::Short('h') | Arg::Long("help") => return help(Some(row.name.to_owned())),
            Arg::Long(name) => {
                let name = name.to_owned();
                given.option(&name, &mut parser)?;
            }
            Arg::Value(value) if row.operand.is_some() && given.operand.is_none() => {
                given.operand = Some(given.text(value)?);
            }
            other => return Err(given.wrong(&other.unexpected().to_string())),
        }
    }
    given.finish()
}

fn unknown_command(program: &str, word: &str) -> Failure {
    let meant = suggest::nearest(word, COMMANDS.iter().map(|row| row.name));
    let meant = meant.map(|name| format!("did you mean `{name}`? ")).unwrap_or_default();
    Failure::usage(format!("there is no command `{word}`: {meant}`{program} help` lists them"))
}

/// The arguments of one command while they are read.
struct Given<'a> {
    program: &'a str,
    row: &'static CommandRow,
    operand: Option<String>,
    options: BTreeMap<&'static str, OsString>,
}

impl Given<'_> {
    fn wrong(&self, what: &str) -> Failure {
        let Self { program, row, .. } = self;
        Failure::usage(format!("{what}; `{program} help {}` says what it takes", row.name))
    }

    fn text(&self, value: OsString) -> Result<String, Failure> {
        value.into_string().map_err(|value| self.wrong(&format!("`{}` is not valid Unicode", value.to_string_lossy())))
    }

    fn option(&mut self, name: &str, parser: &mut lexopt::Parser) -> Result<(), Failure> {
        let Some(option) = self.row.options.iter().find(|option| option.name == name) else {
            let meant = suggest::nearest(name, self.row.options.iter().map(|option| option.name));
            let meant = meant.map(|name| format!(": did you mean `--{name}`?")).unwrap_or_default();
            return Err(self.wrong(&format!("`{}` has no option `--{name}`{meant}", self.row.name)));
        };
        let value = match option.value {
            Some(_) => parser.value().map_err(|error| self.wrong(&error.to_string()))?,
            None => OsString::new(),
        };
        if self.options.insert(option.name, value).is_some() {
            return Err(self.wrong(&format!("`--{name}` is given twice")));
        }
        Ok(())
    }

    /// Takes an option's text.
    fn take(&mut self, name: &str) -> Result<Option<String>, Failure> {
        self.options.remove(name).map(|value| self.text(value)).transpose()
    }

    /// Takes an option's text and reads it, or says what it should have been.
    fn read<T>(&mut self, name: &str, expected: &str, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Failure> {
        let Some(text) = self.take(name)? else { return Ok(None) };
        read(&text).map(Some).ok_or_else(|| self.wrong(&format!("`--{name} {text}`: {expected}")))
    }

    fn finish(mut self) -> Result<Parsed, Failure> {
        let store = self.options.remove("store").map(PathBuf::from);
        if store.as_deref().is_some_and(|path| path.as_os_str().is_empty()) {
            return Err(self.wrong("`--store` names no file"));
        }
        if let (Some(operand), true, None) = (self.row.operand, self.row.operand_required, &self.operand) {
            return Err(self.wrong(&format!("`{}` needs {operand}", self.row.name)));
        }
        let operand = self.operand.take();
        let id = || operand.clone().unwrap_or_default();
        let command = match self.row.name {
            "start" => Command::Start {
                name: self.take("name")?,
                function: self.take("function")?,
                timeout: self.read("timeout", "a whole number of seconds, at least 1", |text| {
                    text.parse().ok().filter(|seconds| *seconds > 0).map(Duration::from_secs)
                })?,
                input: operand,
            },
            "resume" => Command::Resume,
            "list" => Command::List {
                status: self.read("status", "one of running, succeeded, failed, timed_out, stopped", |text| {
                    ExecutionStatus::parse(&text.replace('-', "_"))
                })?,
                function: self.take("function")?,
                limit: self
                    .read("limit", "a whole number, at least 1", |text| text.parse().ok().filter(|limit| *limit > 0))?,
            },
            "show" => Command::Show { id: id(), payloads: self.options.contains_key("payloads") },
            "stop" => Command::Stop { id: id() },
            "version" => Command::Version,
            _ => Command::Help { command: operand },
        };
        Ok(Parsed { command, store })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &[&str]) -> Result<Parsed, Failure> {
        parse("shop", line.iter().map(OsString::from))
    }

    #[test]
    fn start_takes_its_input_and_options_in_any_order() {
        let parsed = read(&["start", "--name", "n1", "{}", "--timeout=60", "--store", "x.db"]).unwrap();
        assert_eq!(parsed.store, Some(PathBuf::from("x.db")));
        let timeout = Some(Duration::from_secs(60));
        let expected = Command::Start { input: Some("{}".into()), name: Some("n1".into()), function: None, timeout };
        assert_eq!(parsed.command, expected);
        let parsed = read(&["start", "-"]).unwrap();
        assert!(matches!(parsed.command, Command::Start { input: Some(dash), .. } if dash == "-"));
    }

    #[test]
    fn no_arguments_and_help_anywhere_are_help() {
        for (line, topic) in [(&[][..], None), (&["--help"], None), (&["show", "--help"], Some("show".to_owned()))] {
            assert_eq!(read(line).unwrap().command, Command::Help { command: topic });
        }
    }

    #[test]
    fn what_is_not_understood_is_named_with_what_was_meant() {
        let text = |line: &[&str]| read(line).unwrap_err().text;
        assert!(text(&["strat"]).contains("did you mean `start`?"));
        assert!(text(&["list", "--stutus", "x"]).contains("did you mean `--status`?"));
        assert!(text(&["show"]).contains("`show` needs ID"));
        assert!(text(&["list", "--limit", "many"]).contains("a whole number"));
        assert!(text(&["start", "--timeout", "0"]).contains("at least 1"));
        assert!(text(&["start", "{}", "{}"]).contains("shop help start"));
        assert!(text(&["start", "--name"]).contains("missing"));
        assert!(text(&["stop", "a", "--store", "x", "--store", "y"]).contains("given twice"));
        assert!(text(&["--store", "x", "list"]).contains("the command comes first"));
    }
}
