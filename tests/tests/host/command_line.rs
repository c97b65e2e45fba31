//! `serve --function` and `host`: their arguments, and `host` as a process.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use durable_runtime::App;
use durable_runtime::app::Terminal;
use serde_json::json;
use tests::runtime::Http;

use super::support::{Place, command, is_alive, until};

/// What a command line says that asks for something impossible.
async fn refused(line: &[&str]) -> String {
    let place = Place::new();
    let messages = place.path().join("messages");
    let file = std::fs::File::create(&messages).unwrap();
    let mut terminal = Terminal::new(std::io::empty(), std::io::sink(), file);
    let exit = App::named("shop").execute(line.iter().map(Into::into), &mut terminal).await;
    assert_eq!(exit.code(), 2, "{line:?}");
    std::fs::read_to_string(messages).unwrap()
}

#[tokio::test]
async fn arguments_that_cannot_be_used_are_told_with_what_is_expected() {
    let cases: [(&[&str], &str); 15] = [
        (&["host"], "`host` needs NAME=COMMAND"),
        (&["host", "ship"], "`ship` has no `=`"),
        (&["host", "=./ship"], "cannot name a function"),
        (&["host", "ship="], "names no command"),
        (&["host", "ship=a", "ship=b"], "is given twice"),
        (&["host", "ship=./ship", "--endpoint", "ftp://x"], "http://HOST:PORT"),
        (&["host", "ship=./ship", "--store", "x.db"], "no option `--store`"),
        (&["serve", "--function", "ship"], "--function `ship` has no `=`"),
        (&["serve", "--function", "s=a", "--plain-function", "s=b"], "is given twice"),
        (&["serve", "--allow-host", ""], "a name alone, such as box.test"),
        (&["serve", "--allow-host", "http://box.test"], "a name alone, such as box.test"),
        (&["serve", "--allow-host", "box.test:3001"], "a name alone, such as box.test"),
        (&["host", "ship=./ship", "--allow-host", "a b"], "a name alone, such as box.test"),
        (&["serve", "--function-timeout", "0"], "at least 1"),
        (&["serve", "--max-processes", "none"], "at least 1"),
    ];
    for (line, expected) in cases {
        let said = refused(line).await;
        assert!(said.contains(expected), "{line:?}: {said}");
        assert!(said.contains(&format!("`shop help {}`", line[0])), "{said}");
    }
}

#[tokio::test]
async fn a_host_passes_invokes_on_and_ends_with_its_processes() {
    let place = Place::new();
    let mut child = Command::new(env!("CARGO_BIN_EXE_custom-runtime"))
        .args(["host", &format!("ship={}", command("plain")), &format!("send={}", command("plain"))])
        .args(["--port", "0", "--endpoint", "http://127.0.0.1:9/"])
        .current_dir(place.path())
        .env_remove("AWS_LAMBDA_RUNTIME_API")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut messages = BufReader::new(child.stderr.take().unwrap()).lines();
    let line = messages.next().unwrap().unwrap();
    assert!(line.ends_with(": ship, send"), "{line}");
    let address = line.split("http://").nth(1).and_then(|rest| rest.split(": ").next()).unwrap().to_owned();
    let http = Http::new(format!("http://{address}"));
    for name in ["ship", "send"] {
        let path = format!("/2015-03-31/functions/{name}/invocations");
        let answer = http.send("POST", &path, &[], json!({"do": "environment"}).to_string()).await.unwrap().json();
        assert_eq!(answer["AWS_LAMBDA_FUNCTION_NAME"], name);
        assert_eq!(answer["AWS_ENDPOINT_URL_LAMBDA"], "http://127.0.0.1:9");
    }
    let pids: Vec<u32> = messages
        .by_ref()
        .map_while(Result::ok)
        .filter_map(|line| line.split_once("] pid ")?.1.parse().ok())
        .take(2)
        .collect();
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    messages.for_each(drop);
    assert!(child.wait().unwrap().success());
    assert_eq!(pids.len(), 2);
    until("its processes to be gone", || pids.iter().all(|pid| !is_alive(*pid))).await;
    assert!(!place.has(".durable"), "it opens no store");
}

#[tokio::test]
async fn a_server_says_where_its_functions_run_and_why_an_execution_failed() {
    let place = Place::new();
    let mut child = Command::new(env!("CARGO_BIN_EXE_custom-runtime"))
        .args(["serve", "--port", "0", "--function", &format!("ship={}", command("init-hang"))])
        .args(["--plain-function", "gone=exit 7", "--plain-function", "far=http://127.0.0.1:9/"])
        .current_dir(place.path())
        .env_remove("AWS_LAMBDA_RUNTIME_API")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut messages = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    let mut said = |what: &str| messages.by_ref().find(|line| line.contains(what)).unwrap_or_else(|| panic!("{what}"));
    let line = said("serving the AWS Lambda API on ");
    let http = Http::new(line.split(' ').find(|word| word.starts_with("http://")).unwrap());
    assert_eq!(said("in processes"), "  in processes of their own: ship, gone");
    assert_eq!(said("far ="), "  invoked where they are: far = http://127.0.0.1:9");
    http.send("POST", "/2015-03-31/functions/gone/invocations", &[], "{}").await.unwrap();
    let line = said(": failed after ");
    assert!(line.contains(": Runtime.ExitError: RequestId: ") && line.ends_with("exit status 7"), "{line}");
    let asynchronous = [("x-amz-invocation-type", "Event")];
    let path = "/2015-03-31/functions/ship/invocations";
    let started = http.send("POST", path, &asynchronous, "{}").await.unwrap();
    let arn = started.header("x-amz-durable-execution-arn").replace(':', "%3A").replace('/', "%2F");
    let why = json!({"ErrorType": "Cancelled", "ErrorMessage": "by the customer"}).to_string();
    let stopped = http.send("POST", &format!("/2025-12-01/durable-executions/{arn}/stop"), &[], why).await.unwrap();
    assert_eq!(stopped.status, 200, "{}", stopped.text());
    let line = said(": was stopped after ");
    assert!(line.ends_with(": Cancelled: by the customer"), "{line}");
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    assert!(child.wait().unwrap().success());
}
