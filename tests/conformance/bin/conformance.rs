//! Judges the embedded engine and the DSL by the official conformance requirements:
//! `cargo run -p tests --bin conformance -- --requirements DIR [--suite NAME] [--report FILE.json]`.

use std::path::PathBuf;
use std::process::ExitCode;

use durable_runtime::BoxError;
use lexopt::prelude::*;
use tests::conformance::{Report, Requirement, functions, run};

const USAGE: &str = "usage: conformance --requirements DIR [--suite NAME] [--report FILE.json]";

struct Arguments {
    requirements: PathBuf,
    suite: Option<String>,
    report: Option<PathBuf>,
}

fn arguments() -> Result<Arguments, BoxError> {
    let (mut requirements, mut suite, mut report) = (None, None, None);
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("requirements") => requirements = Some(parser.value()?.into()),
            Long("suite") => suite = Some(parser.value()?.string()?),
            Long("report") => report = Some(parser.value()?.into()),
            other => return Err(other.unexpected().into()),
        }
    }
    let requirements = requirements.ok_or("--requirements says in which folder the suites are")?;
    Ok(Arguments { requirements, suite, report })
}

fn judge(arguments: &Arguments) -> Result<Report, BoxError> {
    let app = functions::app();
    let mut report = Report::default();
    for requirement in Requirement::read_all(&arguments.requirements, arguments.suite.as_deref())? {
        let verdict = run(&requirement, &app);
        report.add(requirement, verdict);
    }
    println!("{report}");
    if let Some(path) = &arguments.report {
        std::fs::write(path, serde_json::to_string_pretty(&report.to_json())?)?;
    }
    Ok(report)
}

fn main() -> ExitCode {
    // Functions and plugins panic where requirements ask for it: a line each, no backtraces among the verdicts.
    std::panic::set_hook(Box::new(|panic| eprintln!("{panic}")));
    let arguments = match arguments() {
        Ok(arguments) => arguments,
        Err(error) => {
            eprintln!("conformance: {error}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match judge(&arguments) {
        Ok(report) if report.failed() == 0 => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("conformance: {error}");
            ExitCode::from(2)
        }
    }
}
