//! `checkout serve` as people run it: killed, interrupted, and with other commands beside it.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Child;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;

use serde_json::Value;

use crate::support::{Place, Said, order};
use crate::unkilled::{NAME, Unkilled, check_nothing_again, recorded};

/// A `checkout serve` and what it says, while it says it.
struct Serving {
    process: Child,
    heard: Arc<(Mutex<String>, Condvar)>,
    listener: JoinHandle<()>,
    address: String,
}

impl Serving {
    fn new(place: &Place, variables: &[(&str, &str)]) -> Self {
        let line = ["serve", "--port", "0", "--store", "shop.db"];
        let mut process = place.start_with(&line, variables).into_child();
        let heard = Arc::new((Mutex::new(String::new()), Condvar::new()));
        let mut messages = BufReader::new(process.stderr.take().unwrap());
        let tells = Arc::clone(&heard);
        let listener = std::thread::spawn(move || {
            let mut line = String::new();
            while messages.read_line(&mut line).unwrap() > 0 {
                tells.0.lock().unwrap().push_str(&line);
                tells.1.notify_all();
                line.clear();
            }
        });
        let mut serving = Self { process, heard, listener, address: String::new() };
        let said = serving.hear(|heard| heard.contains("  functions: checkout"));
        let (_, rest) = said.split_once("on http://").unwrap();
        serving.address = rest.split_whitespace().next().unwrap().to_owned();
        serving
    }

    /// What was said, once it is `enough`.
    fn hear(&self, enough: impl Fn(&str) -> bool) -> String {
        let (heard, news) = &*self.heard;
        news.wait_while(heard.lock().unwrap(), |heard| !enough(heard)).unwrap().clone()
    }

    /// Invokes `checkout` and returns the answer's head and body.
    fn invoke(&self, order: &str, name: &str, kind: &str) -> (String, String) {
        invoke(&self.address, order, name, kind)
    }

    fn begin(&self, order: &str, name: &str) {
        let (head, _) = self.invoke(order, name, "Event");
        assert!(head.starts_with("HTTP/1.1 202 "), "{head}");
    }

    /// Waits for an execution's result.
    fn result(&self, order: &str, name: &str) -> String {
        let (head, body) = self.invoke(order, name, "RequestResponse");
        assert!(head.starts_with("HTTP/1.1 200 ") && !head.contains("x-amz-function-error"), "{head}\n{body}");
        body
    }

    fn signal(&self, name: &str) {
        let id = self.process.id().to_string();
        assert!(std::process::Command::new("kill").args([name, &id]).status().unwrap().success());
    }

    /// What it said and how it ended.
    fn ended(mut self) -> Said {
        let code = self.process.wait().unwrap().code();
        self.listener.join().unwrap();
        let messages = self.heard.0.lock().unwrap().clone();
        Said { code, output: String::new(), messages }
    }

    fn kill(mut self) -> Said {
        self.process.kill().unwrap();
        self.ended()
    }
}

