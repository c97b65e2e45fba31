//! The end of a server: nobody is left without an answer, and nothing is lost.

use serde_json::json;

use crate::client::{Served, callback, execution, invocations};
use crate::functions::{echo, open_callback, remote};

#[tokio::test]
async fn one_who_waits_when_the_server_is_shut_down_learns_that_the_execution_is_kept() {
    let (function, mut calls) = remote();
    let mut served = Served::new(vec![("remote", function)]).await;
    let shutdown = served.shutdown();
    let path = invocations("remote");
    let waits = served.send("POST", &path, &[], "{}");
    let leaves = async {
        let call = calls.recv().await.unwrap();
        drop(shutdown);
        call
    };
    let (reply, call) = tokio::join!(waits, leaves);
    let arn = call.arn().to_owned();
    let message = reply.error(500, "ServiceException");
    assert!(message.contains(&arn) && message.contains("is kept"), "{message}");
    let engine = served.engine.clone();
    served.stopped().await;
    let summary = engine.describe(&engine.find(&arn).await.unwrap()).await.unwrap();
    assert!(!summary.status.is_terminal());
    engine.close().await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_shut_down_takes_no_more_requests_and_leaves_the_engine_to_its_owner() {
    let served = Served::new(vec![("echo", echo())]).await;
    let (address, engine) = (served.address, served.engine.clone());
    let arn = served.invoke("echo", "1").await.arn();
    served.stopped().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
    let arn = engine.find(&arn).await.unwrap();
    assert_eq!(engine.describe(&arn).await.unwrap().result.as_deref(), Some("1"));
    let again = engine.start("echo", "2", Default::default()).await.unwrap();
    assert_eq!(engine.wait(&again.arn).await.unwrap().result.as_deref(), Some("2"));
}

#[tokio::test]
async fn what_was_acknowledged_is_there_for_the_next_server() {
    let (function, mut calls) = remote();
    let served = Served::new(vec![("remote", function)]).await;
    let (id, call) = open_callback(&served, &mut calls, "kept", json!({})).await;
    let arn = call.arn().to_owned();
    let _ = served.post(&callback(&id, "succeed"), "yes").await.ok();
    let engine = served.engine.clone();
    served.stopped().await;
    let history = engine.history(&engine.find(&arn).await.unwrap()).await.unwrap();
    let types: Vec<_> = history.iter().map(|event| event.event_type.as_str()).collect();
    assert_eq!(types, ["ExecutionStarted", "CallbackStarted", "CallbackSucceeded"]);
}

#[tokio::test]
async fn a_stopped_engine_answers_that_it_is_its_own_fault() {
    let served = Served::new(vec![("echo", echo())]).await;
    let arn = served.invoke("echo", "1").await.arn();
    served.engine.close().await.unwrap();
    let _ = served.invoke("echo", "1").await.error(500, "ServiceException");
    let _ = served.get(&execution(&arn, "")).await.error(500, "ServiceException");
    let body = json!({"CheckpointToken": "bm9uZQ=="});
    let _ = served.post(&execution(&arn, "/checkpoint"), body).await.error(500, "ServiceException");
}
