//! Invoke: what the caller gets, by the kind of invocation and the end of the execution.

use std::time::Duration;

use durable_runtime::engine::Engine;
use durable_runtime::handler::function;
use durable_runtime::prelude::*;
use durable_runtime::server::ServerOptions;
use serde_json::json;

use crate::client::{Served, execution, invocations};
use crate::functions::{blocks, echo, fails, open_callback, remote};

const KIND: &str = "x-amz-invocation-type";
const NAME: &str = "x-amz-durable-execution-name";

#[tokio::test]
async fn a_synchronous_invoke_answers_exactly_the_result() {
    let served = Served::new(vec![("echo", echo())]).await;
    let payload = "{ \"spaced\" : [1.50, \"\\u00e9\"] }";
    let reply = served.invoke("echo", payload).await;
    assert_eq!((reply.status, reply.text()), (200, payload));
    assert_eq!(reply.header("x-amz-executed-version"), Some("$LATEST"));
    assert_eq!(reply.header("x-amz-function-error"), None);
    let prefix = "arn:aws:lambda:local:000000000000:function:echo:$LATEST/durable-execution/";
    assert!(reply.arn().starts_with(prefix), "{}", reply.arn());
}

#[tokio::test]
async fn a_failed_execution_is_a_function_error_in_an_answer_that_succeeded() {
    let served = Served::new(vec![("fails", fails())]).await;
    let reply = served.invoke("fails", "{}").await;
    assert_eq!((reply.status, reply.header("x-amz-function-error")), (200, Some("Unhandled")));
    let expected = json!({
        "errorMessage": "insufficient funds",
        "errorType": "CardDeclined",
        "errorData": "{\"code\":51}",
        "stackTrace": ["at till"],
    });
    assert_eq!(reply.json(), expected);
    assert_eq!(served.get(&execution(&reply.arn(), "")).await.ok()["Status"], "FAILED");
}

#[tokio::test]
async fn one_who_waits_is_told_of_a_stop() {
    let (function, mut calls) = remote();
    let served = Served::new(vec![("remote", function)]).await;
    let path = invocations("remote");
    let waits = served.send("POST", &path, &[(NAME, "stopped")], "{}");
    let stops = async {
        let call = calls.recv().await.unwrap();
        let _ = served.post(&execution(call.arn(), "/stop"), json!({"ErrorMessage": "enough"})).await.ok();
        call.pending();
    };
    let (reply, ()) = tokio::join!(waits, stops);
    assert_eq!(reply.header("x-amz-function-error"), Some("Unhandled"));
    assert_eq!(reply.json(), json!({"errorMessage": "enough"}));
}

#[tokio::test]
async fn an_asynchronous_invoke_answers_at_once_and_empty() {
    let served = Served::new(vec![("echo", echo())]).await;
    let reply = served.send("POST", &invocations("echo"), &[(KIND, "Event")], "7").await;
    assert_eq!((reply.status, reply.text()), (202, ""));
    let arn = served.engine.find(&reply.arn()).await.unwrap();
    assert_eq!(served.engine.wait(&arn).await.unwrap().result.as_deref(), Some("7"));
}

#[tokio::test]
async fn a_dry_run_starts_nothing() {
    let served = Served::new(vec![("echo", echo())]).await;
    let reply = served.send("POST", &invocations("echo"), &[(KIND, "DryRun")], "{}").await;
    assert_eq!((reply.status, reply.text()), (204, ""));
    assert!(served.engine.list(Default::default()).await.unwrap().is_empty());
    let missing = served.send("POST", &invocations("missing"), &[(KIND, "DryRun")], "{}").await;
    assert!(missing.error(404, "ResourceNotFoundException").contains("Function not found"));
}

#[tokio::test]
async fn a_name_makes_an_invoke_repeatable_also_after_the_end() {
    let served = Served::new(vec![("echo", echo())]).await;
    let named = |payload: &'static str| {
        served.send("POST", "/2015-03-31/functions/echo/invocations", &[(NAME, "order-7")], payload)
    };
    let first = named("[7]").await;
    let second = named("[7]").await;
    assert_eq!((second.status, second.text(), second.arn()), (200, "[7]", first.arn()));
    let message = named("[8]").await.error(409, "DurableExecutionAlreadyStartedException");
    assert!(message.contains("order-7") && message.contains("another input"), "{message}");
    let reply = served.send("POST", &invocations("echo"), &[(NAME, "order 7")], "[7]").await;
    assert!(reply.error(400, "InvalidParameterValueException").contains("order 7"));
}

