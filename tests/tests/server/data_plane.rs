//! Checkpoint and state: an execution driven by HTTP alone, and what is refused.

use durable_runtime::engine::Engine;
use durable_runtime::server::ServerOptions;
use serde_json::{Value, json};

use crate::client::{BEGINNING, Served, encoded, execution, invocations};
use crate::functions::{Calls, Invoked, operation, remote};

const STALE: &str = "Invalid Checkpoint Token";

async fn begun() -> (Served, Calls, Invoked) {
    let (function, mut calls) = remote();
    let served = Served::new(vec![("remote", function)]).await;
    let _ = served.begin("remote", "driven").await;
    let call = calls.recv().await.unwrap();
    (served, calls, call)
}

fn step(action: &str) -> Value {
    json!({"Id": "1", "Name": "charge", "Type": "STEP", "SubType": "Step", "Action": action})
}

#[tokio::test]
async fn an_execution_is_driven_from_its_start_to_its_result() {
    let (function, mut calls) = remote();
    let served = Served::new(vec![("remote", function)]).await;
    let path = invocations("remote");
    let drives = async {
        let call = calls.recv().await.unwrap();
        assert_eq!(call.operations()[0]["ExecutionDetails"]["InputPayload"], "[7]");
        let first = call.checkpoint(&served, json!([step("START")])).await;
        let mut done = step("SUCCEED");
        done["Payload"] = "\"paid\"".into();
        let wait = json!({"Id": "2", "Type": "WAIT", "SubType": "Wait", "Action": "START", "WaitOptions": {"WaitSeconds": 30}});
        let token = first["CheckpointToken"].as_str().unwrap();
        let second = call.checkpoint_with(&served, token, json!([done, wait])).await.ok();
        let news = &second["NewExecutionState"]["Operations"];
        assert_eq!(operation(news, "1")["StepDetails"]["Result"], "\"paid\"");
        call.pending();

        served.clock.advance(30);
        let call = calls.recv().await.unwrap();
        assert_eq!(call.event["UpdatedOperationIds"], json!(["2"]));
        let statuses: Vec<_> =
            call.operations().iter().map(|operation| operation["Status"].as_str().unwrap()).collect();
        assert_eq!(statuses, ["STARTED", "SUCCEEDED", "SUCCEEDED"]);
        call.succeed("\"shipped\"");
    };
    let (reply, ()) = tokio::join!(served.send("POST", &path, &[], "[7]"), drives);
    assert_eq!((reply.status, reply.text()), (200, "\"shipped\""));
}

#[tokio::test]
async fn times_are_seconds_in_answers_and_milliseconds_in_events() {
    let (served, _calls, call) = begun().await;
    assert_eq!(call.operations()[0]["StartTimestamp"], json!(BEGINNING));
    let mut retry = step("RETRY");
    retry["StepOptions"] = json!({"NextAttemptDelaySeconds": 3});
    retry["Error"] = json!({"ErrorType": "Busy", "ErrorMessage": "later"});
    let wait = json!({"Id": "2", "Type": "WAIT", "Action": "START", "WaitOptions": {"WaitSeconds": 30}});
    let answer = call.checkpoint(&served, json!([step("START"), retry, wait])).await;
    let seconds = BEGINNING as f64 / 1000.0;
    let check = |operations: &Value| {
        assert_eq!(operation(operations, "1")["StartTimestamp"], json!(seconds));
        assert_eq!(operation(operations, "1")["StepDetails"]["NextAttemptTimestamp"], json!(seconds + 3.0));
        assert_eq!(operation(operations, "2")["WaitDetails"]["ScheduledEndTimestamp"], json!(seconds + 30.0));
    };
    check(&answer["NewExecutionState"]["Operations"]);
    let token = encoded(answer["CheckpointToken"].as_str().unwrap());
    let state = served.get(&execution(call.arn(), &format!("/state?CheckpointToken={token}"))).await.ok();
    check(&state["Operations"]);
    assert_eq!(operation(&state["Operations"], "1")["StepDetails"]["Error"]["ErrorMessage"], "later");
}

