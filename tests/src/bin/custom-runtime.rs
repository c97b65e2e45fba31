//! A program with two faces. With `AWS_LAMBDA_RUNTIME_API` it is a function process, whose first argument says which;
//! without, it is the command line of a program that has no functions of its own.

use std::io::Write;
use std::sync::Arc;

use durable_runtime::App;
use durable_runtime::clock::SystemClock;
use durable_runtime::function::{Divergence, HostFacts, Invocation, InvocationOutcome};
use durable_runtime::handler::function;
use durable_runtime::prelude::*;
use serde_json::{Value, json};
use tests::runtime::{HttpService, RuntimeApi, trap};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let Some(api) = RuntimeApi::from_environment() else { return App::new().run().await };
    let argument = std::env::args().nth(1);
    println!("pid {}", std::process::id());
    trap("init");
    match argument.as_deref() {
        Some("durable") => durable(&api).await,
        Some("init-error") => {
            api.init_error("Function.NoConfiguration", "there is no configuration").await?;
            std::process::exit(3);
        }
        Some("init-exit") => std::process::exit(4),
        Some("init-hang") => std::future::pending().await,
        _ => plain(&api).await,
    }
}

/// Does what each event says: `{"do": …}`.
async fn plain(api: &RuntimeApi) -> Result<(), BoxError> {
    loop {
        let event = api.next().await?;
        let id = event.request_id.as_str();
        let asked = event.response.json();
        match asked["do"].as_str() {
            Some("error") => drop(api.fail(id, "Oops", "it broke").await?),
            Some("exit") => std::process::exit(asked["code"].as_i64().unwrap_or_default() as i32),
            Some("die") => tests::runtime::kill_self(),
            Some("hang") => std::future::pending().await,
            Some("exit-after") => {
                api.respond(id, "\"done\"").await?;
                std::process::exit(0);
            }
            Some("wait") => {
                println!("waiting");
                // Until the test lays the file.
                while !std::path::Path::new(asked["file"].as_str().unwrap_or_default()).exists() {
                    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                }
                api.respond(id, pid()).await?;
            }
            Some("huge") => {
                let size = asked["bytes"].as_u64().unwrap_or_default() as usize;
                let said = api.respond(id, vec![b'7'; size]).await?;
                println!("huge: {}", said.status);
            }
            Some("log") => {
                println!("one\ntwo");
                std::io::stderr().write_all(b"bad \xff byte\nunfinished")?;
                api.respond(id, "null").await?;
            }
            Some("environment") => {
                let own = std::env::vars().filter(|(name, _)| name.contains("AWS") || name.contains("LAMBDA"));
                api.respond(id, json!(own.collect::<std::collections::BTreeMap<_, _>>()).to_string()).await?;
            }
            Some("headers") => drop(api.respond(id, json!(event.response.headers).to_string()).await?),
            Some("misuse") => drop(api.respond(id, misuse(api).await?.to_string()).await?),
            Some("pid") => drop(api.respond(id, pid()).await?),
            Some("stream") => stream(id, asked["trailers"].as_str().unwrap_or_default())?,
            Some("not-json") => drop(api.respond(id, "hello").await?),
            _ => drop(api.respond(id, event.response.body.clone()).await?),
        }
    }
}

/// Answers in pieces, with these trailers.
fn stream(id: &str, trailers: &str) -> Result<(), BoxError> {
    let address = std::env::var("AWS_LAMBDA_RUNTIME_API")?;
    let mut connection = std::net::TcpStream::connect(&address)?;
    let head = format!(
        "POST /2018-06-01/runtime/invocation/{id}/response HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Lambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\n\
         Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n\r\n"
    );
    for piece in [head.as_str(), "5\r\n\"some\r\n", "7\r\n pieces\r\n", "1\r\n\"\r\n", "0\r\n", trailers, "\r\n"] {
        connection.write_all(piece.as_bytes())?;
    }
    std::io::copy(&mut connection, &mut std::io::sink())?;
    Ok(())
}

fn pid() -> String {
    std::process::id().to_string()
}

/// What the API says to requests that a runtime should not send.
async fn misuse(api: &RuntimeApi) -> Result<Value, BoxError> {
    let mut said = Vec::new();
    said.push(api.respond("no-such-id", "1").await?);
    said.push(api.fail("no-such-id", "Oops", "no").await?);
    said.push(api.http.send("GET", "/2018-06-01/runtime/invocation/next", &[], "").await?);
    said.push(api.init_error("TooLate", "no").await?);
    said.push(api.http.send("GET", "/2018-06-01/runtime/nonsense", &[], "").await?);
    Ok(said.iter().map(|said| json!([said.status, said.json()["errorType"]])).collect())
}

/// Runs durable functions: what any SDK does, by the runtime's own parts.
async fn durable(api: &RuntimeApi) -> Result<(), BoxError> {
    let endpoint = std::env::var("AWS_ENDPOINT_URL_LAMBDA")?;
    let handler = function(story);
    loop {
        let event = api.next().await?;
        trap("event");
        let invocation = Invocation {
            event: serde_json::from_slice(&event.response.body)?,
            service: Arc::new(HttpService::new(&endpoint)),
            clock: Arc::new(SystemClock),
            function_name: std::env::var("AWS_LAMBDA_FUNCTION_NAME")?,
            request_id: event.request_id.clone(),
            plugins: Vec::new(),
            deadline: None,
            host: HostFacts::default(),
            on_divergence: Some(Divergence::default()),
        };
        let outcome = handler.invoke(invocation).await;
        trap("answer");
        let id = event.request_id.as_str();
        match outcome {
            InvocationOutcome::Answered(answer) => {
                api.respond(id, serde_json::to_string(&answer)?).await?;
                trap("answered");
            }
            InvocationOutcome::Failed(error) => {
                let (kind, message) = (error.error_type.unwrap_or_default(), error.error_message.unwrap_or_default());
                api.fail(id, &kind, &message).await?;
            }
            InvocationOutcome::Blocked(report) => drop(api.fail(id, "NonDeterministicExecution", &report).await?),
        }
    }
}

/// A step, a step that runs at most once, a wait, and a step behind it. `TRAPS` says where it dies.
#[durable]
async fn story(name: String) -> Result<Vec<String>> {
    trap("first");
    let charged = charge(&name).await?;
    trap("between");
    let mailed = match mail(&name).at_most_once().await {
        Ok(mailed) => mailed,
        Err(failure) => failure.to_string(),
    };
    trap("before-wait");
    sleep(seconds(1)).await?;
    let shipped = ship(&name).await?;
    Ok(vec![charged, mailed, shipped])
}

#[step(retry = none)]
async fn charge(name: &str) -> Result<String> {
    body("charge").await;
    Ok(format!("{name} charged"))
}

#[step(retry = none)]
async fn mail(name: &str) -> Result<String> {
    body("mail").await;
    Ok(format!("{name} mailed"))
}

#[step(retry = none)]
async fn ship(name: &str) -> Result<String> {
    body("ship").await;
    Ok(format!("{name} shipped"))
}

/// A step's body: leaves a line behind, lets the START reach the service, and may die or wait for the test.
async fn body(step: &str) {
    println!("ran {step}");
    if let Some(directory) = std::env::var_os("TRAPS") {
        let directory = std::path::PathBuf::from(directory);
        let effects = std::fs::OpenOptions::new().create(true).append(true).open(directory.join("effects"));
        effects.and_then(|mut effects| writeln!(effects, "{step}")).ok();
        trap(&format!("in-{step}"));
        // Held up while the test's file is there.
        while directory.join(format!("hold-{step}")).exists() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }
}
