//! How a process finds out what it is deployed as.

use std::process::{Command, Stdio};

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

/// Runs the program with this `AWS_LAMBDA_RUNTIME_API`, and returns what it says before it ends with an error.
fn said_of(address: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_lambda-functions"))
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", address)
        .env("AWS_LAMBDA_FUNCTION_NAME", "greeting")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "it ends in good order");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn an_address_at_which_nobody_plays_lambda_is_named_with_what_to_do() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let said = said_of(&free);
    for part in [&*free, "AWS_LAMBDA_RUNTIME_API", "Connection refused", "unset it"] {
        assert!(said.contains(part), "{said}");
    }
}

#[test]
fn an_address_that_is_none_is_refused_before_anything_is_sent() {
    for address in ["a b", "/only/a/path"] {
        let said = said_of(address);
        for part in [&format!("AWS_LAMBDA_RUNTIME_API is `{address}`")[..], "HOST:PORT"] {
            assert!(said.contains(part), "{said}");
        }
    }
}

#[tokio::test]
async fn a_memory_size_that_is_no_number_is_told_to_the_host() {
    let mut lambda = Lambda::play(Scripted::new("null")).await;
    lambda.start_with(&[("_HANDLER", "greeting"), ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "plenty")]).await;
    let Told::InitError(_, message) = lambda.told().await else { panic!("it was served") };
    assert!(message.contains("AWS_LAMBDA_FUNCTION_MEMORY_SIZE is `plenty`"), "{message}");
    assert!(!lambda.ended().await);
}
