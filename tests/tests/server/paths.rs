//! What is no operation of the API, and what every answer has.

use crate::client::{Served, execution, invocations};
use crate::functions::echo;

#[tokio::test]
async fn what_is_nowhere_is_an_unknown_operation() {
    let served = Served::new(vec![("echo", echo())]).await;
    for path in [
        "/",
        "/2015-03-31/functions",
        "/2015-03-31/functions//invocations",
        "/2015-03-31/functions/echo/invocations/again",
        "/2025-12-01/durable-executions/",
        "/2025-12-01/durable-executions/a/b/c",
        "/2025-12-01/durable-execution-callbacks//succeed",
        "/2025-12-01/durable-execution-callbacks/id/dance",
        "/2024-01-01/durable-executions/x",
    ] {
        let message = served.get(path).await.error(404, "UnknownOperationException");
        assert!(message.contains(path), "{message}");
    }
}

#[tokio::test]
async fn a_path_says_which_method_it_takes() {
    let served = Served::new(vec![("echo", echo())]).await;
    let message = served.get(&invocations("echo")).await.error(405, "MethodNotAllowedException");
    assert!(message.ends_with("takes POST, not GET"), "{message}");
    let message = served.send("PUT", &execution("a", ""), &[], "").await.error(405, "MethodNotAllowedException");
    assert!(message.ends_with("takes GET or DELETE, not PUT"), "{message}");
}

#[tokio::test]
async fn operations_that_this_server_lacks_say_what_to_do_instead() {
    let served = Served::new(vec![("echo", echo())]).await;
    let arn = served.invoke("echo", "1").await.arn();
    for verb in ["/pause", "/resume"] {
        let message = served.post(&execution(&arn, verb), "{}").await.error(501, "UnsupportedOperationException");
        assert!(message.contains("stop the server"), "{message}");
    }
    let reply = served.send("DELETE", &execution(&arn, ""), &[], "").await;
    assert!(reply.error(501, "UnsupportedOperationException").contains("store"));
}

#[tokio::test]
async fn a_label_that_is_no_text_is_refused() {
    let served = Served::new(vec![("echo", echo())]).await;
    let _ = served.get("/2025-12-01/durable-executions/%FF%FE").await.error(400, "InvalidParameterValueException");
}

#[tokio::test]
async fn every_answer_has_a_request_id_of_its_own_and_says_that_it_is_json() {
    let served = Served::new(vec![("echo", echo())]).await;
    let replies = [served.invoke("echo", "1").await, served.get("/").await, served.invoke("missing", "1").await];
    let ids: std::collections::HashSet<_> =
        replies.iter().map(|reply| reply.header("x-amzn-requestid").unwrap()).collect();
    assert_eq!(ids.len(), 3);
    assert!(replies.iter().all(|reply| reply.header("content-type") == Some("application/json")));
}

#[tokio::test]
async fn a_message_is_where_the_model_has_it() {
    let served = Served::new(vec![("echo", echo())]).await;
    let body = served.invoke("missing", "1").await.json();
    assert!(body["Message"].is_string() && body["Type"] == "User", "{body}");
    let body = served.invoke("e c h o", "1").await.json();
    assert!(body["message"].is_string() && body["Type"] == "User", "{body}");
}
