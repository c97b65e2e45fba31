//! The server killed by SIGKILL and started again on the same store and port: every execution ends as it should.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tests::runtime::Http;

use super::support::{Place, command, is_alive, until};

/// A `serve` of the test program, with the story in processes.
struct Server {
    child: Child,
    address: String,
    lines: std::sync::Arc<std::sync::Mutex<Vec<String>>>,
}

impl Server {
    fn start(place: &Place, port: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_custom-runtime"))
            .args(["serve", "--port", port, "--store", "story.db"])
            .args(["--function", &format!("story={}", command("durable"))])
            .args(["--plain-function", &format!("plain={}", command("plain"))])
            .current_dir(place.path())
            .env("TRAPS", place.path())
            .env_remove("AWS_LAMBDA_RUNTIME_API")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut messages = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = loop {
            let line = messages.next().expect("it says where it listens").unwrap();
            if let Some((_, rest)) = line.split_once("http://") {
                break rest.split_whitespace().next().unwrap().to_owned();
            }
        };
        let lines = std::sync::Arc::<std::sync::Mutex<Vec<String>>>::default();
        let kept = std::sync::Arc::clone(&lines);
        std::thread::spawn(move || messages.map_while(Result::ok).for_each(|line| kept.lock().unwrap().push(line)));
        Self { child, address, lines }
    }

    fn port(&self) -> &str {
        self.address.rsplit(':').next().unwrap()
    }

    fn http(&self) -> Http {
        Http::new(format!("http://{}", self.address))
    }

    fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    fn pids(&self) -> Vec<u32> {
        self.lines().iter().filter_map(|line| line.strip_prefix("[story] pid ")?.parse().ok()).collect()
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    async fn invoke(&self, name: &str, execution: &str, kind: &str) -> tests::runtime::Response {
        let headers = [("X-Amz-Durable-Execution-Name", execution), ("X-Amz-Invocation-Type", kind)];
        let path = format!("/2015-03-31/functions/{name}/invocations");
        self.http().send("POST", &path, &headers, "\"tea\"").await.unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Kills the server when the story holds at `hold`, and lets another one end it. Returns the bodies that ran.
async fn killed_at(hold: &str) -> (Vec<String>, Value) {
    let place = Place::new();
    place.lay(&format!("hold-{hold}"));
    let server = Server::start(&place, "0");
    let port = server.port().to_owned();
    assert_eq!(server.invoke("story", "one", "Event").await.status, 202);
    until("the step's body", || place.effects().iter().any(|step| step == hold)).await;
    let orphans = server.pids();
    server.kill();
    let server = Server::start(&place, &port);
    place.take(&format!("hold-{hold}"));
    let answer = server.invoke("story", "one", "RequestResponse").await;
    assert_eq!(answer.header("x-amz-function-error"), "", "{}", answer.text());
    until("the orphans to end", || orphans.iter().all(|pid| !is_alive(*pid))).await;
    (place.effects(), answer.json())
}

#[tokio::test]
async fn killed_while_a_step_runs_the_successor_ends_the_execution_and_the_orphan_changes_nothing() {
    let (effects, result) = killed_at("charge").await;
    assert_eq!(result, json!(["tea charged", "tea mailed", "tea shipped"]));
    // The orphan's body ends too, and nobody takes its result.
    assert_eq!(effects, ["charge", "charge", "mail", "ship"]);
}

#[tokio::test]
async fn killed_while_a_step_runs_that_may_run_only_once_it_is_not_run_again() {
    let (effects, result) = killed_at("mail").await;
    assert_ne!(result[1], "tea mailed");
    assert_eq!(effects, ["charge", "mail", "ship"]);
}

#[tokio::test]
async fn killed_behind_the_wait_acknowledged_steps_do_not_run_again() {
    let (effects, result) = killed_at("ship").await;
    assert_eq!(result, json!(["tea charged", "tea mailed", "tea shipped"]));
    assert_eq!(effects, ["charge", "mail", "ship", "ship"]);
}

#[tokio::test]
async fn killed_with_many_executions_in_any_state_every_one_ends() {
    let place = Place::new();
    let mut server = Server::start(&place, "0");
    let port = server.port().to_owned();
    for number in 0..8 {
        assert_eq!(server.invoke("story", &format!("order-{number}"), "Event").await.status, 202);
    }
    for ran in [2, 9] {
        until("some steps", || place.effects().len() >= ran).await;
        server.kill();
        server = Server::start(&place, &port);
    }
    for number in 0..8 {
        let answer = server.invoke("story", &format!("order-{number}"), "RequestResponse").await;
        let result = answer.json();
        assert_eq!((&result[0], &result[2]), (&json!("tea charged"), &json!("tea shipped")), "{}", answer.text());
    }
    let mailed = place.effects().iter().filter(|step| *step == "mail").count();
    assert!(mailed <= 8, "{mailed}: at most once each");
}

#[tokio::test]
async fn a_server_that_is_asked_to_end_takes_its_processes_along_and_its_log_is_served() {
    let place = Place::new();
    let mut server = Server::start(&place, "0");
    assert_eq!(server.invoke("plain", "two", "RequestResponse").await.json(), json!("tea"));
    server.invoke("story", "one", "RequestResponse").await;
    let log = server.http().send("GET", "/durable/logs?function=story", &[], "").await.unwrap().json();
    let lines = log["Lines"].as_array().unwrap().iter();
    assert_eq!(lines.filter(|line| line["Line"] == "ran ship").count(), 1);
    until("the line", || server.lines().contains(&"[story] ran ship".to_owned())).await;
    let pids = server.pids();
    assert!(!pids.is_empty());
    assert!(Command::new("kill").arg(server.child.id().to_string()).status().unwrap().success());
    assert!(server.child.wait().unwrap().success());
    until("its processes to be gone", || pids.iter().all(|pid| !is_alive(*pid))).await;
}
