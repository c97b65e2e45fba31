//! What becomes of an invocation when the service, the time or the code fails.

use std::time::Duration;

use serde_json::json;
use tests::Scripted;

use super::played::{Lambda, Told};
use super::service::Fault;

/// The tries that the runtime's client makes of one request.
const TRIES: usize = 5;

async fn greeting() -> Lambda {
    let mut lambda = Lambda::play(Scripted::new("\"world\"")).await;
    lambda.start("greeting").await;
    lambda
}

const THROTTLED: Fault = Fault::Refused(429, "TooManyRequestsException", "slow down");
const BROKEN: Fault = Fault::Refused(500, "ServiceException", "it is not you");

#[tokio::test]
async fn a_request_that_was_throttled_is_tried_again_with_the_same_client_token() {
    let mut lambda = greeting().await;
    lambda.service.fail([THROTTLED, BROKEN]);
    assert_eq!(lambda.invoke().await, Told::Response(json!({"Status": "PENDING"})));
    let sent = lambda.service.sent();
    let tokens: Vec<_> = sent.iter().map(|sent| sent.client_token.clone().unwrap()).collect();
    assert_eq!(tokens.len(), 3);
    assert!(tokens.iter().all(|token| *token == tokens[0]), "{tokens:?}");
}

#[tokio::test]
async fn requests_have_client_tokens_of_their_own() {
    let mut lambda = Lambda::play(Scripted::new("300")).await;
    lambda.start("many").await;
    assert_eq!(lambda.invoke().await, Told::Response(json!({"Status": "PENDING"})));
    let mut tokens: Vec<_> = lambda.service.sent().into_iter().map(|sent| sent.client_token.unwrap()).collect();
    let all = tokens.len();
    tokens.sort();
    tokens.dedup();
    assert!(all > 1 && tokens.len() == all, "{all} requests, {} tokens", tokens.len());
}

#[tokio::test]
async fn a_request_whose_answer_was_lost_is_answered_the_same_and_applied_once() {
    let mut lambda = greeting().await;
    lambda.service.fail([Fault::AnswerLost]);
    assert_eq!(lambda.invoke().await, Told::Response(json!({"Status": "PENDING"})));
    assert_eq!(lambda.service.sent().len(), 2);
    assert_eq!(lambda.service.execution.requests().len(), 1);
}

#[tokio::test]
async fn a_service_that_stays_away_fails_the_invocation_and_not_the_execution() {
    for (fault, code, message) in
        [(THROTTLED, "TooManyRequestsException", "slow down"), (BROKEN, "ServiceException", "it is not you")]
    {
        let mut lambda = greeting().await;
        lambda.service.fail(std::iter::repeat_n(fault, TRIES));
        assert_eq!(lambda.invoke().await, Told::Error(code.into(), message.into()));
        assert_eq!(lambda.service.sent().len(), TRIES);
        // Lambda invokes again, and the execution goes on.
        assert_eq!(lambda.invoke().await, Told::Response(json!({"Status": "PENDING"})));
    }
}

#[tokio::test]
async fn a_service_that_cannot_be_reached_fails_the_invocation_and_says_why() {
    let mut lambda = Lambda::play(Scripted::new("\"world\"")).await;
    lambda.start_with(&[("_HANDLER", "greeting"), ("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:9")]).await;
    let Told::Error(kind, message) = lambda.invoke().await else { panic!("there was an answer") };
    assert_eq!(kind, "ServiceUnreachable");
    assert!(message.contains("refused"), "{message}");
}

#[tokio::test]
async fn a_stale_token_fails_the_invocation_without_another_try() {
    let mut lambda = greeting().await;
    lambda.service.fail([Fault::Refused(400, "InvalidParameterValueException", "Invalid Checkpoint Token")]);
    let stale = ("InvalidParameterValueException".into(), "Invalid Checkpoint Token".into());
    assert_eq!(lambda.invoke().await, Told::Error(stale.0, stale.1));
    assert_eq!(lambda.service.sent().len(), 1);
}

#[tokio::test]
async fn a_request_that_the_service_refuses_for_good_fails_the_execution() {
    for (status, code) in [(400, "InvalidParameterValueException"), (403, "AccessDeniedException")] {
        let mut lambda = greeting().await;
        lambda.service.fail([Fault::Refused(status, code, "no")]);
        let error = json!({"ErrorType": code, "ErrorMessage": "no"});
        assert_eq!(lambda.invoke().await, Told::Response(json!({"Status": "FAILED", "Error": error})));
        assert_eq!(lambda.service.sent().len(), 1);
    }
}

#[tokio::test]
async fn a_key_that_cannot_be_used_fails_the_execution() {
    let mut lambda = greeting().await;
    lambda.service.fail(std::iter::repeat_n(Fault::Refused(502, "KMSDisabledException", "the key is disabled"), TRIES));
    let error = json!({"ErrorType": "KMSDisabledException", "ErrorMessage": "the key is disabled"});
    assert_eq!(lambda.invoke().await, Told::Response(json!({"Status": "FAILED", "Error": error})));
}

#[tokio::test]
async fn an_invocation_whose_request_hangs_ends_before_its_time_is_over() {
    let mut lambda = greeting().await;
    lambda.service.fail([Fault::Unanswered]);
    let event = serde_json::to_string(&lambda.service.execution.event()).unwrap();
    let Told::Error(kind, message) = lambda.invoke_with(&event, Duration::from_millis(700)).await else {
        panic!("there was an answer")
    };
    assert_eq!(kind, "InvocationDeadline");
    assert!(message.contains("before the service answered"), "{message}");
    // The process is still there for the next one.
    assert_eq!(lambda.invoke().await, Told::Response(json!({"Status": "PENDING"})));
}

#[tokio::test]
async fn a_panic_fails_the_execution_and_leaves_the_process_alive() {
    let mut lambda = Lambda::play(Scripted::new("null")).await;
    lambda.start("panics").await;
    for _ in 0..2 {
        let Told::Response(answer) = lambda.invoke().await else { panic!("the invocation failed") };
        assert_eq!(answer["Status"], "FAILED");
        assert!(answer["Error"]["ErrorMessage"].as_str().unwrap().contains("durable code panics"), "{answer}");
    }
}

#[tokio::test]
async fn a_plain_invocation_is_told_what_makes_one_durable() {
    let mut lambda = greeting().await;
    for event in ["{\"name\": \"world\"}", "\"world\"", "[1, 2]"] {
        let Told::Error(kind, message) = lambda.invoke_with(event, Duration::from_secs(3)).await else {
            panic!("{event} was answered")
        };
        assert_eq!(kind, "NotADurableInvocation");
        assert!(message.contains("`greeting`") && message.contains("DurableConfig"), "{message}");
    }
    assert_eq!(lambda.invoke().await, Told::Response(json!({"Status": "PENDING"})));
}

#[tokio::test]
async fn without_credentials_the_invocation_says_what_to_set() {
    let mut lambda = Lambda::play(Scripted::new("\"world\"")).await;
    lambda.start_with(&[("_HANDLER", "greeting"), ("AWS_ACCESS_KEY_ID", "")]).await;
    let Told::Error(_, message) = lambda.invoke().await else { panic!("there was an answer") };
    assert!(message.contains("AWS_ACCESS_KEY_ID"), "{message}");
}
