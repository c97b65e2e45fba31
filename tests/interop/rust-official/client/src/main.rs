//! `aws-sdk-lambda` as a client of our server: `interop-client CHECK` does one check, `interop-client --list` names them.
//!
//! `ENDPOINT` says where the server is; checks of the data plane get an invocation's `EXECUTION` and `TOKEN`. The server
//! has the functions `echo`, `error` and `slow`, and `callback` and `callback_late`, which wait for a callback.

mod callbacks;
mod data_plane;
mod executions;
mod expect;
mod invokes;

use std::env;
use std::process::ExitCode;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::{Builder, Credentials, Region, retry::RetryConfig};

use expect::{Check, Checked};

/// Every check by its name, which is a sentence.
const CHECKS: [&[(&str, Check)]; 4] = [&invokes::CHECKS, &executions::CHECKS, &callbacks::CHECKS, &data_plane::CHECKS];

/// A client without retries, so that each call is one exchange.
fn client() -> Checked<Client> {
    let config = Builder::new()
        .behavior_version_latest()
        .region(Region::new("eu-west-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "interop"))
        .retry_config(RetryConfig::disabled())
        .endpoint_url(env::var("ENDPOINT")?);
    Ok(Client::from_conf(config.build()))
}

async fn run(name: &str) -> Checked<()> {
    let check = CHECKS.iter().copied().flatten().find(|(known, _)| *known == name);
    let (_, check) = check.ok_or_else(|| format!("no check is called {name:?}"))?;
    check(client()?).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let name = env::args().nth(1).unwrap_or_default();
    if name == "--list" {
        CHECKS.iter().copied().flatten().for_each(|(name, _)| println!("{name}"));
        return ExitCode::SUCCESS;
    }
    match run(&name).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{name}: {error}");
            ExitCode::FAILURE
        }
    }
}
