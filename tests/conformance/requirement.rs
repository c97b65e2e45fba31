//! A requirement as its YAML file states it, with its variables filled in. Knows nothing of how it is run.

use std::fs;
use std::path::{Path, PathBuf};

use yaml_rust2::{Yaml, YamlLoader};

use super::json_text::dumps;
use super::variables::{Variables, generate, replace};

/// One requirement.
#[derive(Debug, Clone)]
pub struct Requirement {
    /// Its id, such as `4-12`: the name that its function is registered under.
    pub id: String,
    /// Its suite, such as `callback`.
    pub suite: String,
    /// What it is about, in a line.
    pub description: String,
    /// What was generated for this run.
    pub variables: Variables,
    /// The execution's input, as the official runner would send it.
    pub input: String,
    /// How the execution ends, where that is asked for.
    pub result: Option<ExpectedResult>,
    /// What the outside does to its callbacks.
    pub actions: Vec<CallbackAction>,
    /// The events of its history, each with the number of its place.
    pub history: Vec<Yaml>,
    /// The log records that it leaves.
    pub logs: Vec<ExpectedLog>,
}

/// How an execution ends.
#[derive(Debug, Clone)]
pub struct ExpectedResult {
    /// Its status.
    pub status: String,
    /// Its result, if the requirement names one; `null` is one.
    pub result: Option<Yaml>,
}

/// Something that the outside does to a callback.
#[derive(Debug, Clone)]
pub struct CallbackAction {
    /// The callback's name; `*` is any.
    pub callback: String,
    /// What is done.
    pub kind: ActionKind,
    /// Seconds from when the callback is seen.
    pub delay: u64,
}

/// What the outside does.
#[derive(Debug, Clone)]
pub enum ActionKind {
    /// It answers with this text, if with any.
    Succeed(Option<String>),
    /// It reports a failure: the error object as JSON.
    Fail(String),
    /// It says that it is still at work.
    Heartbeat,
}

/// Log records that an execution leaves.
#[derive(Debug, Clone)]
pub struct ExpectedLog {
    /// What their members are.
    pub record: Yaml,
    /// How many there are.
    pub count: Count,
    /// What comes before each of them.
    pub after: Vec<Yaml>,
}

/// How many records are expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// So many.
    Exactly(usize),
    /// So many or more.
    AtLeast(usize),
}

impl Requirement {
    /// Every requirement in a folder of suites, or those of one suite, in the order of suites and numbers.
    ///
    /// # Errors
    /// When a file cannot be read or does not state a requirement.
    pub fn read_all(folder: &Path, suite: Option<&str>) -> Result<Vec<Self>, String> {
        let mut found = Vec::new();
        for (name, path) in entries(folder)? {
            if path.is_dir() && suite.is_none_or(|suite| suite == name) {
                for (file, path) in entries(&path)? {
                    if let Some(id) = file.strip_suffix(".yaml") {
                        found.push(Self::read(&path, &name, id)?);
                    }
                }
            }
        }
        if found.is_empty() {
            let suite = suite.map(|suite| format!(" of suite `{suite}`")).unwrap_or_default();
            return Err(format!("there is no requirement{suite} in {}", folder.display()));
        }
        found.sort_by_key(|requirement| numbers(&requirement.id));
        Ok(found)
    }

    fn read(path: &Path, suite: &str, id: &str) -> Result<Self, String> {
        let wrong = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
        let text = fs::read_to_string(path).map_err(|error| wrong(&error))?;
        Self::parse(&text, suite, id).map_err(|why| wrong(&why))
    }

    /// The requirement that a YAML document states.
    ///
    /// # Errors
    /// When it does not state one.
    pub fn parse(text: &str, suite: &str, id: &str) -> Result<Self, String> {
        let documents = YamlLoader::load_from_str(text).map_err(|error| error.to_string())?;
        let [document] = documents.as_slice() else { return Err("it is not one document".to_owned()) };
        let variables = generate(&document["Variables"]);
        let document = &replace(document, &variables);
        Ok(Self {
            id: id.to_owned(),
            suite: suite.to_owned(),
            description: document["description"].as_str().unwrap_or_default().to_owned(),
            variables,
            input: member(document, "Input").map_or_else(|| Ok("null".to_owned()), dumps)?,
            result: member(document, "ExpectedResult").map(ExpectedResult::parse).transpose()?,
            actions: list(document, "CallbackActions").map(CallbackAction::parse).collect::<Result<_, _>>()?,
            history: list(document, "ExpectedExecutionHistory").cloned().collect(),
            logs: list(document, "ExpectedLogs").map(ExpectedLog::parse).collect::<Result<_, _>>()?,
        })
    }

    /// Whether the function's process dies in the course of it.
    #[must_use]
    pub fn kills_the_process(&self) -> bool {
        let mut completions = self.history.iter().map(|event| &event["InvocationCompletedDetails"]);
        completions.any(|details| details["Error"]["Payload"]["ErrorType"].as_str() == Some("Runtime.ExitError"))
    }
}

impl ExpectedResult {
    fn parse(document: &Yaml) -> Result<Self, String> {
        let status = document["ExecutionStatus"].as_str().ok_or("ExpectedResult has no ExecutionStatus")?;
        Ok(Self { status: status.to_owned(), result: member(document, "Result").cloned() })
    }
}

impl CallbackAction {
    fn parse(document: &Yaml) -> Result<Self, String> {
        let payload = || member(document, "Payload").map(dumps).transpose();
        let kind = match document["Operation"].as_str() {
            Some("success") => ActionKind::Succeed(payload()?),
            Some("failure") => ActionKind::Fail(payload()?.unwrap_or_else(|| "{}".to_owned())),
            Some("heartbeat") => ActionKind::Heartbeat,
            other => return Err(format!("there is no callback operation {other:?}")),
        };
        let callback = document["CallbackName"].as_str().ok_or("a callback action has no CallbackName")?;
        let delay = document["Delay"].as_i64().and_then(|delay| u64::try_from(delay).ok()).unwrap_or(0);
        Ok(Self { callback: callback.to_owned(), kind, delay })
    }
}

impl ExpectedLog {
    fn parse(document: &Yaml) -> Result<Self, String> {
        let number = |name: &str| document[name].as_i64().and_then(|number| usize::try_from(number).ok());
        let count = match (number("count"), number("min_count")) {
            (Some(count), _) => Count::Exactly(count),
            (None, Some(count)) => Count::AtLeast(count),
            (None, None) => return Err("an expected log has neither `count` nor `min_count`".to_owned()),
        };
        let record = member(document, "match").cloned().ok_or("an expected log has no `match`")?;
        Ok(Self { record, count, after: list(document, "after").cloned().collect() })
    }
}

/// The member `name`, also when it is null.
fn member<'a>(document: &'a Yaml, name: &str) -> Option<&'a Yaml> {
    document.as_hash()?.get(&Yaml::String(name.to_owned()))
}

fn list<'a>(document: &'a Yaml, name: &str) -> impl Iterator<Item = &'a Yaml> {
    document[name].as_vec().into_iter().flatten()
}

fn entries(folder: &Path) -> Result<Vec<(String, PathBuf)>, String> {
    let wrong = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(wrong)? {
        let entry = entry.map_err(wrong)?;
        found.push((entry.file_name().to_string_lossy().into_owned(), entry.path()));
    }
    found.sort();
    Ok(found)
}

/// `10-2` comes after `9-11`.
fn numbers(id: &str) -> Vec<u32> {
    id.split('-').map(|part| part.parse().unwrap_or(u32::MAX)).collect()
}
