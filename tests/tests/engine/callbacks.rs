use std::time::Duration;

use durable_runtime::engine::{ClosedBy, Engine, EngineError, ExecutionStatus};
use durable_runtime::wire::OperationStatus::{self, Failed, Succeeded, TimedOut};
use durable_runtime::wire::{ErrorObject, HistoryEvent};

use crate::support::*;

/// Runs a function that waits for one callback and returns its status and result; `act` plays the outside.
async fn with_callback<Fut: Future<Output = ()>>(
    timeout: u64,
    heartbeat: u64,
    act: impl FnOnce(Engine, String) -> Fut,
) -> (Engine, Vec<HistoryEvent>, serde_json::Value) {
    let engine = engine().await;
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let sender = std::sync::Mutex::new(Some(sender));
    let sender = std::sync::Arc::new(sender);
    engine.register(
        "scripted",
        script(move |mut call| {
            let sender = sender.clone();
            async move {
                if call.number == 1 {
                    call.send(vec![callback("1", timeout, heartbeat)]).await;
                    let id = call.operation("1").callback_details.clone().unwrap().callback_id.unwrap();
                    sender.lock().unwrap().take().unwrap().send(id).unwrap();
                    return pending();
                }
                assert_eq!(call.updated(), ["1"]);
                let details = call.operation("1").callback_details.clone().unwrap();
                let seen = serde_json::json!({
                    "status": call.operation("1").status,
                    "result": details.result,
                    "error": details.error.map(|error| error.to_string()),
                });
                succeeded(&seen.to_string())
            }
        }),
    );
    let arn = begin(&engine, "scripted").await;
    let id = receiver.await.unwrap();
    assert!(id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte)));
    act(engine.clone(), id).await;
    let summary = finish(&engine, &arn).await;
    assert_eq!(summary.status, ExecutionStatus::Succeeded);
    let events = engine.history(&arn).await.unwrap();
    (engine, events, serde_json::from_str(&summary.result.unwrap()).unwrap())
}

fn word(status: OperationStatus) -> serde_json::Value {
    serde_json::to_value(status).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_callback_is_answered_with_text_as_it_was_sent() {
    let (_, events, seen) = with_callback(60, 0, |engine, id| async move {
        engine.complete_callback(&id, Ok(b"not json".to_vec())).await.unwrap();
    })
    .await;
    assert_eq!((&seen["status"], &seen["result"]), (&word(Succeeded), &"not json".into()));
    let types: Vec<_> = events.iter().map(|event| event.event_type.as_str()).collect();
    assert_eq!(types[1..4], ["CallbackStarted", "InvocationCompleted", "CallbackSucceeded"]);
    assert_eq!(events[1].details.timeout, Some(60));
    assert_eq!(events[1].details.heartbeat_timeout, None);
    assert!(events[1].details.callback_id.is_some());
}

#[tokio::test(start_paused = true)]
async fn an_empty_answer_is_no_result_and_an_empty_error_stays_empty() {
    let (_, _, seen) = with_callback(0, 0, |engine, id| async move {
        engine.complete_callback(&id, Ok(Vec::new())).await.unwrap();
    })
    .await;
    assert_eq!(seen["result"], serde_json::Value::Null);
    let (_, events, seen) = with_callback(0, 0, |engine, id| async move {
        engine.complete_callback(&id, Err(ErrorObject::default())).await.unwrap();
    })
    .await;
    assert_eq!(seen["status"], word(Failed));
    assert_eq!(events[3].to_json()["CallbackFailedDetails"]["Error"]["Payload"], serde_json::json!({}));
}

#[tokio::test(start_paused = true)]
async fn a_callback_times_out_on_its_timeout_and_on_a_missing_heartbeat() {
    let (_, events, seen) = with_callback(60, 0, |_, _| async {}).await;
    assert_eq!((&seen["status"], &seen["error"]), (&word(TimedOut), &"Callback.Timeout: Callback timed out".into()));
    assert_eq!(events[3].event_timestamp.since(events[1].event_timestamp), Duration::from_secs(60));

    let (_, events, seen) = with_callback(600, 10, |engine, id| async move {
        tokio::time::sleep(Duration::from_secs(8)).await;
        engine.heartbeat(&id).await.unwrap();
    })
    .await;
    assert_eq!(seen["error"], "Callback.Heartbeat: Callback timed out on heartbeat");
    let types: Vec<_> = events.iter().map(|event| event.event_type.as_str()).collect();
    assert_eq!(types[3], "CallbackTimedOut", "a heartbeat writes no event");
    assert_eq!(events[3].event_timestamp.since(events[1].event_timestamp), Duration::from_secs(18));
}

#[tokio::test(start_paused = true)]
async fn a_second_answer_and_an_unknown_callback_are_refused_with_the_reason() {
    let (engine, events, _) = with_callback(60, 0, |engine, id| async move {
        engine.complete_callback(&id, Ok(b"1".to_vec())).await.unwrap();
        let second = engine.complete_callback(&id, Ok(b"2".to_vec())).await.unwrap_err();
        assert!(matches!(second, EngineError::CallbackClosed { by: ClosedBy::Answer, .. }), "{second}");
    })
    .await;
    let id = events[1].details.callback_id.clone().unwrap();
    assert!(matches!(engine.heartbeat(&id).await.unwrap_err(), EngineError::CallbackClosed { .. }));
    let unknown = engine.complete_callback("bm90aGluZw==", Ok(Vec::new())).await.unwrap_err();
    assert!(matches!(unknown, EngineError::NoSuchCallback { .. }), "{unknown}");

    let (engine, events, _) = with_callback(5, 0, |_, _| async {}).await;
    let late = engine.complete_callback(&events[1].details.callback_id.clone().unwrap(), Ok(Vec::new())).await;
    assert!(matches!(late.unwrap_err(), EngineError::CallbackClosed { by: ClosedBy::Timeout, .. }));
}

#[tokio::test(start_paused = true)]
async fn a_callbacks_answer_has_the_services_limits() {
    with_callback(0, 0, |engine, id| async move {
        let too_long = engine.complete_callback(&id, Ok(vec![b'x'; 1024 * 1024 + 1])).await.unwrap_err();
        assert!(matches!(too_long, EngineError::InvalidInput { .. }), "{too_long}");
        let error = ErrorObject::new("Long", "x".repeat(32_768));
        let too_long = engine.complete_callback(&id, Err(error)).await.unwrap_err();
        assert!(matches!(too_long, EngineError::InvalidInput { .. }), "{too_long}");
        engine.complete_callback(&id, Ok(vec![b'x'; 1024 * 1024])).await.unwrap();
    })
    .await;
}
