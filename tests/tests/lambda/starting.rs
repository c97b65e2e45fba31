//! How a process finds out what it is deployed as.

use serde_json::json;
use tests::Scripted;

use super::played::{Lambda, Told};

#[tokio::test]
async fn the_functions_own_name_says_which_one_it_is_when_the_handler_does_not() {
    let mut lambda = Lambda::play(Scripted::new("\"world\"")).await;
    lambda.start_with(&[("_HANDLER", "bootstrap"), ("AWS_LAMBDA_FUNCTION_NAME", "greeting")]).await;
    assert_eq!(lambda.invoke().await, Told::Response(json!({"Status": "PENDING"})));
}

#[tokio::test]
async fn a_program_that_does_not_know_which_function_it_is_says_so_before_it_asks_for_work() {
    let mut lambda = Lambda::play(Scripted::new("null")).await;
    lambda.start("bootstrap").await;
    let Told::InitError(kind, message) = lambda.told().await else { panic!("it was served") };
    assert_eq!(kind, "Runtime.NoSuchHandler");
    for part in
        ["_HANDLER is `bootstrap`", "AWS_LAMBDA_FUNCTION_NAME is `deployed`", "greeting, greeting-renamed, many"]
    {
        assert!(message.contains(part), "{message}");
    }
    assert!(!lambda.ended().await, "the process ends with an error");
}

#[tokio::test]
async fn a_host_that_leaves_variables_out_is_told_which() {
    let mut lambda = Lambda::play(Scripted::new("null")).await;
    lambda.start_with(&[("_HANDLER", "greeting"), ("AWS_LAMBDA_FUNCTION_VERSION", "")]).await;
    let Told::InitError(_, message) = lambda.told().await else { panic!("it was served") };
    assert!(message.contains("AWS_LAMBDA_FUNCTION_VERSION is not"), "{message}");
    assert!(!lambda.ended().await);
}
