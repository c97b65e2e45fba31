//! Judges the embedded engine and the DSL by the official conformance requirements, in this process and in virtual time,
//! or at a server that has a function under each requirement's id:
//! `cargo run -p tests --bin conformance -- --requirements DIR [--suite NAME] [--endpoint URL] [--report FILE.json]`.

use std::path::PathBuf;
use std::process::ExitCode;

use durable_runtime::BoxError;
use futures_util::StreamExt;
use lexopt::prelude::*;
use tests::conformance::{Endpoint, Report, Requirement, Verdict, functions, run, run_at};

/// Executions at a server at a time.
const AT_ONCE: usize = 16;

const USAGE: &str = "usage: conformance --requirements DIR [--suite NAME] [--endpoint URL] [--report FILE.json]";

struct Arguments {
    requirements: PathBuf,
    suite: Option<String>,
    endpoint: Option<String>,
    report: Option<PathBuf>,
}

fn arguments() -> Result<Arguments, BoxError> {
    let (mut requirements, mut suite, mut endpoint, mut report) = (None, None, None, None);
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("help") | Short('h') => {
                println!("{USAGE}");
                std::process::exit(0);
            }
            Long("requirements") => requirements = Some(parser.value()?.into()),
            Long("suite") => suite = Some(parser.value()?.string()?),
            Long("endpoint") => endpoint = Some(parser.value()?.string()?),
            Long("report") => report = Some(parser.value()?.into()),
            other => return Err(other.unexpected().into()),
        }
    }
    let requirements = requirements.ok_or("--requirements says in which folder the suites are")?;
    Ok(Arguments { requirements, suite, endpoint, report })
}

fn judge(arguments: &Arguments) -> Result<Report, BoxError> {
    let requirements = Requirement::read_all(&arguments.requirements, arguments.suite.as_deref())?;
    let mut report = Report::default();
    match &arguments.endpoint {
        Some(url) => {
            let judged = tokio::runtime::Runtime::new()?.block_on(judge_at(url, &requirements))?;
            requirements.into_iter().zip(judged).for_each(|(requirement, verdict)| report.add(requirement, verdict));
        }
        None => {
            let app = functions::app();
            for requirement in requirements {
                let verdict = run(&requirement, &app);
                report.add(requirement, verdict);
            }
        }
    }
    println!("{report}");
    if let Some(path) = &arguments.report {
        std::fs::write(path, serde_json::to_string_pretty(&report.to_json())?)?;
    }
    Ok(report)
}

/// A server's time is real, so that many executions wait at once.
async fn judge_at(url: &str, requirements: &[Requirement]) -> Result<Vec<Verdict>, BoxError> {
    let endpoint = Endpoint::new(url);
    endpoint.check().await?;
    let judged = requirements.iter().map(|requirement| run_at(requirement, &endpoint));
    Ok(futures_util::stream::iter(judged).buffered(AT_ONCE).collect().await)
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