fn invoke(address: &str, order: &str, name: &str, kind: &str) -> (String, String) {
    let payload = std::fs::read_to_string(format!("{}/orders/{order}.json", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let mut request = "POST /2015-03-31/functions/checkout/invocations HTTP/1.1\r\n".to_owned();
    write!(request, "host: {address}\r\nconnection: close\r\ncontent-length: {}\r\n", payload.len()).unwrap();
    write!(request, "x-amz-invocation-type: {kind}\r\nx-amz-durable-execution-name: {name}\r\n\r\n{payload}").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

fn ran(heard: &str) -> usize {
    heard.lines().filter(|line| line.starts_with("ran ")).count()
}

#[test]
fn a_server_killed_again_and_again_comes_to_the_same_end() {
    let unkilled = Unkilled::get();
    let place = Place::new();
    let mut story = String::new();
    for bodies in [1, 4, 2, 3, 1, 2] {
        let before = recorded(&place);
        let serving = Serving::new(&place, &[]);
        serving.begin("large", NAME);
        let _ = serving.hear(|heard| ran(heard) >= bodies || heard.contains(": succeeded in "));
        let killed = serving.kill();
        check_nothing_again(&before, &killed, &story);
        story.push_str(&killed.messages);
    }
    let before = recorded(&place);
    let serving = Serving::new(&place, &[]);
    let output = serving.result("large", NAME);
    let last = Said { output, code: Some(0), ..serving.kill() };
    check_nothing_again(&before, &last, &story);
    story.push_str(&last.messages);
    unkilled.check(&place, &last, &story);
}

#[test]
fn a_server_killed_with_many_executions_goes_on_with_each() {
    let place = Place::new();
    let serving = Serving::new(&place, &[]);
    let names: Vec<String> = (1..=8).map(|number| format!("tea-{number}")).collect();
    for name in &names {
        serving.begin("tea", name);
    }
    let _ = serving.hear(|heard| ran(heard) >= 10);
    let _ = serving.kill();
    let serving = Serving::new(&place, &[]);
    let said = serving.hear(|heard| heard.contains("resumed "));
    for name in &names {
        let result: Value = serde_json::from_str(&serving.result("tea", name)).unwrap();
        assert_eq!((&result["order"], &result["paid"]), (&"order-1001".into(), &9330.into()), "{said}");
    }
    let taken: Vec<(String, u32)> = place.taken().into_iter().collect();
    assert_eq!(taken, [("pot-blue".into(), 8), ("tea-assam".into(), 16), ("tea-sencha".into(), 8)]);
    let _ = serving.kill();
}

#[cfg(unix)]
#[test]
fn an_interrupted_server_tells_those_who_wait_and_loses_nothing() {
    for signal in ["-INT", "-TERM"] {
        let place = Place::new();
        let serving = Serving::new(&place, &[("SHOP_REVIEWER", "nobody")]);
        let address = serving.address.clone();
        let waits = std::thread::spawn(move || invoke(&address, "large", NAME, "RequestResponse"));
        let _ = serving.hear(|heard| heard.contains("waits for an answer"));
        serving.signal(signal);
        let (head, body) = waits.join().unwrap();
        assert!(head.starts_with("HTTP/1.1 500 ") && body.contains("is kept"), "{head}\n{body}");
        let said = serving.ended();
        assert_eq!(said.code, Some(0), "{}", said.messages);
        assert!(said.messages.contains("go on with `checkout serve --store shop.db`"), "{}", said.messages);

        let serving = Serving::new(&place, &[]);
        assert!(serving.result("large", NAME).contains("order-1005"));
        let _ = serving.kill();
    }
}

#[test]
fn other_commands_work_beside_a_server_as_beside_any_owner() {
    let place = Place::new();
    let serving = Serving::new(&place, &[("SHOP_REVIEWER", "nobody")]);
    serving.begin("large", NAME);
    let _ = serving.hear(|heard| heard.contains("waits for an answer"));
    let listed = place.run(&["list"]);
    assert!(listed.output.contains(NAME) && listed.output.contains("RUNNING"), "{}", listed.output);
    let refused = place.run(&["start", &order("tea")]);
    assert_eq!(refused.code, Some(1), "{}", refused.messages);
    assert!(refused.messages.contains("is owned by process"), "{}", refused.messages);
    let answered = place.run(&["callback", "large-1/approval", "succeed", "true"]);
    assert_eq!(answered.code, Some(0), "{}", answered.messages);
    assert!(serving.result("large", NAME).contains("order-1005"));
    let _ = serving.kill();
}

#[test]
fn a_server_that_cannot_listen_says_where_and_what_to_do() {
    let place = Place::new();
    let serving = Serving::new(&place, &[]);
    let other = Place::new();
    let said = other.run(&["serve", "--listen", &serving.address]);
    assert_eq!(said.code, Some(1), "{}", said.messages);
    assert!(said.messages.contains(&serving.address) && said.messages.contains("--port"), "{}", said.messages);
    let _ = serving.kill();
}