#[tokio::test]
async fn state_is_read_in_pages_to_its_end() {
    let (served, _calls, call) = begun().await;
    let steps: Vec<_> = (1..=7).map(|id| json!({"Id": id.to_string(), "Type": "STEP", "Action": "START"})).collect();
    let answer = call.checkpoint(&served, steps.into()).await;
    let token = encoded(answer["CheckpointToken"].as_str().unwrap());
    let (mut ids, mut marker) = (Vec::new(), String::new());
    loop {
        let query = format!("/state?CheckpointToken={token}&Marker={}&MaxItems=3", encoded(&marker));
        let page = served.get(&execution(call.arn(), &query)).await.ok();
        let operations = page["Operations"].as_array().unwrap();
        assert!(operations.len() <= 3);
        ids.extend(operations.iter().map(|operation| operation["Id"].as_str().unwrap().to_owned()));
        match page["NextMarker"].as_str() {
            Some(next) => marker = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(ids[1..], ["1", "2", "3", "4", "5", "6", "7"].map(str::to_owned));
    assert!(call.arn().ends_with(&ids[0]), "the execution itself is the first");
    for (query, member) in
        [("&MaxItems=1001", "MaxItems"), ("&MaxItems=many", "MaxItems"), ("&Marker=nonsense", "marker")]
    {
        let reply = served.get(&execution(call.arn(), &format!("/state?CheckpointToken={token}{query}"))).await;
        let message = reply.error(400, "InvalidParameterValueException");
        assert!(message.contains(member), "{message}");
    }
    let without = served.get(&execution(call.arn(), "/state")).await.error(400, "InvalidParameterValueException");
    assert!(without.contains("CheckpointToken"), "{without}");
}

#[tokio::test]
async fn the_news_of_a_checkpoint_that_fill_several_pages_are_read_with_the_new_token() {
    let (function, mut calls) = remote();
    let engine = Engine::options().page_size(2, 1024 * 1024);
    let served = Served::with(vec![("remote", function)], ServerOptions::default(), engine).await;
    let _ = served.begin("remote", "driven").await;
    let call = calls.recv().await.unwrap();
    let steps: Vec<_> = (1..=5).map(|id| json!({"Id": id.to_string(), "Type": "STEP", "Action": "START"})).collect();
    let answer = call.checkpoint(&served, steps.into()).await;
    let mut page = answer["NewExecutionState"].clone();
    let token = encoded(answer["CheckpointToken"].as_str().unwrap());
    let mut ids = Vec::new();
    loop {
        ids.extend(page["Operations"].as_array().unwrap().iter().map(|operation| operation["Id"].to_string()));
        let Some(marker) = page["NextMarker"].as_str() else { break };
        let query = format!("/state?CheckpointToken={token}&Marker={}&MaxItems=1000", encoded(marker));
        page = served.get(&execution(call.arn(), &query)).await.ok();
    }
    assert_eq!(ids, ["\"1\"", "\"2\"", "\"3\"", "\"4\"", "\"5\""]);
}

#[tokio::test]
async fn a_token_counts_once_and_only_while_its_invocation_runs() {
    let (served, mut calls, call) = begun().await;
    let refused = |call: &Invoked, token: &str| {
        let (arn, token) = (call.arn().to_owned(), token.to_owned());
        let served = &served;
        async move {
            let body = json!({"CheckpointToken": token, "Updates": []});
            let message =
                served.post(&execution(&arn, "/checkpoint"), body).await.error(400, "InvalidParameterValueException");
            assert!(message.starts_with(STALE), "{message}");
            let path = execution(&arn, &format!("/state?CheckpointToken={}", encoded(&token)));
            let message = served.get(&path).await.error(400, "InvalidParameterValueException");
            assert!(message.starts_with(STALE), "{message}");
        }
    };
    let wait = json!([{"Id": "1", "Type": "WAIT", "Action": "START", "WaitOptions": {"WaitSeconds": 1}}]);
    let answer = call.checkpoint(&served, wait).await;
    let (old, new) = (call.token().to_owned(), answer["CheckpointToken"].as_str().unwrap().to_owned());
    refused(&call, &old).await;
    refused(&call, "bm9uc2Vuc2U=").await;
    call.pending();
    served.clock.advance(1);
    let call = calls.recv().await.unwrap();
    refused(&call, &new).await;
    let last = call.token().to_owned();
    let arn = served.engine.find(call.arn()).await.unwrap();
    call.succeed("1");
    let _ = served.engine.wait(&arn).await.unwrap();
    for arn in [arn.as_str(), &arn.as_str().replace("driven", "unknown"), "nonsense"] {
        let reply = served.post(&execution(arn, "/checkpoint"), json!({"CheckpointToken": last})).await;
        assert!(reply.error(400, "InvalidParameterValueException").starts_with(STALE), "{arn}");
    }
}

#[tokio::test]
async fn a_repeated_call_with_its_client_token_is_answered_again() {
    let (served, _calls, call) = begun().await;
    let body = json!({"CheckpointToken": call.token(), "ClientToken": "once", "Updates": [step("START")]});
    let first = served.post(&execution(call.arn(), "/checkpoint"), &body).await.ok();
    assert_eq!(served.post(&execution(call.arn(), "/checkpoint"), &body).await.ok(), first);
}

#[tokio::test]
async fn an_execution_update_ends_the_execution_and_brings_no_token() {
    let (served, _calls, call) = begun().await;
    let updates =
        json!([{"Id": "execution-result-1", "Type": "EXECUTION", "Action": "SUCCEED", "Payload": "\"large\""}]);
    let answer = call.checkpoint(&served, updates).await;
    assert_eq!(answer["CheckpointToken"], Value::Null);
    assert!(answer["NewExecutionState"].is_object());
    let ended = served.get(&execution(call.arn(), "")).await.ok();
    assert_eq!((&ended["Status"], &ended["Result"]), (&json!("SUCCEEDED"), &json!("\"large\"")));
}

#[tokio::test]
async fn what_does_not_fit_the_model_is_named() {
    let (served, _calls, call) = begun().await;
    let path = execution(call.arn(), "/checkpoint");
    let broken = served.post(&path, "{\"CheckpointToken\": ").await;
    assert!(broken.error(400, "SerializationException").contains("not JSON"));
    let token = call.token();
    let wrong = [
        (json!({"Updates": []}), "CheckpointToken"),
        (json!([]), "the API's model"),
        (json!({"CheckpointToken": 7}), "CheckpointToken"),
        (json!({"CheckpointToken": token, "Updates": {}}), "Updates"),
        (json!({"CheckpointToken": token, "Updates": [step("START"), {"Id": "2", "Type": "STEP"}]}), "Action"),
        (
            json!({"CheckpointToken": token, "Updates": [{"Id": "1", "Type": "STEP", "Action": "DANCE"}]}),
            "Updates[0].Action",
        ),
        (
            json!({"CheckpointToken": token, "Updates": [{"Id": "a b", "Type": "STEP", "Action": "START"}]}),
            "Updates[0].Id",
        ),
        (
            json!({"CheckpointToken": token, "Updates": [
                {"Id": "1", "Type": "WAIT", "Action": "START", "WaitOptions": {"WaitSeconds": "soon"}}]}),
            "Updates[0].WaitOptions.WaitSeconds",
        ),
        (
            json!({"CheckpointToken": token, "Updates": [
                {"Id": "1", "Type": "WAIT", "Action": "START", "WaitOptions": {"WaitSeconds": 0}}]}),
            "waitSeconds",
        ),
        (json!({"CheckpointToken": token, "Updates": [{"Id": "1", "Type": "TANGO", "Action": "START"}]}), "type"),
    ];
    for (body, member) in wrong {
        let message = served.post(&path, &body).await.error(400, "InvalidParameterValueException");
        assert!(message.contains(member), "{body}: {message}");
    }
    // None of them used the token up or changed anything; unknown members and nulls are nothing to refuse.
    let body = json!({"CheckpointToken": token, "ClientToken": null, "Updates": null, "Later": {"Than": "this build"}});
    assert_eq!(served.post(&path, body).await.ok()["NewExecutionState"]["Operations"], json!([]));
}
