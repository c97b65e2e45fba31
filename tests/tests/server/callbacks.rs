//! Answers to callbacks from outside.

use serde_json::{Value, json};

use crate::client::{Served, callback, execution};
use crate::functions::{Calls, open_callback, remote};

async fn served() -> (Served, Calls) {
    let (function, calls) = remote();
    (Served::new(vec![("remote", function)]).await, calls)
}

/// What the execution that is invoked next got.
async fn details(calls: &mut Calls) -> Value {
    calls.recv().await.unwrap().operations()[1]["CallbackDetails"].clone()
}

#[tokio::test]
async fn a_result_is_the_body_as_it_is() {
    let (served, mut calls) = served().await;
    for (name, body, result) in [("text", "not JSON, é", json!("not JSON, é")), ("nothing", "", Value::Null)] {
        let (id, call) = open_callback(&served, &mut calls, name, json!({})).await;
        call.pending();
        let headers = [("content-type", "application/octet-stream")];
        let reply = served.send("POST", &callback(&id, "succeed"), &headers, body).await;
        assert_eq!(reply.ok(), json!({}));
        assert_eq!(details(&mut calls).await["Result"], result, "{name}");
    }
    let (id, _call) = open_callback(&served, &mut calls, "bytes", json!({})).await;
    let reply = served.send("POST", &callback(&id, "succeed"), &[], vec![0xff, 0xfe]).await;
    assert!(reply.error(400, "InvalidParameterValueException").contains("UTF-8"));
}

#[tokio::test]
async fn a_failure_has_the_members_that_were_sent_and_no_others() {
    let (served, mut calls) = served().await;
    let full = json!({"ErrorType": "Declined", "ErrorMessage": "no", "ErrorData": "{}", "StackTrace": ["here"]});
    for (name, body, error) in
        [("full", full.to_string(), full), ("object", "{}".into(), json!({})), ("empty", String::new(), json!({}))]
    {
        let (id, call) = open_callback(&served, &mut calls, name, json!({})).await;
        call.pending();
        assert_eq!(served.post(&callback(&id, "fail"), body).await.ok(), json!({}));
        assert_eq!(details(&mut calls).await["Error"], error, "{name}");
    }
    let (id, _call) = open_callback(&served, &mut calls, "wrong", json!({})).await;
    let reply = served.post(&callback(&id, "fail"), json!({"ErrorMessage": 7})).await;
    assert!(reply.error(400, "InvalidParameterValueException").contains("ErrorMessage"));
    let reply = served.post(&callback(&id, "fail"), json!({"ErrorMessage": "x".repeat(40_000)})).await;
    assert!(reply.error(400, "InvalidParameterValueException").contains("32768"));
}

#[tokio::test]
async fn a_heartbeat_puts_the_heartbeat_timeout_back() {
    let (served, mut calls) = served().await;
    let options = json!({"HeartbeatTimeoutSeconds": 10, "TimeoutSeconds": 60});
    let (id, call) = open_callback(&served, &mut calls, "beats", options).await;
    let arn = call.arn().to_owned();
    for _ in 0..3 {
        served.clock.advance(9);
        assert_eq!(served.post(&callback(&id, "heartbeat"), "").await.ok(), json!({}));
    }
    served.clock.advance(10);
    let message = served.post(&callback(&id, "heartbeat"), "").await.error(400, "CallbackTimeoutException");
    assert!(message.contains("timed out"), "{message}");
    let history = served.get(&execution(&arn, "/history?ReverseOrder=true&MaxItems=1")).await.ok();
    let event = &history["Events"][0];
    assert_eq!(event["CallbackTimedOutDetails"]["Error"]["Payload"]["ErrorType"], "Callback.Heartbeat");
    drop(call);
}

#[tokio::test]
async fn a_callback_is_answered_once() {
    let (served, mut calls) = served().await;
    let (answered, first) = open_callback(&served, &mut calls, "answered", json!({})).await;
    let _ = served.post(&callback(&answered, "succeed"), "1").await.ok();
    let (late, _second) = open_callback(&served, &mut calls, "late", json!({"TimeoutSeconds": 5})).await;
    served.clock.advance(5);
    let (stopped, third) = open_callback(&served, &mut calls, "stopped", json!({})).await;
    let _ = served.post(&execution(third.arn(), "/stop"), "").await.ok();
    drop(first);
    for verb in ["succeed", "fail", "heartbeat"] {
        for (id, status, exception) in [
            (answered.as_str(), 404, "ResourceNotFoundException"),
            (&late, 400, "CallbackTimeoutException"),
            (&stopped, 404, "ResourceNotFoundException"),
            ("bm9uc2Vuc2U=", 404, "ResourceNotFoundException"),
            ("no/base+64=", 404, "ResourceNotFoundException"),
        ] {
            let message = served.post(&callback(id, verb), "").await.error(status, exception);
            assert!(message.contains(id), "{message}");
        }
    }
}

#[tokio::test]
async fn an_id_whose_letters_came_unescaped_is_understood() {
    let (served, mut calls) = served().await;
    let (id, _call) = open_callback(&served, &mut calls, "plain", json!({})).await;
    let path = format!("/2025-12-01/durable-execution-callbacks/{id}/succeed");
    let _ = served.post(&path, "1").await.ok();
}