#[tokio::test]
async fn a_repeated_invoke_waits_for_the_execution_that_runs() {
    let (function, mut calls) = remote();
    let served = Served::new(vec![("remote", function)]).await;
    let arn = served.begin("remote", "one").await;
    let call = calls.recv().await.unwrap();
    let path = invocations("remote");
    let headers = [(NAME, "one")];
    let again = served.send("POST", &path, &headers, "{}");
    let (reply, ()) = tokio::join!(again, async { call.succeed("\"done\"") });
    assert_eq!((reply.arn(), reply.text()), (arn, "\"done\""));
}

#[tokio::test]
async fn a_function_is_called_by_name_or_arn_and_any_qualifier() {
    let served = Served::new(vec![("echo", echo())]).await;
    let full = "arn:aws:lambda:eu-west-1:123456789012:function:echo:live";
    for label in ["echo", "echo:$LATEST", "123456789012:function:echo", full] {
        let reply = served.invoke(label, "1").await;
        assert_eq!((reply.status, reply.text()), (200, "1"), "{label}");
    }
    let unescaped = served.post("/2015-03-31/functions/echo:$LATEST/invocations?Qualifier=$LATEST", "1").await;
    assert_eq!(unescaped.status, 200);
    let both = served.post("/2015-03-31/functions/echo:1/invocations?Qualifier=2", "1").await;
    assert!(both.error(400, "InvalidParameterValueException").contains("qualifier"));
    let _ = served.invoke("e c h o", "1").await.error(400, "InvalidParameterValueException");
}

#[tokio::test]
async fn what_cannot_be_invoked_is_refused_by_its_reason() {
    let served = Served::new(vec![("echo", echo())]).await;
    let message = served.invoke("ship", "{}").await.error(404, "ResourceNotFoundException");
    assert!(message.contains("Function not found: ") && message.ends_with("this server has: echo"), "{message}");
    let reply = served.send("POST", &invocations("echo"), &[(KIND, "Sometimes")], "{}").await;
    assert!(reply.error(400, "InvalidParameterValueException").contains("Sometimes"));
    for payload in ["{", "nonsense", "{} {}"] {
        let message = served.invoke("echo", payload).await.error(400, "InvalidRequestContentException");
        assert!(message.starts_with("Could not parse request body into json"), "{message}");
    }
    let _ = served
        .send("POST", &invocations("echo"), &[], vec![b'"', 0xff, b'"'])
        .await
        .error(400, "InvalidRequestContentException");
}

#[tokio::test]
async fn an_invoke_without_a_payload_is_one_with_an_empty_object() {
    let served = Served::new(vec![("echo", echo())]).await;
    let reply = served.invoke("echo", "").await;
    assert_eq!((reply.status, reply.text()), (200, "{}"));
}

#[tokio::test]
async fn a_function_without_input_is_invoked_without_a_payload() {
    #[durable]
    async fn tick(_: ()) -> Result<u32> {
        record!("count", async { Ok(1) }).await
    }
    let served = Served::new(vec![("tick", function(tick))]).await;
    for payload in ["", "{}", "null"] {
        let reply = served.invoke("tick", payload).await;
        assert_eq!((reply.status, reply.text()), (200, "1"), "{payload}");
    }
    let message = served.invoke("tick", "{\"count\": 7}").await.json()["errorMessage"].to_string();
    assert!(message.contains("does not read as what the function takes"), "{message}");
}

#[tokio::test]
async fn an_input_that_does_not_fit_is_told_as_such_however_large_it_is() {
    #[durable]
    async fn count(_: u32) -> Result<u32> {
        Ok(1)
    }
    let served = Served::new(vec![("count", function(count))]).await;
    let body = served.invoke("count", &json!("\u{e9}\u{1}".repeat(200_000)).to_string()).await.json();
    assert_eq!(body["errorType"], "InvalidInput");
    let message = body["errorMessage"].as_str().unwrap();
    assert!(message.starts_with("the input of `count` does not read as what the function takes: "), "{message}");
}

