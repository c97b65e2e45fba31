//! The command line's grammar: a table of commands, and the arguments read by it. Runs nothing.

#[cfg(feature = "server")]
mod hosting;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use lexopt::Arg;

use super::failure::Failure;
use super::suggest;
use crate::engine::ExecutionStatus;
#[cfg(feature = "server")]
pub(super) use hosting::{Host, Net, Processes, Serve};

/// An option: `--name VALUE`, or `--name` alone when there is no value. One whose value ends in `...` may be given
/// several times.
pub(super) struct OptionRow {
    pub(super) name: &'static str,
    pub(super) value: Option<&'static str>,
    pub(super) says: &'static str,
}

/// An operand: what stands behind the command without a name. Those that may be left out come last. One whose name ends
/// in `...` takes all that is left.
pub(super) struct OperandRow {
    pub(super) name: &'static str,
    pub(super) required: bool,
}

/// A command, as help shows it and the parser reads it.
pub(super) struct CommandRow {
    pub(super) name: &'static str,
    pub(super) operands: &'static [OperandRow],
    pub(super) says: &'static str,
    pub(super) more: &'static str,
    pub(super) options: &'static [OptionRow],
}

/// How the value of an option ends that may be given several times.
const REPEATS: &str = "...";

const STORE: OptionRow =
    OptionRow { name: "store", value: Some("PATH"), says: "the store's file (default: .durable/<program>.db)" };

const ID: OperandRow = OperandRow { name: "ID", required: true };
const JSON: OperandRow = OperandRow { name: "JSON | @FILE | -", required: false };

pub(super) const COMMANDS: &[CommandRow] = &[
    CommandRow {
        name: "start",
        operands: &[JSON],
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
        operands: &[],
        says: "go on with everything unfinished, print each result",
        more: "BLOCKED executions are tried again: this is what a mended build is for.",
        options: &[STORE],
    },
    #[cfg(feature = "server")]
    hosting::SERVE,
    #[cfg(feature = "server")]
    hosting::HOST,
    CommandRow {
        name: "list",
        operands: &[],
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
        operands: &[ID],
        says: "show an execution as a tree of its operations",
        more: "ID is the execution's name, the last segment of its ARN, or a unique beginning of either.\n\
               Only reads the store: works while another process runs its executions.",
        options: &[OptionRow { name: "payloads", value: None, says: "show inputs and results too" }, STORE],
    },
    CommandRow {
        name: "stop",
        operands: &[ID],
        says: "end an execution as STOPPED, whoever runs it",
        more: "ID is the execution's name, the last segment of its ARN, or a unique beginning of either.\n\
               A process that runs the store's executions is asked to; otherwise it is done at once.",
        options: &[STORE],
    },
    CommandRow {
        name: "callback",
        operands: &[ID, OperandRow { name: "succeed | fail | heartbeat", required: true }, JSON],
        says: "answer what an execution waits for from outside",
        more: "ID is the callback's id, which `show` prints, or EXECUTION/NAME of an open one, such as order-7/approval.\n\
               `succeed` gives it a result: JSON, a file after `@`, or `-` for standard input; without one it is null.\n\
               `fail` gives it an error; `heartbeat` says that the answer is still being worked on.\n\
               A process that runs the store's executions is asked to take it; otherwise it is recorded at once.",
        options: &[
            OptionRow { name: "raw", value: None, says: "succeed with the text as it is, not with JSON" },
            OptionRow { name: "type", value: Some("T"), says: "fail with an error of this type" },
            OptionRow { name: "message", value: Some("M"), says: "fail with this message" },
            OptionRow { name: "data", value: Some("D"), says: "fail with this text as the error's data" },
            STORE,
        ],
    },
    CommandRow {
        name: "help",
        operands: &[OperandRow { name: "COMMAND", required: false }],
        says: "say what a command does",
        more: "",
        options: &[],
    },
    CommandRow { name: "version", operands: &[], says: "print the version", more: "", options: &[] },
];

/// What a callback can be told, with the options that go with it.
const VERBS: [(&str, &[&str]); 3] = [("succeed", &["raw"]), ("fail", &["type", "message", "data"]), ("heartbeat", &[])];

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    Start {
        input: Option<String>,
        name: Option<String>,
        function: Option<String>,
        timeout: Option<Duration>,
    },
    Resume,
    #[cfg(feature = "server")]
    Serve(Serve),
    #[cfg(feature = "server")]
    Host(Host),
    List {
        status: Option<ExecutionStatus>,
        function: Option<String>,
        limit: Option<usize>,
    },
    Show {
        id: String,
        payloads: bool,
    },
    Stop {
        id: String,
    },
    Callback {
        id: String,
        answer: Answer,
    },
    Help {
        command: Option<String>,
    },
    Version,
}

