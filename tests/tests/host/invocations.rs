//! What one invocation gives and gets.

use std::num::NonZeroUsize;
use std::time::Duration;

use durable_runtime::host::{Call, HostOptions, Reply};
use serde_json::json;

use super::support::{answer, error, function, lines, parts};

#[tokio::test]
async fn a_payload_goes_in_and_a_payload_comes_out() {
    let (ship, _) = function("plain", HostOptions::default());
    assert_eq!(answer(&ship, json!({"some": ["thing", 1]})).await, json!({"some": ["thing", 1]}));
}

#[tokio::test]
async fn an_event_comes_with_what_aws_lambda_says_of_it() {
    let (ship, _) = function("plain", HostOptions::default().function_timeout(Duration::from_secs(100)));
    let call = Call {
        trace: Some("Root=1-2-3".into()),
        client_context: Some(r#"{"a":1}"#.into()),
        tenant: Some("blue".into()),
        ..Call::new(json!({"do": "headers"}).to_string())
    };
    let id = call.request_id.clone();
    let Reply::Payload(payload) = ship.invoke(call).await else { panic!("an error") };
    let headers: serde_json::Value = serde_json::from_slice(&payload).unwrap();
    assert_eq!(headers["lambda-runtime-aws-request-id"], id);
    assert_eq!(
        headers["lambda-runtime-invoked-function-arn"],
        "arn:aws:lambda:local:000000000000:function:ship:$LATEST"
    );
    assert_eq!(headers["lambda-runtime-trace-id"], "Root=1-2-3");
    assert_eq!(headers["lambda-runtime-client-context"], r#"{"a":1}"#);
    assert_eq!(headers["lambda-runtime-aws-tenant-id"], "blue");
    assert_eq!(headers["content-type"], "application/json");
    let deadline: u128 = headers["lambda-runtime-deadline-ms"].as_str().unwrap().parse().unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    assert!((now..=now + 100_000).contains(&deadline), "{deadline} is within the function's timeout");

    let headers = answer(&ship, json!({"do": "headers"})).await;
    assert!(headers["lambda-runtime-trace-id"].as_str().unwrap().starts_with("Root=1-"), "one is made up");
}

#[tokio::test]
async fn a_process_finds_the_environment_of_aws_lambda() {
    let options = HostOptions::default().endpoint("http://127.0.0.1:9").variable("AWS_LAMBDA_EXTRA", "mine");
    let (ship, _) = function("plain", options);
    let environment = answer(&ship, json!({"do": "environment"})).await;
    let expected = [
        ("AWS_LAMBDA_FUNCTION_NAME", "ship"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1024"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/ship"),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:9"),
        ("AWS_LAMBDA_EXTRA", "mine"),
    ];
    for (name, value) in expected {
        assert_eq!(environment[name], value, "{name}");
    }
    for name in ["AWS_LAMBDA_RUNTIME_API", "AWS_REGION", "AWS_DEFAULT_REGION", "LAMBDA_TASK_ROOT"] {
        assert!(environment[name].is_string(), "{name}");
    }
}

#[tokio::test]
async fn an_error_of_the_function_is_told_verbatim_and_its_process_goes_on() {
    let (ship, logs) = function("plain", HostOptions::default());
    let failed = error(&ship, json!({"do": "error"})).await;
    assert_eq!(parts(&failed), ("Oops", "it broke"));
    assert_eq!(failed.stack_trace, Some(vec!["here".to_owned(), "there".to_owned()]));
    answer(&ship, json!(1)).await;
    assert_eq!(super::support::pids(&logs).len(), 1);
}

#[tokio::test]
async fn an_answer_beyond_the_limit_is_refused_and_fails_its_invocation_only() {
    let (ship, logs) = function("plain", HostOptions::default());
    let failed = error(&ship, json!({"do": "huge", "bytes": 6 * 1024 * 1024 + 101})).await;
    assert_eq!(failed.error_type.as_deref(), Some("Function.ResponseSizeTooLarge"));
    assert_eq!(answer(&ship, json!({"still": "there"})).await, json!({"still": "there"}));
    assert!(lines(&logs).contains(&"huge: 413".to_owned()), "{:?}", lines(&logs));
    let Reply::Payload(whole) =
        ship.invoke(Call::new(json!({"do": "huge", "bytes": 6 * 1024 * 1024}).to_string())).await
    else {
        panic!("6 MiB are too much");
    };
    assert_eq!(whole.len(), 6 * 1024 * 1024);
}

#[tokio::test]
async fn what_a_runtime_should_not_send_is_refused_and_disturbs_nothing() {
    let (ship, _) = function("plain", HostOptions::default());
    let said = answer(&ship, json!({"do": "misuse"})).await;
    let expected = json!([
        [400, "InvalidRequestID"],
        [400, "InvalidRequestID"],
        [403, "InvalidStateTransition"],
        [403, "InvalidStateTransition"],
        [404, "InvalidPath"],
    ]);
    assert_eq!(said, expected);
    assert_eq!(answer(&ship, json!(2)).await, json!(2));
}

#[tokio::test]
async fn the_lines_that_a_function_wrote_are_in_the_log_when_its_answer_comes() {
    let (ship, logs) = function("plain", HostOptions::default().max_processes(NonZeroUsize::MIN));
    for _ in 0..20 {
        let before = logs.after(0, None).next;
        let call = Call::new(json!({"do": "log"}).to_string());
        let id = call.request_id.clone();
        ship.invoke(call).await;
        let page = logs.after(before, Some("ship"));
        let own = page.lines.iter().filter(|line| line.request_id.as_ref() == Some(&id));
        let mut own: Vec<&str> = own.map(|line| line.line.as_str()).collect();
        own.sort_unstable();
        assert_eq!(own, ["bad \u{fffd} byte", "one", "two", "unfinished"]);
        assert!(ship.log_tail(&id).contains("one\ntwo\n"));
    }
}

#[tokio::test]
async fn a_streamed_answer_is_taken_as_a_whole() {
    let (ship, _) = function("plain", HostOptions::default());
    assert_eq!(answer(&ship, json!({"do": "stream"})).await, json!("some pieces"));
    // The error that a runtime reports behind what it has sent already: {"errorMessage":"it broke off"}.
    let body = "eyJlcnJvck1lc3NhZ2UiOiJpdCBicm9rZSBvZmYifQ==";
    let trailers =
        format!("Lambda-Runtime-Function-Error-Type: Oops\r\nLambda-Runtime-Function-Error-Body: {body}\r\n");
    let failed = error(&ship, json!({"do": "stream", "trailers": trailers})).await;
    assert_eq!(parts(&failed), ("Oops", "it broke off"));
}
