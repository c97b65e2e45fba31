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
    let cases: [(&[&str], &str); 11] = [
        (&["host"], "`host` needs NAME=COMMAND"),
        (&["host", "ship"], "`ship` has no `=`"),
        (&["host", "=./ship"], "cannot name a function"),
        (&["host", "ship="], "names no command"),
        (&["host", "ship=a", "ship=b"], "is given twice"),
        (&["host", "ship=./ship", "--endpoint", "ftp://x"], "http://HOST:PORT"),
        (&["host", "ship=./ship", "--store", "x.db"], "no option `--store`"),
        (&["serve", "--function", "ship"], "--function `ship` has no `=`"),
        (&["serve", "--function", "s=a", "--plain-function", "s=b"], "is given twice"),
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