/// What a callback is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// A result: JSON unless it is `raw`.
    Succeed { value: Option<String>, raw: bool },
    /// An error.
    Fail { error_type: Option<String>, message: Option<String>, data: Option<String> },
    /// That it is still worked on.
    Heartbeat,
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
    let mut given = Given { program, row, operands: Vec::new(), options: BTreeMap::new() };
    while let Some(argument) = parser.next().map_err(|error| given.wrong(&error.to_string()))? {
        match argument {
            Arg::Short('h') | Arg::Long("help") => return help(Some(row.name.to_owned())),
            Arg::Long(name) => {
                let name = name.to_owned();
                given.option(&name, &mut parser)?;
            }
            Arg::Value(value) if given.takes_more() => {
                let text = given.text(value)?;
                given.operands.push(text);
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
    operands: Vec<String>,
    options: BTreeMap<&'static str, Vec<OsString>>,
}

impl Given<'_> {
    fn wrong(&self, what: &str) -> Failure {
        let Self { program, row, .. } = self;
        Failure::usage(format!("{what}; `{program} help {}` says what it takes", row.name))
    }

    fn takes_more(&self) -> bool {
        let repeats = self.row.operands.last().is_some_and(|operand| operand.name.ends_with(REPEATS));
        repeats || self.operands.len() < self.row.operands.len()
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
        let repeats = option.value.is_some_and(|value| value.ends_with(REPEATS));
        let given = self.options.entry(option.name).or_default();
        given.push(value);
        if given.len() > 1 && !repeats {
            return Err(self.wrong(&format!("`--{name}` is given twice")));
        }
        Ok(())
    }

    /// Takes an option's text.
    fn take(&mut self, name: &str) -> Result<Option<String>, Failure> {
        Ok(self.take_all(name)?.pop())
    }

    /// Takes the texts of an option that may be given several times.
    fn take_all(&mut self, name: &str) -> Result<Vec<String>, Failure> {
        self.options.remove(name).into_iter().flatten().map(|value| self.text(value)).collect()
    }

    /// Takes an option's text and reads it, or says what it should have been.
    fn read<T>(&mut self, name: &str, expected: &str, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Failure> {
        let Some(text) = self.take(name)? else { return Ok(None) };
        read(&text).map(Some).ok_or_else(|| self.wrong(&format!("`--{name} {text}`: {expected}")))
    }

    /// Takes an option that is a length of time.
    pub(super) fn seconds(&mut self, name: &str) -> Result<Option<Duration>, Failure> {
        self.read(name, "a whole number of seconds, at least 1", |text| {
            text.parse().ok().filter(|seconds| *seconds > 0).map(Duration::from_secs)
        })
    }

    fn finish(mut self) -> Result<Parsed, Failure> {
        let store = self.options.remove("store").and_then(|mut given| given.pop()).map(PathBuf::from);
        if store.as_deref().is_some_and(|path| path.as_os_str().is_empty()) {
            return Err(self.wrong("`--store` names no file"));
        }
        if let Some(missing) = self.row.operands.iter().skip(self.operands.len()).find(|operand| operand.required) {
            return Err(self.wrong(&format!("`{}` needs {}", self.row.name, missing.name)));
        }
        #[cfg(feature = "server")]
        if self.row.name == hosting::HOST.name {
            return Ok(Parsed { command: Command::Host(self.host()?), store });
        }
        let mut operands = std::mem::take(&mut self.operands).into_iter();
        let mut id = || operands.next().unwrap_or_default();
        let command = match self.row.name {
            "start" => Command::Start {
                name: self.take("name")?,
                function: self.take("function")?,
                timeout: self.seconds("timeout")?,
                input: operands.next(),
            },
            "resume" => Command::Resume,
            #[cfg(feature = "server")]
            "serve" => Command::Serve(self.serve()?),
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
            "callback" => {
                let (id, verb) = (id(), id());
                Command::Callback { id, answer: self.answer(&verb, operands.next())? }
            }
            "version" => Command::Version,
            _ => Command::Help { command: operands.next() },
        };
        Ok(Parsed { command, store })
    }

    /// What `callback` says, with the options that its verb takes and no others.
    fn answer(&mut self, verb: &str, value: Option<String>) -> Result<Answer, Failure> {
        let Some((verb, takes)) = VERBS.iter().find(|(known, _)| *known == verb) else {
            let meant = suggest::nearest(verb, VERBS.iter().map(|(verb, _)| *verb));
            let meant = meant.map(|verb| format!(": did you mean `{verb}`?")).unwrap_or_default();
            return Err(self.wrong(&format!("a callback can succeed, fail or heartbeat, not `{verb}`{meant}")));
        };
        if let Some(stray) = self.options.keys().find(|name| !takes.contains(name)) {
            return Err(self.wrong(&format!("`--{stray}` does not go with `{verb}`")));
        }
        if let Some(value) = value.as_ref().filter(|_| *verb != "succeed") {
            return Err(self.wrong(&format!("`{verb}` takes no value, and `{value}` is one")));
        }
        Ok(match *verb {
            "succeed" => Answer::Succeed { value, raw: self.options.contains_key("raw") },
            "fail" => Answer::Fail {
                error_type: self.take("type")?,
                message: self.take("message")?,
                data: self.take("data")?,
            },
            _ => Answer::Heartbeat,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn read(line: &[&str]) -> Result<Parsed, Failure> {
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
    fn a_callback_is_told_one_thing_with_what_goes_with_it() {
        let answer = |line: &[&str]| match read(&[&["callback", "o-1/approval"], line].concat()).unwrap().command {
            Command::Callback { id, answer } if id == "o-1/approval" => answer,
            other => panic!("{other:?}"),
        };
        assert_eq!(answer(&["succeed"]), Answer::Succeed { value: None, raw: false });
        assert_eq!(answer(&["succeed", "--raw", "-"]), Answer::Succeed { value: Some("-".into()), raw: true });
        let message = Some("too dear".to_owned());
        assert_eq!(answer(&["fail", "--message", "too dear"]), Answer::Fail { error_type: None, message, data: None });
        assert_eq!(answer(&["heartbeat"]), Answer::Heartbeat);
        let text = |line: &[&str]| read(&[&["callback", "o-1/approval"], line].concat()).unwrap_err().text;
        assert!(text(&[]).contains("`callback` needs succeed | fail | heartbeat"));
        assert!(text(&["suceed"]).contains("did you mean `succeed`?"));
        assert!(text(&["fail", "{}"]).contains("`fail` takes no value, and `{}` is one"));
        assert!(text(&["heartbeat", "--raw"]).contains("`--raw` does not go with `heartbeat`"));
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
