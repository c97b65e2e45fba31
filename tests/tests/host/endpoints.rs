//! Plain Invokes: a server that passes them on to processes, and functions that are invoked by them.

use std::time::Duration;

use durable_runtime::engine::{Engine, ExecutionStatus, StartOptions};
use durable_runtime::host::{Assignment, FunctionHost, HostOptions, Logs};
use durable_runtime::server::{FunctionServer, ServerOptions};
use serde_json::json;
use tests::runtime::{Http, Response};

use super::support::{command, until};

/// A server of the plain runtime under the name `ship`.
async fn serve() -> (Http, String, Logs) {
    let logs = Logs::default();
    let options = HostOptions::default().logs(logs.clone());
    let ship = FunctionHost::new("ship", &command("plain"), options).unwrap();
    let any = ServerOptions::default().listen("127.0.0.1:0".parse().unwrap());
    let server = FunctionServer::bind(vec![ship], logs.clone(), any).await.unwrap();
    let url = format!("http://{}", server.address());
    drop(tokio::spawn(server.serve_until(std::future::pending())));
    (Http::new(url.clone()), url, logs)
}

async fn invoke(http: &Http, name: &str, headers: &[(&str, &str)], body: impl ToString) -> Response {
    let path = format!("/2015-03-31/functions/{name}/invocations");
    http.send("POST", &path, headers, body.to_string()).await.unwrap()
}

#[tokio::test]
async fn an_invoke_is_passed_on_however_the_function_is_called() {
    let (http, _, _) = serve().await;
    for name in ["ship", "ship:$LATEST", "arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Aship%3A%24LATEST"]
    {
        let answer = invoke(&http, name, &[], json!({"a": 1})).await;
        assert_eq!((answer.status, answer.json()), (200, json!({"a": 1})), "{name}");
        assert_eq!(answer.header("x-amz-executed-version"), "$LATEST");
        assert!(!answer.headers.contains_key("x-amz-function-error"));
        assert!(!answer.headers.contains_key("x-amz-durable-execution-arn"), "no execution is started");
    }
    assert_eq!(invoke(&http, "ship", &[], "").await.json(), json!({}), "no payload is an empty one");
}

#[tokio::test]
async fn errors_of_functions_and_of_their_processes_are_payloads_with_a_header() {
    let (http, _, _) = serve().await;
    let failed = invoke(&http, "ship", &[], json!({"do": "error"})).await;
    assert_eq!((failed.status, failed.header("x-amz-function-error")), (200, "Unhandled"));
    assert_eq!(failed.json()["errorType"], "Oops");
    assert_eq!(failed.json()["stackTrace"], json!(["here", "there"]), "as the runtime has said it");
    let died = invoke(&http, "ship", &[], json!({"do": "die"})).await;
    assert_eq!((died.status, died.header("x-amz-function-error")), (200, "Unhandled"));
    assert_eq!(died.json()["errorType"], "Runtime.ExitError");
}

