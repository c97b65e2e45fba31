//! Histories: in pages, in both orders, and without data.

use serde_json::{Value, json};

use crate::client::{Served, execution};
use crate::functions::remote;

/// An execution with 12 events, ended.
async fn eventful() -> (Served, String) {
    let (function, mut calls) = remote();
    let served = Served::new(vec![("remote", function)]).await;
    let arn = served.begin("remote", "eventful").await;
    let call = calls.recv().await.unwrap();
    let steps = (1..=9).map(|id| json!({"Id": id.to_string(), "Type": "STEP", "Action": "START"}));
    let _ = call.checkpoint(&served, steps.collect::<Vec<_>>().into()).await;
    let id = served.engine.find(&arn).await.unwrap();
    call.succeed("\"a result\"");
    let _ = served.engine.wait(&id).await.unwrap();
    (served, arn)
}

/// All pages of a query, by the numbers of their events.
async fn pages(served: &Served, arn: &str, query: &str) -> Vec<Vec<u64>> {
    let (mut pages, mut marker) = (Vec::new(), String::new());
    loop {
        let page = served.get(&execution(arn, &format!("/history?{query}{marker}"))).await.ok();
        let numbers = page["Events"].as_array().unwrap().iter().map(|event| event["EventId"].as_u64().unwrap());
        pages.push(numbers.collect());
        match page["NextMarker"].as_str() {
            Some(next) => marker = format!("&Marker={next}"),
            None => return pages,
        }
    }
}

#[tokio::test]
async fn a_history_is_read_in_pages_in_both_orders() {
    let (served, arn) = eventful().await;
    let forward = pages(&served, &arn, "MaxItems=5").await;
    assert_eq!(forward, [vec![1, 2, 3, 4, 5], vec![6, 7, 8, 9, 10], vec![11, 12]]);
    let backward = pages(&served, &arn, "MaxItems=5&ReverseOrder=true").await;
    assert_eq!(backward, [vec![12, 11, 10, 9, 8], vec![7, 6, 5, 4, 3], vec![2, 1]]);
    for whole in ["", "MaxItems=0", "MaxItems=12", "MaxItems=1000&ReverseOrder=false"] {
        assert_eq!(pages(&served, &arn, whole).await, [(1..=12).collect::<Vec<u64>>()], "{whole}");
    }
}

#[tokio::test]
async fn a_page_ends_where_it_would_grow_too_large_and_the_next_one_goes_on() {
    let (function, mut calls) = remote();
    let served = Served::new(vec![("remote", function)]).await;
    let arn = served.begin("remote", "heavy").await;
    let call = calls.recv().await.unwrap();
    let mut token = call.token().to_owned();
    for id in 1..=12 {
        let payload = "x".repeat(1_000_000);
        let step = json!([{"Id": id.to_string(), "Type": "STEP", "Action": "SUCCEED", "Payload": payload}]);
        let answer = call.checkpoint_with(&served, &token, step).await.ok();
        token = answer["CheckpointToken"].as_str().unwrap().to_owned();
    }
    let pages = pages(&served, &arn, "MaxItems=1000").await;
    assert!(pages.len() > 2, "{pages:?}");
    assert_eq!(pages.concat(), (1..=13).collect::<Vec<u64>>());
}

#[tokio::test]
async fn data_is_left_out_on_request_and_said_to_be() {
    let (served, arn) = eventful().await;
    let with = served.get(&execution(&arn, "/history")).await.ok();
    let without = served.get(&execution(&arn, "/history?IncludeExecutionData=false")).await.ok();
    let last = |history: &Value| history["Events"][11]["ExecutionSucceededDetails"].clone();
    assert_eq!(last(&with), json!({"Result": {"Payload": "\"a result\"", "Truncated": false}}));
    assert_eq!(last(&without), json!({"Result": {"Truncated": true}}));
    assert_eq!(without["Events"][0]["ExecutionStartedDetails"]["Input"], json!({"Truncated": true}));
    assert_eq!(without["Events"][0]["ExecutionStartedDetails"]["ExecutionTimeout"], 31_622_400);
}

#[tokio::test]
async fn what_is_no_page_is_refused() {
    let (served, arn) = eventful().await;
    for query in ["MaxItems=1001", "MaxItems=-1", "MaxItems=all", "Marker=next", "ReverseOrder=perhaps"] {
        let reply = served.get(&execution(&arn, &format!("/history?{query}"))).await;
        let message = reply.error(400, "InvalidParameterValueException");
        assert!(message.contains(query.split('=').next().unwrap()), "{message}");
    }
}
