//! The functions of the conformance requirements as they are deployed: one of them per process.

use std::time::Duration;

use serde_json::json;
use tests::Scripted;

use super::played::{Lambda, Told};

const PROGRAM: &str = env!("CARGO_BIN_EXE_conformance-functions");

#[tokio::test]
async fn a_process_is_the_function_of_the_requirement_that_its_environment_names() {
    let mut lambda = Lambda::play(Scripted::new("\"World\"")).await;
    lambda.start_program(PROGRAM, &[("CONFORMANCE_ID", "1-1")]).await;
    let result = json!({"Status": "SUCCEEDED", "Result": "\"Hello, World!\""});
    assert_eq!(lambda.invoke().await, Told::Response(result));
}

#[tokio::test]
async fn the_plain_target_gives_back_what_it_gets() {
    let mut lambda = Lambda::play(Scripted::new("null")).await;
    lambda.start_program(PROGRAM, &[("CONFORMANCE_ID", "plain")]).await;
    for payload in [json!("text"), json!({"a": [1, null]})] {
        let told = lambda.invoke_with(&payload.to_string(), Duration::from_secs(60)).await;
        assert_eq!(told, Told::Response(payload));
    }
}
