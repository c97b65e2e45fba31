//! Help, made from the table of commands.

use std::fmt::Write;

use super::command::{COMMANDS, CommandRow, OptionRow};
use super::failure::Failure;
use super::suggest;

/// Help on one command, or on all.
pub(super) fn help(program: &str, functions: &[String], topic: Option<&str>) -> Result<String, Failure> {
    let Some(topic) = topic else { return Ok(overview(program, functions)) };
    match COMMANDS.iter().find(|row| row.name == topic) {
        Some(row) => Ok(command(program, row)),
        None => {
            let meant = suggest::nearest(topic, COMMANDS.iter().map(|row| row.name));
            let meant = meant.map(|name| format!(": did you mean `{program} help {name}`?")).unwrap_or_default();
            Err(Failure::usage(format!("there is no command `{topic}`{meant}")))
        }
    }
}

fn overview(program: &str, functions: &[String]) -> String {
    let usages: Vec<String> = COMMANDS.iter().map(usage).collect();
    let width = usages.iter().map(String::len).max().unwrap_or(0);
    let mut text = format!("{program}: durable functions that survive being stopped at any moment\n\n");
    let _ = writeln!(text, "functions: {}\n\ncommands:", functions.join(", "));
    for (usage, row) in usages.iter().zip(COMMANDS) {
        let _ = writeln!(text, "  {usage:width$}  {}", row.says);
    }
    let _ = write!(
        text,
        "\n`{program} help COMMAND` says more.\n\
         Executions are kept in .durable/{program}.db, or in the file that --store names.\n\
         Exit codes: 0 succeeded, 1 failed, 2 asked wrongly, 3 blocked, 130 interrupted."
    );
    text
}

fn usage(row: &CommandRow) -> String {
    row.operands.iter().fold(row.name.to_owned(), |usage, operand| match operand.required {
        true if operand.name.contains('|') => format!("{usage} ({})", operand.name),
        true => format!("{usage} {}", operand.name),
        false => format!("{usage} [{}]", operand.name),
    })
}

fn command(program: &str, row: &CommandRow) -> String {
    let mut text = format!("{program} {}: {}\n", usage(row), row.says);
    if !row.more.is_empty() {
        let _ = writeln!(text, "\n{}", row.more);
    }
    if !row.options.is_empty() {
        text.push_str("\noptions:\n");
    }
    let shown = |option: &OptionRow| {
        option.value.map_or_else(|| format!("--{}", option.name), |value| format!("--{} {value}", option.name))
    };
    let width = row.options.iter().map(|option| shown(option).len()).max().unwrap_or(0);
    for option in row.options {
        let _ = writeln!(text, "  {:width$}  {}", shown(option), option.says);
    }
    text.trim_end().to_owned()
}
