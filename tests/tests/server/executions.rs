//! One execution: looked at, and stopped.

use serde_json::{Value, json};

use crate::client::{BEGINNING, Served, execution};
use crate::functions::{echo, fails, remote};

#[tokio::test]
async fn an_execution_is_described_with_all_that_the_model_requires() {
    let served = Served::new(vec![("echo", echo())]).await;
    let arn = served.invoke("echo", "[1]").await.arn();
    let seen = served.get(&execution(&arn, "")).await.ok();
    let seconds = BEGINNING as f64 / 1000.0;
    let name = arn.rsplit('/').nth(1).unwrap();
    for (member, value) in [
        ("DurableExecutionArn", json!(arn)),
        ("DurableExecutionName", json!(name)),
        ("FunctionArn", json!("arn:aws:lambda:local:000000000000:function:echo:$LATEST")),
        ("Status", json!("SUCCEEDED")),
        ("StartTimestamp", json!(seconds)),
        ("EndTimestamp", json!(seconds)),
        ("Version", json!("$LATEST")),
        ("InputPayload", json!("[1]")),
        ("Result", json!("[1]")),
        ("ExecutionDataIncluded", json!(true)),
        ("DurableConfig", json!({"ExecutionTimeout": 31_622_400})),
    ] {
        assert_eq!(seen[member], value, "{member}");
    }
    assert!(seen.get("Error").is_none());
}

#[tokio::test]
async fn data_is_left_out_on_request() {
    let served = Served::new(vec![("fails", fails())]).await;
    let arn = served.invoke("fails", "[1]").await.arn();
    let seen = served.get(&execution(&arn, "?IncludeExecutionData=true")).await.ok();
    assert_eq!(seen["Error"]["ErrorType"], "CardDeclined");
    let bare = served.get(&execution(&arn, "?IncludeExecutionData=false")).await.ok();
    assert_eq!((&bare["Status"], &bare["ExecutionDataIncluded"]), (&json!("FAILED"), &json!(false)));
    assert!(["InputPayload", "Result", "Error"].iter().all(|member| bare.get(member).is_none()), "{bare}");
    let reply = served.get(&execution(&arn, "?IncludeExecutionData=maybe")).await;
    assert!(reply.error(400, "InvalidParameterValueException").contains("IncludeExecutionData"));
}

#[tokio::test]
async fn an_arn_may_come_escaped_or_not() {
    let served = Served::new(vec![("echo", echo())]).await;
    let arn = served.invoke("echo", "1").await.arn();
    let slashes = arn.replace('/', "%2F");
    for label in [arn.clone(), slashes, arn.replace('$', "%24")] {
        for rest in ["", "/history"] {
            let reply = served.get(&format!("/2025-12-01/durable-executions/{label}{rest}")).await;
            assert_eq!(reply.status, 200, "{label}{rest}: {reply:?}");
        }
    }
}

#[tokio::test]
async fn an_execution_that_is_not_there_is_not_found() {
    let served = Served::new(vec![("echo", echo())]).await;
    let arn = served.invoke("echo", "1").await.arn();
    let elsewhere = arn.replace("local", "eu-west-1");
    let (front, _) = arn.rsplit_once('/').unwrap();
    let other = format!("{front}/00000000-0000-0000-0000-000000000000");
    let renamed = arn.replace("/durable-execution/", "/durable-execution/x");
    for unknown in [elsewhere, other, renamed] {
        for rest in ["", "/history"] {
            let _ = served.get(&execution(&unknown, rest)).await.error(404, "ResourceNotFoundException");
        }
        let _ = served.post(&execution(&unknown, "/stop"), "").await.error(404, "ResourceNotFoundException");
    }
    let _ = served.get(&execution("nonsense", "")).await.error(400, "InvalidParameterValueException");
}

#[tokio::test]
async fn a_stopped_execution_ends_with_the_error_it_was_given() {
    let (function, mut calls) = remote();
    let served = Served::new(vec![("remote", function)]).await;
    let error = json!({"ErrorType": "Cancelled", "ErrorMessage": "enough", "ErrorData": "{}", "StackTrace": ["me"]});
    for (name, body, expected) in [
        ("given", error.to_string(), error),
        ("nothing", String::new(), json!({"ErrorMessage": "Execution stopped by user request."})),
        ("object", "{}".into(), json!({"ErrorMessage": "Execution stopped by user request."})),
    ] {
        let arn = served.begin("remote", name).await;
        let call = calls.recv().await.unwrap();
        let stopped = served.post(&execution(&arn, "/stop"), body).await.ok();
        let seen = served.get(&execution(&arn, "")).await.ok();
        assert_eq!((&seen["Status"], &seen["Error"]), (&json!("STOPPED"), &expected), "{name}");
        assert_eq!(stopped, json!({"StopTimestamp": seen["EndTimestamp"]}));
        let refused = call.checkpoint_with(&served, call.token(), json!([])).await;
        assert!(refused.error(400, "InvalidParameterValueException").starts_with("Invalid Checkpoint Token"));
        // Again, and later: nothing changes.
        served.clock.advance(60);
        assert_eq!(served.post(&execution(&arn, "/stop"), json!({"ErrorMessage": "more"})).await.ok(), stopped);
    }
}

#[tokio::test]
async fn an_execution_that_had_ended_is_not_stopped() {
    let served = Served::new(vec![("echo", echo())]).await;
    let arn = served.invoke("echo", "1").await.arn();
    let ended: Value = served.get(&execution(&arn, "")).await.ok();
    let stopped = served.post(&execution(&arn, "/stop"), "").await.ok();
    assert_eq!(stopped["StopTimestamp"], ended["EndTimestamp"]);
    assert_eq!(served.get(&execution(&arn, "")).await.ok(), ended);
}

#[tokio::test]
async fn an_error_that_is_none_is_refused() {
    let (function, mut calls) = remote();
    let served = Served::new(vec![("remote", function)]).await;
    let arn = served.begin("remote", "goes-on").await;
    let _call = calls.recv().await.unwrap();
    let path = execution(&arn, "/stop");
    let _ = served.post(&path, "{").await.error(400, "SerializationException");
    let message = served.post(&path, "{\"StackTrace\": \"none\"}").await.error(400, "InvalidParameterValueException");
    assert!(message.contains("StackTrace"), "{message}");
    let large = json!({"ErrorMessage": "x".repeat(40_000)});
    assert!(served.post(&path, large).await.error(400, "InvalidParameterValueException").contains("32768"));
    assert_eq!(served.get(&execution(&arn, "")).await.ok()["Status"], "RUNNING");
}
