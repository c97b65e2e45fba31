//! JSON that a command is given: where it comes from, and what is wrong with it when it is not JSON. Nothing is done
//! with what could not be read.

use std::path::Path;

use super::failure::Failure;
use super::terminal::Terminal;

/// What a text is for, as error messages call it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Purpose {
    noun: &'static str,
    /// What is still as it was.
    untouched: &'static str,
}

impl Purpose {
    /// The input of `start`.
    pub(super) const INPUT: Self = Self { noun: "input", untouched: "start again: nothing was started" };
    /// The answer to a callback.
    pub(super) const ANSWER: Self = Self { noun: "answer", untouched: "answer again: the callback is as it was" };
}

/// Reads what `argument` names: JSON itself, `@file`, or `-` for the standard input. No argument is `null`.
pub(super) fn read(argument: Option<&str>, purpose: Purpose, terminal: &mut Terminal) -> Result<Input, Failure> {
    let noun = purpose.noun;
    let given = |json: &str| Input { from: format!("the {noun}"), json: json.to_owned(), purpose };
    match argument {
        None => Ok(given("null")),
        Some("-") => {
            let unreadable = |error| Failure::failed(format!("cannot read the {noun} from standard input: {error}"));
            let json = terminal.read().map_err(unreadable)?;
            Ok(Input { from: "standard input".to_owned(), json, purpose })
        }
        Some(text) => match text.strip_prefix('@') {
            Some(file) => read_file(Path::new(file), purpose),
            None => Ok(given(text)),
        },
    }
}

fn read_file(path: &Path, purpose: Purpose) -> Result<Input, Failure> {
    let (shown, noun) = (path.display(), purpose.noun);
    let json = std::fs::read_to_string(path).map_err(|error| {
        Failure::usage(format!("cannot read the {noun} file `{shown}`: {error}; give the path of a file after `@`"))
    })?;
    Ok(Input { from: shown.to_string(), json, purpose })
}

/// A text and where it came from.
#[derive(Debug)]
pub(super) struct Input {
    /// Where from, for error messages.
    from: String,
    /// The text.
    pub(super) json: String,
    purpose: Purpose,
}

impl Input {
    /// Checks that the text is JSON, then that `check` takes it.
    pub(super) fn check(&self, check: impl Fn(&str) -> Result<(), serde_json::Error>) -> Result<(), Failure> {
        if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&self.json) {
            return Err(Failure::usage(self.report("is not JSON", &error, &self.hint())));
        }
        check(&self.json).map_err(|error| {
            let hint = format!("mend the {} and {}", self.purpose.noun, self.purpose.untouched);
            Failure::usage(self.report("is not what the function takes", &error, &hint))
        })
    }

    /// Whether this is the same value as another JSON text.
    pub(super) fn is_value(&self, other: &str) -> bool {
        let value = |text| serde_json::from_str::<serde_json::Value>(text).ok();
        value(&self.json).is_some_and(|own| value(other) == Some(own))
    }

    /// What a person most likely meant.
    fn hint(&self) -> String {
        let Purpose { noun, untouched } = self.purpose;
        let text = self.json.trim();
        if text.is_empty() {
            format!("give the {noun} as JSON, `@file` or `-`")
        } else if self.from == format!("the {noun}") && Path::new(text).is_file() {
            "it is the name of a file: put `@` before it".to_owned()
        } else if text.starts_with('{') || text.starts_with('[') {
            format!("mend it and {untouched}; shells need single quotes around JSON")
        } else {
            "JSON strings need their own quotes, as in '\"text\"'; `@file` reads a file".to_owned()
        }
    }

    fn report(&self, what: &str, error: &serde_json::Error, hint: &str) -> String {
        let from = &self.from;
        let place = if error.line() == 0 { String::new() } else { format!(":{}:{}", error.line(), error.column()) };
        // serde_json ends its text with the place, which is said already.
        let text = error.to_string();
        let reason = text.split(" at line ").next().unwrap_or(&text);
        let shown = self.excerpt(error.line(), error.column()).unwrap_or_default();
        format!("{from}{place} {what}: {reason}\n{shown}{hint}")
    }

    /// The line of the error with a caret under its column, cut to what fits a terminal.
    fn excerpt(&self, line: usize, column: usize) -> Option<String> {
        const BEFORE: usize = 50;
        const WIDTH: usize = 72;
        let text = self.json.lines().nth(line.checked_sub(1)?)?;
        // The column counts bytes and points behind what was read; a caret counts letters.
        let letters_before = text.char_indices().take_while(|(at, _)| *at + 1 < column).count();
        let skipped = letters_before.saturating_sub(BEFORE);
        let visible: String =
            text.chars().skip(skipped).take(WIDTH).map(|c| if c.is_control() { ' ' } else { c }).collect();
        let number = line.to_string();
        let margin = " ".repeat(number.len());
        let caret = " ".repeat(letters_before - skipped);
        Some(format!("  {number} | {visible}\n  {margin} | {caret}^\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::{Input, Purpose};

    fn input(json: &str) -> Input {
        Input { from: "order.json".to_owned(), json: json.to_owned(), purpose: Purpose::INPUT }
    }

    #[test]
    fn malformed_json_is_shown_with_its_place() {
        let failure = input("{\n  \"id\": 1,\n  oops\n}").check(|_| Ok(())).unwrap_err();
        let expected = "order.json:3:3 is not JSON: key must be a string\n  3 |   oops\n    |   ^\n";
        assert!(failure.text.starts_with(expected), "{}", failure.text);
    }

    #[test]
    fn a_long_line_is_cut_around_the_error() {
        let json = format!("[\"{}\", oops]", "x".repeat(300));
        let text = input(&json).check(|_| Ok(())).unwrap_err().text;
        let lines: Vec<&str> = text.lines().collect();
        let caret = lines[2].find('^').unwrap();
        assert_eq!(lines[1].get(caret..=caret), Some("o"));
        assert!(lines[1].len() < 90);
    }

    #[test]
    fn letters_of_several_bytes_count_as_one() {
        let text = input("[\"é\", oops]").check(|_| Ok(())).unwrap_err().text;
        let lines: Vec<&str> = text.lines().collect();
        let caret = lines[2].chars().position(|letter| letter == '^').unwrap();
        assert_eq!(lines[1].chars().nth(caret), Some('o'));
    }
}
