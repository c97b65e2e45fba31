//! A build that does not fit an execution's history, on a host that cannot wait for the next one.

use serde_json::json;
use tests::Scripted;

use super::played::{Lambda, Told};

/// An execution that `greeting` has begun.
async fn begun() -> Lambda {
    let mut lambda = Lambda::play(Scripted::new("\"world\"")).await;
    lambda.start("greeting").await;
    assert_eq!(lambda.invoke().await, Told::Response(json!({"Status": "PENDING"})));
    lambda.service.execution.time_passes();
    lambda
}

#[tokio::test]
async fn by_default_it_fails_the_execution_with_the_report() {
    let mut lambda = begun().await;
    lambda.start("greeting-renamed").await;
    let Told::Response(answer) = lambda.invoke().await else { panic!("the invocation failed") };
    assert_eq!((&answer["Status"], &answer["Error"]["ErrorType"]), (&json!("FAILED"), &json!("Diverged")));
    let report = answer["Error"]["ErrorMessage"].as_str().unwrap();
    assert!(report.contains("`greet`") && report.contains("`salute`"), "{report}");
}

#[tokio::test]
async fn on_request_it_fails_the_invocation_so_that_a_rollback_saves_the_execution() {
    let mut lambda = begun().await;
    lambda.start_with(&[("_HANDLER", "greeting-renamed"), ("SAVED_BY_A_ROLLBACK", "1")]).await;
    let Told::Error(kind, report) = lambda.invoke().await else { panic!("there was an answer") };
    assert_eq!(kind, "Diverged");
    assert!(report.contains("`greet`") && report.contains("`salute`"), "{report}");
    lambda.start("greeting").await;
    let result = json!({"Status": "SUCCEEDED", "Result": "\"hello world\""});
    assert_eq!(lambda.invoke().await, Told::Response(result));
}
