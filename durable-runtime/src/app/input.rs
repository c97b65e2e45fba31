//! The input of `start`: where it comes from, and what is wrong with it when it is not JSON. Nothing is started with
//! an input that its function could not read.

use std::path::Path;

use super::failure::Failure;
use super::terminal::Terminal;

/// Reads what `argument` names: JSON itself, `@file`, or `-` for the standard input. No argument is `null`.
pub(super) fn read(argument: Option<&str>, terminal: &mut Terminal) -> Result<Input, Failure> {
    match argument {
        None => Ok(Input { from: "the input".to_owned(), json: "null".to_owned() }),
        Some("-") => {
            let unreadable = |error| Failure::failed(format!("cannot read the input from standard input: {error}"));
            Ok(Input { from: "standard input".to_owned(), json: terminal.read().map_err(unreadable)? })
        }
        Some(text) => match text.strip_prefix('@') {
            Some(file) => read_file(Path::new(file)),
            None => Ok(Input { from: "the input".to_owned(), json: text.to_owned() }),
        },
    }
}

fn read_file(path: &Path) -> Result<Input, Failure> {
    let shown = path.display();
    let json = std::fs::read_to_string(path).map_err(|error| {
        Failure::usage(format!("cannot read the input file `{shown}`: {error}; give the path of a JSON file after `@`"))
    })?;
    Ok(Input { from: shown.to_string(), json })
}

/// An input and where it came from.
#[derive(Debug)]
pub(super) struct Input {
    /// Where from, for error messages.
    from: String,
    /// The text.
    pub(super) json: String,
}

impl Input {
    /// Checks that the text is JSON, then that `check` takes it.
    pub(super) fn check(&self, check: impl Fn(&str) -> Result<(), serde_json::Error>) -> Result<(), Failure> {
        if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&self.json) {
            return Err(Failure::usage(self.report("is not JSON", &error, self.hint())));
        }
        check(&self.json).map_err(|error| {
            let hint = "mend the input and start again: nothing was started";
            Failure::usage(self.report("is not what the function takes", &error, hint))
        })
    }

    /// Whether this is the same value as another JSON text.
    pub(super) fn is_value(&self, other: &str) -> bool {
        let value = |text| serde_json::from_str::<serde_json::Value>(text).ok();
        value(&self.json).is_some_and(|own| value(other) == Some(own))
    }

    /// What a person most likely meant.
    fn hint(&self) -> &'static str {
        let text = self.json.trim();
        if text.is_empty() {
            "give the input as JSON, `@file` or `-`"
        } else if self.from == "the input" && Path::new(text).is_file() {
            "it is the name of a file: put `@` before it"
        } else if text.starts_with('{') || text.starts_with('[') {
            "mend it and start again: nothing was started; shells need single quotes around JSON"
        } else {
            "JSON strings need their own quotes, as in '\"text\"'; `@file` reads a file"
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
    use super::Input;

    fn input(json: &str) -> Input {
        Input { from: "order.json".to_owned(), json: json.to_owned() }
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
