//! `host`: functions in processes of their own for another service to drive. Opens no store.

use tokio::sync::oneshot;

use super::command::{Host, Net, Processes};
use super::exit::Exit;
use super::failure::Failure;
use super::terminal::Terminal;
use super::text;
use crate::host::{Assignment, FunctionHost, HostOptions, LogLine, Logs, Target};
use crate::server::{FunctionServer, ServerOptions};

/// Hosts functions until it is interrupted.
pub(super) async fn host(how: Host, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let logs = log();
    let options = how.endpoint.iter().fold(options(&how.processes, &logs), |options, url| options.endpoint(url));
    let functions = hosts(how.functions, &options);
    let settings = net(how.net);
    let wanted = settings.address();
    let server = FunctionServer::bind(functions.clone(), logs, settings).await;
    let server = server.map_err(|error| {
        Failure::failed(format!("cannot listen on {wanted}: {error}; choose another with --port or --listen"))
    })?;
    let address = server.address();
    terminal.say(&format!("hosting functions on http://{address}: {}", names(&functions)));
    if !address.ip().is_loopback() {
        terminal.say("  whoever reaches this address can invoke them: there are no credentials");
    }
    if how.endpoint.is_none() && std::env::var_os("AWS_ENDPOINT_URL_LAMBDA").is_none() {
        terminal.say("  without --endpoint, what is durable in them looks for the service on AWS");
    }
    let (stop, stopped) = oneshot::channel::<()>();
    let interrupt = terminal.interrupt();
    let serving = server.serve_until(async { drop(stopped.await) });
    tokio::pin!(serving);
    tokio::select! {
        () = &mut serving => {}
        () = interrupt => {}
    }
    drop(stop);
    terminal.say("stopping");
    let impatient = terminal.interrupt();
    let goodbye = async {
        serving.await;
        close(&functions).await;
    };
    tokio::select! {
        () = goodbye => Ok(Exit::Succeeded),
        () = impatient => {
            kill(&functions).await;
            Ok(Exit::Interrupted)
        }
    }
}

/// Where functions run that are not part of this program: a line for all processes, and one for each endpoint.
pub(super) fn whereabouts<'a>(assignments: impl Iterator<Item = &'a Assignment>) -> Vec<String> {
    let (mut processes, mut endpoints) = (Vec::new(), Vec::new());
    for Assignment { name, target } in assignments {
        match target {
            Target::Command(_) => processes.push(name.as_str()),
            Target::Endpoint(url) => endpoints.push(format!("  invoked where they are: {name} = {url}")),
        }
    }
    let processes = Some(processes.join(", ")).filter(|names| !names.is_empty());
    processes.map(|names| format!("  in processes of their own: {names}")).into_iter().chain(endpoints).collect()
}

/// The functions of assignments.
pub(super) fn hosts(assignments: Vec<Assignment>, options: &HostOptions) -> Vec<FunctionHost> {
    assignments.into_iter().map(|assignment| FunctionHost::assigned(assignment, options.clone())).collect()
}

/// Ends the processes of all functions at a time.
pub(super) async fn close(functions: &[FunctionHost]) {
    drop(futures_util::future::join_all(functions.iter().map(FunctionHost::close)).await);
}

/// Kills the processes of all functions.
pub(super) async fn kill(functions: &[FunctionHost]) {
    drop(futures_util::future::join_all(functions.iter().map(FunctionHost::kill)).await);
}

/// How processes run.
pub(super) fn options(processes: &Processes, logs: &Logs) -> HostOptions {
    let options = HostOptions::default().logs(logs.clone());
    let options = processes.function_timeout.into_iter().fold(options, HostOptions::function_timeout);
    processes.max.into_iter().fold(options, HostOptions::max_processes)
}

/// Where to listen, and to whom.
pub(super) fn net(net: Net) -> ServerOptions {
    let options = net.listen.into_iter().fold(ServerOptions::default(), ServerOptions::listen);
    net.allowed_hosts.into_iter().fold(options, ServerOptions::allow_host)
}

/// A log that is shown on standard error too.
pub(super) fn log() -> Logs {
    Logs::default().echo(|line: &LogLine| {
        use std::io::Write;
        // Nobody can be told when that fails.
        let _ = writeln!(std::io::stderr(), "[{}] {}", line.function, text::clean(&line.line));
    })
}

pub(super) fn names(functions: &[FunctionHost]) -> String {
    functions.iter().map(FunctionHost::name).collect::<Vec<_>>().join(", ")
}