#[tokio::test]
async fn credentials_and_headers_of_other_features_change_nothing() {
    let served = Served::new(vec![("echo", echo())]).await;
    let headers = [
        (
            "authorization",
            "AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=0",
        ),
        ("x-amz-date", "20260101T000000Z"),
        ("x-amz-security-token", "any"),
        ("x-amz-log-type", "Tail"),
        ("x-amz-client-context", "e30="),
        ("x-amz-tenant-id", "acme"),
        ("content-type", "application/octet-stream"),
    ];
    let reply = served.send("POST", &invocations("echo"), &headers, "1").await;
    assert_eq!((reply.status, reply.text()), (200, "1"));
}

#[tokio::test]
async fn a_blocked_execution_answers_with_its_report_and_is_kept() {
    let served = Served::new(vec![("blocks", blocks())]).await;
    let reply = served.invoke("blocks", "{}").await;
    assert_eq!((reply.status, reply.header("x-amz-function-error")), (200, Some("Unhandled")));
    let body = reply.json();
    assert_eq!(body["errorType"], "NonDeterministicExecution");
    let message = body["errorMessage"].as_str().unwrap();
    assert!(message.contains("BLOCKED") && message.contains("a step is recorded, a wait ran"), "{message}");
    assert_eq!(served.get(&execution(&reply.arn(), "")).await.ok()["Status"], "RUNNING");
}

#[tokio::test]
async fn one_who_waits_too_long_is_told_that_the_execution_goes_on() {
    let options = ServerOptions::default().invoke_patience(Duration::from_millis(20));
    let (function, mut calls) = remote();
    let served = Served::with(vec![("remote", function)], options, Engine::options()).await;
    let reply = served.invoke("remote", "{}").await;
    assert_eq!((reply.status, reply.header("x-amz-function-error")), (200, Some("Unhandled")));
    assert_eq!(reply.json()["errorType"], "DurableExecutionStillRunning");
    assert!(reply.json()["errorMessage"].as_str().unwrap().contains(&reply.arn()));
    calls.recv().await.unwrap().succeed("1");
    let arn = served.engine.find(&reply.arn()).await.unwrap();
    assert_eq!(served.engine.wait(&arn).await.unwrap().result.as_deref(), Some("1"));
}

#[tokio::test]
async fn a_client_that_goes_away_disturbs_nothing() {
    let (function, mut calls) = remote();
    let served = Served::new(vec![("remote", function)]).await;
    let path = invocations("remote");
    let left = served.send("POST", &path, &[(NAME, "left")], "{}");
    let call = tokio::select! {
        reply = left => panic!("nobody has answered yet: {reply:?}"),
        call = calls.recv() => call.unwrap(),
    };
    // The request was dropped with its connection; its execution goes on.
    let arn = call.arn().to_owned();
    call.succeed("\"still here\"");
    let arn = served.engine.find(&arn).await.unwrap();
    assert_eq!(served.engine.wait(&arn).await.unwrap().result.as_deref(), Some("\"still here\""));
    let again = served.send("POST", &path, &[(NAME, "left")], "{}").await;
    assert_eq!(again.text(), "\"still here\"");
}

#[tokio::test]
async fn one_who_waits_gets_what_a_callback_brought() {
    let (function, mut calls) = remote();
    let served = Served::new(vec![("remote", function)]).await;
    let (id, call) = open_callback(&served, &mut calls, "asked", json!({})).await;
    call.pending();
    let path = invocations("remote");
    let waits = served.send("POST", &path, &[(NAME, "asked")], "{}");
    let answers = async {
        let _ = served.post(&crate::client::callback(&id, "succeed"), "yes").await.ok();
        let call = calls.recv().await.unwrap();
        assert_eq!(call.event["UpdatedOperationIds"], json!(["1"]));
        let result = call.operations()[1]["CallbackDetails"]["Result"].clone();
        call.succeed(&result.to_string());
    };
    let (reply, ()) = tokio::join!(waits, answers);
    assert_eq!(reply.text(), "\"yes\"");
}