#[tokio::test]
async fn headers_of_an_invoke_reach_the_function() {
    let (http, _, _) = serve().await;
    let given = [
        ("X-Amz-Client-Context", "eyJhIjoxfQ=="),
        ("X-Amz-Tenant-Id", "blue"),
        ("X-Amzn-Trace-Id", "Root=1-2-3"),
        ("X-Amz-Log-Type", "Tail"),
    ];
    let answer = invoke(&http, "ship", &given, json!({"do": "headers"})).await;
    let headers = answer.json();
    assert_eq!(headers["lambda-runtime-client-context"], r#"{"a":1}"#);
    assert_eq!(headers["lambda-runtime-aws-tenant-id"], "blue");
    assert_eq!(headers["lambda-runtime-trace-id"], "Root=1-2-3");
    assert!(answer.headers.contains_key("x-amz-log-result"));
    let tail = invoke(&http, "ship", &[("X-Amz-Log-Type", "Tail")], json!({"do": "log"})).await;
    // What begins with "one\ntwo\nbad" in Base64: the process's first line was tailed before.
    assert!(tail.header("x-amz-log-result").starts_with("b25lCnR3bwpiYW"), "{}", tail.header("x-amz-log-result"));
}

#[tokio::test]
async fn an_event_is_taken_and_a_dry_run_is_not() {
    let (http, _, logs) = serve().await;
    assert_eq!(invoke(&http, "ship", &[("X-Amz-Invocation-Type", "DryRun")], "{}").await.status, 204);
    assert!(logs.after(0, None).lines.is_empty());
    let taken = invoke(&http, "ship", &[("X-Amz-Invocation-Type", "Event")], json!({"do": "log"})).await;
    assert_eq!((taken.status, taken.text()), (202, String::new()));
    until("the event's lines", || logs.after(0, None).lines.iter().any(|line| line.line == "two")).await;
}

#[tokio::test]
async fn what_cannot_be_invoked_is_refused_as_aws_lambda_refuses_it() {
    let (http, _, logs) = serve().await;
    let unknown = invoke(&http, "other", &[], "{}").await;
    assert_eq!((unknown.status, unknown.header("x-amzn-errortype")), (404, "ResourceNotFoundException"));
    let broken = invoke(&http, "ship", &[], "{").await;
    assert_eq!((broken.status, broken.header("x-amzn-errortype")), (400, "InvalidRequestContentException"));
    let large = invoke(&http, "ship", &[], format!("\"{}\"", "x".repeat(6 * 1024 * 1024))).await;
    assert_eq!((large.status, large.header("x-amzn-errortype")), (413, "RequestTooLargeException"));
    let page = invoke(&http, "ship", &[("Origin", "http://evil.example")], "{}").await;
    assert_eq!(page.status, 403);
    let rebound = invoke(&http, "ship", &[("Host", "evil.example")], "{}").await;
    assert_eq!(rebound.status, 403);
    let executions = http.send("GET", "/2025-12-01/durable-executions/x", &[], "").await.unwrap();
    assert_eq!(executions.status, 404);
    assert!(executions.text().contains("this server has none"), "{}", executions.text());
    assert!(logs.after(0, None).lines.is_empty(), "no process was started");
}

#[tokio::test]
async fn the_log_is_read_from_where_it_was_left() {
    let (http, _, _) = serve().await;
    invoke(&http, "ship", &[], json!({"do": "log"})).await;
    let all = http.send("GET", "/durable/logs?function=ship", &[], "").await.unwrap().json();
    let lines: Vec<&str> = all["Lines"].as_array().unwrap().iter().filter_map(|line| line["Line"].as_str()).collect();
    assert!(lines.contains(&"one") && lines.contains(&"unfinished"), "{lines:?}");
    assert!(all["Lines"][1]["RequestId"].is_string() && all["Lines"][1]["Timestamp"].is_i64());
    let rest = http.send("GET", &format!("/durable/logs?after={}", all["Next"]), &[], "").await.unwrap().json();
    assert_eq!(rest, json!({"Lines": [], "Next": all["Next"]}));
    assert_eq!(http.send("GET", "/durable/logs?after=x", &[], "").await.unwrap().status, 400);
}

/// How an execution of `function` ends that is given `input`.
async fn run(function: &FunctionHost, plain: bool, input: serde_json::Value) -> (ExecutionStatus, String) {
    let options = Engine::options().invocation_retries(0);
    let engine = options.open_in_memory().await.unwrap();
    engine.register("ship", if plain { function.plain() } else { function.durable() });
    let started = engine.start("ship", &input.to_string(), StartOptions::default()).await.unwrap();
    let summary = engine.wait(&started.arn).await.unwrap();
    let said = summary.result.or_else(|| summary.error.map(|error| error.to_string()));
    (summary.status, said.unwrap_or_default())
}

#[tokio::test]
async fn a_plain_function_is_given_the_input_and_its_answer_is_the_result() {
    let ship = FunctionHost::new("ship", &command("plain"), HostOptions::default()).unwrap();
    assert_eq!(run(&ship, true, json!({"a": 1})).await, (ExecutionStatus::Succeeded, json!({"a": 1}).to_string()));
    assert_eq!(run(&ship, true, json!({"do": "error"})).await, (ExecutionStatus::Failed, "Oops: it broke".into()));
    let (status, said) = run(&ship, true, json!({"do": "die"})).await;
    assert_eq!(status, ExecutionStatus::Failed);
    assert!(said.starts_with("Runtime.ExitError") && said.ends_with("signal: killed"), "{said}");
}

#[tokio::test]
async fn a_plain_function_is_given_its_input_however_large_it_is() {
    let ship = FunctionHost::new("ship", &command("plain"), HostOptions::default()).unwrap();
    // More than a page of state: the event comes without it.
    let input = json!("x".repeat(5 * 1024 * 1024 + 1));
    let text = input.to_string();
    let (status, said) = run(&ship, true, input).await;
    let start: String = said.chars().take(100).collect();
    assert!(status == ExecutionStatus::Succeeded && said == text, "{status:?} {start}");
}

#[tokio::test]
async fn a_function_behind_an_invoke_endpoint_is_like_any_other() {
    let (_, url, _) = serve().await;
    let assignment = Assignment::parse(&format!("ship={url}")).unwrap();
    let ship = FunctionHost::assigned(assignment, HostOptions::default());
    assert_eq!(run(&ship, true, json!({"a": 1})).await, (ExecutionStatus::Succeeded, json!({"a": 1}).to_string()));
    assert_eq!(run(&ship, true, json!({"do": "error"})).await, (ExecutionStatus::Failed, "Oops: it broke".into()));
}

#[tokio::test]
async fn an_endpoint_that_cannot_be_invoked_fails_the_invocation_as_any_error_of_a_handler() {
    let (_, url, _) = serve().await;
    let host = |base: &str, options| {
        let assignment = Assignment::parse(&format!("other={base}")).unwrap();
        FunctionHost::assigned(assignment, options)
    };
    let (_, said) = run(&host(&url, HostOptions::default()), false, json!(1)).await;
    assert!(said.starts_with("ResourceNotFoundException: ") && said.contains("Function not found"), "{said}");
    // A port that nobody listens on any more.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (status, said) = run(&host(&format!("http://{closed}"), HostOptions::default()), false, json!(1)).await;
    assert_eq!(status, ExecutionStatus::Failed, "once no retries are left");
    assert!(said.starts_with("InvokeConnectionFailed: ") && said.contains("Connection refused"), "{said}");
    // One that takes connections and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let short = HostOptions::default().function_timeout(Duration::from_millis(100));
    let (_, said) = run(&host(&format!("http://{address}"), short), false, json!(1)).await;
    assert!(said.starts_with("Sandbox.Timedout: "), "{said}");
}
