//! Retries and durable waits: a report is requested, fails twice, and is fetched after a pause. While it waits, the
//! process need not run: stop it with Ctrl-C and `retry_and_wait resume`.

use std::fmt;

use durable_runtime::App;
use durable_runtime::prelude::*;
use examples::program::{self, ran};
use serde::{Deserialize, Serialize};

/// Why a report was not accepted. The error keeps its type and variant across a replay.
#[derive(Debug, Serialize, Deserialize)]
enum ReportError {
    Busy { attempt: u32 },
    NoSuchCity(String),
}

impl ReportError {
    fn is_worth_another_try(&self) -> bool {
        matches!(self, Self::Busy { .. })
    }
}

impl fmt::Display for ReportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy { attempt } => write!(f, "the weather office was busy at attempt {attempt}"),
            Self::NoSuchCity(city) => write!(f, "the weather office does not know `{city}`"),
        }
    }
}

impl std::error::Error for ReportError {}

#[step(
    retry = exponential(max_attempts = 4, first = "1s", max = "10s", jitter = none),
    retry_if = ReportError::is_worth_another_try
)]
async fn request(city: &str) -> Result<String, ReportError> {
    ran();
    let attempt = StepInfo::current().map_or(1, |step| step.attempt());
    match city {
        "" => Err(ReportError::NoSuchCity(city.to_owned())),
        _ if attempt < 3 => Err(ReportError::Busy { attempt }),
        _ => Ok(format!("report-{}", city.to_lowercase())),
    }
}

#[step]
async fn fetch(report: &str) -> Result<String> {
    ran();
    Ok(format!("{report}: light rain"))
}

#[durable]
async fn retry_and_wait(city: String) -> Result<String> {
    let report = match request(&city).await {
        Ok(report) => report,
        Err(ReportError::NoSuchCity(city)) => return Ok(format!("no weather for `{city}`")),
        Err(error) => return Err(error.into()),
    };
    sleep(seconds(2)).await?;
    fetch(&report).await
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    program::run(App::new().register("retry_and_wait", retry_and_wait), "\"Lyon\"").await
}
