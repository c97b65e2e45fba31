//! One line of a log: what an event says, where in which execution it happened, and how that is written.

use std::fmt::{self, Write};
use std::time::SystemTime;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::{Event, Level};

use crate::wire::Timestamp;
use crate::{Execution, StepInfo};

/// How a line is written.
#[derive(Clone, Copy)]
pub(super) enum Form {
    Json,
    Text,
}

/// Names with values, in the order in which they came; a later value of a name replaces the earlier.
#[derive(Clone, Default)]
pub(super) struct Fields(Vec<(&'static str, Value)>);

impl Fields {
    fn set(&mut self, name: &'static str, value: impl Into<Value>) {
        let value = value.into();
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => self.0.push((name, value)),
        }
    }

    fn set_some(&mut self, name: &'static str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.set(name, value);
        }
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        let at = self.0.iter().position(|(known, _)| *known == name)?;
        Some(self.0.remove(at).1)
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field.name(), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field.name(), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field.name(), value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        // JSON has no word for what is not finite.
        self.set(field.name(), if value.is_finite() { Value::from(value) } else { value.to_string().into() });
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.set(field.name(), value.to_string());
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// An event with everything that its line says.
pub(super) struct Record {
    level: Level,
    time: Timestamp,
    target: String,
    message: String,
    /// Where in which execution.
    place: Fields,
    fields: Fields,
    spans: Vec<(&'static str, Fields)>,
}

impl Record {
    /// Reads an event where it is emitted.
    pub(super) fn of(event: &Event<'_>) -> Self {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let message = match fields.take("message") {
            Some(Value::String(text)) => text,
            Some(other) => other.to_string(),
            None => String::new(),
        };
        let execution = Execution::current();
        let time = execution.as_ref().map_or_else(SystemTime::now, Execution::clock_time).into();
        let place = execution.as_ref().map(place).unwrap_or_default();
        let metadata = event.metadata();
        let target = metadata.target().to_owned();
        Self { level: *metadata.level(), time, target, message, place, fields, spans: Vec::new() }
    }

    /// Adds a span around the event; the outermost comes first.
    pub(super) fn add_span(&mut self, name: &'static str, fields: Fields) {
        self.spans.push((name, fields));
    }

    /// The line, with its line feed.
    pub(super) fn line(self, form: Form) -> String {
        let mut line = match form {
            Form::Json => self.json(),
            Form::Text => self.text(),
        };
        line.push('\n');
        line
    }

    fn json(self) -> String {
        let Self { level, time, target, message, place, fields, spans } = self;
        let mut all = Fields::default();
        all.set("timestamp", time.to_string());
        all.set("level", level.as_str());
        all.set("message", message);
        all.0.extend(place.0);
        let own = |name: &str| matches!(name, "target" | "spans") || all.0.iter().any(|(known, _)| *known == name);
        let kept: Vec<_> = fields.0.into_iter().filter(|(name, _)| !own(name)).collect();
        all.0.extend(kept);
        all.set("target", target);
        if !spans.is_empty() {
            let spans = spans.into_iter().map(|(name, mut fields)| {
                let _ = fields.take("name");
                fields.0.insert(0, ("name", name.into()));
                serde_json::to_value(fields).unwrap_or_default()
            });
            all.set("spans", spans.collect::<Vec<_>>());
        }
        // Strings and numbers under strings: there is nothing that could fail.
        serde_json::to_string(&all).unwrap_or_default()
    }

    /// Line feeds inside are escaped, so that an event stays one line.
    fn text(self) -> String {
        let Self { level, time, target, message, place, fields, spans } = self;
        let mut line = format!("{time} {:>5} ", level.as_str());
        for (name, fields) in spans {
            line.push_str(name);
            if !fields.0.is_empty() {
                write_pairs(&mut line, &fields, ('{', "}"));
            }
            line.push(':');
        }
        let _ = write!(line, "{target}: {}", one_line(&message));
        write_pairs(&mut line, &fields, (' ', ""));
        write_pairs(&mut line, &place, (' ', ""));
        line
    }
}

/// Writes `name=value` pairs, parted by spaces.
fn write_pairs(line: &mut String, fields: &Fields, (mut before, after): (char, &str)) {
    for (name, value) in &fields.0 {
        let _ = match value {
            Value::String(text) if is_plain(text) => write!(line, "{before}{name}={text}"),
            other => write!(line, "{before}{name}={other}"),
        };
        before = ' ';
    }
    line.push_str(after);
}

/// Whether a text reads as one value without quotes.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| !c.is_whitespace() && !c.is_control() && !matches!(c, '"' | '=' | '\\'))
}

fn one_line(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut line, c| {
        if c.is_control() && c != '\t' {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
        line
    })
}

/// Which execution, which invocation of it, and which operation in it.
fn place(execution: &Execution) -> Fields {
    let mut place = Fields::default();
    place.set("executionArn", execution.arn());
    place.set("requestId", execution.request_id());
    place.set("functionName", execution.function_name());
    match StepInfo::current() {
        Some(step) => {
            place.set("operationId", step.operation_id());
            place.set("operationName", step.name());
            place.set_some("parentId", step.parent_id());
            place.set("attempt", step.attempt());
        }
        None => {
            if let Some(id) = execution.context_id() {
                place.set("operationId", id);
                place.set("operationName", execution.context_name());
            }
        }
    }
    place
}
