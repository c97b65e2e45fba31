//! Invocations as they go when nothing goes wrong.

use std::time::Duration;

use serde_json::json;
use tests::Scripted;

use super::played::{Lambda, Told};

#[tokio::test]
async fn an_execution_suspends_and_goes_on_in_another_process_to_its_result() {
    let mut lambda = Lambda::play(Scripted::new("\"world\"")).await;
    lambda.start("greeting").await;
    assert_eq!(lambda.invoke().await, Told::Response(json!({"Status": "PENDING"})));
    assert!(lambda.service.is_signed("AKID", "session"));
    lambda.service.execution.time_passes();
    lambda.start("greeting").await;
    let result = json!({"Status": "SUCCEEDED", "Result": "\"hello world\""});
    assert_eq!(lambda.invoke().await, Told::Response(result));
    assert_eq!(lambda.service.sent().len(), 1, "the second invocation only replays");
}

#[tokio::test]
async fn a_client_of_ones_own_is_made_of_the_environments_settings_and_a_few_others() {
    let mut lambda = Lambda::play(Scripted::new("\"world\"")).await;
    lambda.start_with(&[("_HANDLER", "greeting"), ("OWN_KEY", "MINE")]).await;
    assert_eq!(lambda.invoke().await, Told::Response(json!({"Status": "PENDING"})));
    assert!(lambda.service.is_signed("MINE", ""));
}

#[tokio::test]
async fn one_process_serves_one_invocation_after_the_other() {
    let mut lambda = Lambda::play(Scripted::new("\"world\"")).await;
    lambda.start("greeting").await;
    assert_eq!(lambda.invoke().await, Told::Response(json!({"Status": "PENDING"})));
    lambda.service.execution.time_passes();
    assert!(matches!(lambda.invoke().await, Told::Response(answer) if answer["Status"] == "SUCCEEDED"));
}

#[tokio::test]
async fn only_the_pages_that_are_missing_are_fetched_with_the_current_token() {
    let mut lambda = Lambda::play(Scripted::new("10").paged(4)).await;
    lambda.start("many").await;
    assert_eq!(lambda.invoke().await, Told::Response(json!({"Status": "PENDING"})));
    let calls = lambda.service.execution.state_calls().len();
    assert!(calls > 0, "news of more than a page were fetched");
    lambda.service.execution.time_passes();

    // The next event holds no operation at all, only where the first page begins.
    let mut event = lambda.service.execution.event();
    let operations = std::mem::take(&mut event.initial_execution_state.operations);
    let ids: Vec<_> = operations.iter().map(|operation| operation.id.to_string()).collect();
    event.initial_execution_state.next_marker = Some(ids.join(","));
    let event = serde_json::to_string(&event).unwrap();
    let told = lambda.invoke_with(&event, Duration::from_secs(60)).await;
    assert_eq!(told, Told::Response(json!({"Status": "SUCCEEDED", "Result": "10"})));
    assert_eq!(lambda.service.execution.state_calls().len() - calls, ids.len().div_ceil(4), "each page once");
    assert!(lambda.service.max_items().iter().all(|items| items == "1000"));
}

#[tokio::test]
async fn an_error_ends_the_execution_with_its_type_message_and_data() {
    let mut lambda = Lambda::play(Scripted::new("\"4242\"")).await;
    lambda.start("declined").await;
    let Told::Response(answer) = lambda.invoke().await else { panic!("the invocation failed") };
    assert_eq!((&answer["Status"], answer.get("Result")), (&json!("FAILED"), None));
    assert_eq!(answer["Error"]["ErrorMessage"], "the card 4242 was declined");
    assert!(answer["Error"]["ErrorType"].as_str().unwrap().contains("Declined"));
    assert!(answer["Error"]["ErrorData"].as_str().unwrap().contains("4242"));
}

#[tokio::test]
async fn a_result_that_no_answer_can_hold_is_checkpointed() {
    // Less than the limit by itself, more once it stands in the answer as a text.
    let bytes = 4 * 1024 * 1024;
    let mut lambda = Lambda::play(Scripted::new(&bytes.to_string())).await;
    lambda.start("large").await;
    assert_eq!(lambda.invoke().await, Told::Response(json!({"Status": "SUCCEEDED", "Result": ""})));
    let requests = lambda.service.execution.requests();
    let payload = requests.last().unwrap().last().unwrap().payload.as_ref().unwrap();
    assert_eq!(serde_json::from_str::<String>(payload).unwrap().len(), bytes);
}

#[tokio::test]
async fn code_sees_the_invocation_that_it_runs_in() {
    let mut lambda = Lambda::play(Scripted::new("null")).await;
    lambda.start("surroundings").await;
    let Told::Response(answer) = lambda.invoke().await else { panic!("the invocation failed") };
    let seen: serde_json::Value = serde_json::from_str(answer["Result"].as_str().unwrap()).unwrap();
    let expected = json!({
        "remains": true,
        "function": "arn:aws:lambda:local:000000000000:function:scripted:$LATEST",
        "name": "surroundings",
        "request": "request-1",
        "tenant": "tenant-7",
        "trace": "Root=1-2-3",
    });
    assert_eq!(seen, expected);
}
