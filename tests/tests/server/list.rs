//! Lists of a function's executions: order, filters, pages.

use serde_json::{Value, json};

use crate::client::{BEGINNING, Served, executions_of};
use crate::functions::{echo, fails, remote};

/// Executions `one` to `four` of `echo`, a minute apart, and one of another function.
async fn listed() -> Served {
    let served = Served::new(vec![("echo", echo()), ("fails", fails())]).await;
    for name in ["one", "two", "three", "four"] {
        let arn = served.engine.find(&served.begin("echo", name).await).await.unwrap();
        let _ = served.engine.wait(&arn).await.unwrap();
        served.clock.advance(60);
    }
    let _ = served.begin("fails", "other").await;
    served
}

fn names(page: &Value) -> Vec<&str> {
    let executions = page["DurableExecutions"].as_array().unwrap();
    executions.iter().map(|execution| execution["DurableExecutionName"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn executions_are_listed_newest_first_with_all_that_the_model_requires() {
    let served = listed().await;
    let page = served.get(&executions_of("echo", "")).await.ok();
    assert_eq!(names(&page), ["four", "three", "two", "one"]);
    assert!(page.get("NextMarker").is_none());
    let oldest = &page["DurableExecutions"][3];
    assert!(oldest["DurableExecutionArn"].as_str().unwrap().contains(":function:echo:$LATEST/durable-execution/one/"));
    assert_eq!(oldest["FunctionArn"], "arn:aws:lambda:local:000000000000:function:echo:$LATEST");
    assert_eq!(oldest["Status"], "SUCCEEDED");
    assert_eq!(oldest["StartTimestamp"], json!(BEGINNING as f64 / 1000.0));
    assert_eq!(oldest["EndTimestamp"], oldest["StartTimestamp"]);
}

#[tokio::test]
async fn a_list_is_read_in_pages_in_both_orders() {
    let served = listed().await;
    for (query, expected) in [
        ("?MaxItems=3", ["four", "three", "two", "one"]),
        ("?MaxItems=3&ReverseOrder=true", ["one", "two", "three", "four"]),
    ] {
        let first = served.get(&executions_of("echo", query)).await.ok();
        let marker = first["NextMarker"].as_str().unwrap();
        let second = served.get(&executions_of("echo", &format!("{query}&Marker={marker}"))).await.ok();
        assert!(second.get("NextMarker").is_none());
        assert_eq!([names(&first), names(&second)].concat(), expected, "{query}");
    }
}

#[tokio::test]
async fn a_list_is_filtered_by_name_status_and_time() {
    let (function, mut calls) = remote();
    let served = listed().await;
    served.engine.register("remote", function);
    let _ = served.begin("remote", "runs").await;
    let _call = calls.recv().await.unwrap();
    for (function, query, expected) in [
        ("echo", "?DurableExecutionName=two", vec!["two"]),
        ("echo", "?DurableExecutionName=tw", vec![]),
        ("echo", "?Statuses=SUCCEEDED&MaxItems=1", vec!["four"]),
        ("echo", "?Statuses=RUNNING&Statuses=FAILED", vec![]),
        ("remote", "?Statuses=RUNNING&Statuses=FAILED", vec!["runs"]),
        ("echo", "?Statuses=PAUSED", vec![]),
        ("echo", "?StartedAfter=2026-01-01T00:00:30Z&StartedBefore=2026-01-01T00:02:30Z", vec!["three", "two"]),
        ("echo", "?StartedAfter=2026-01-01T01%3A02%3A30%2B01%3A00", vec!["four"]),
        ("echo", "?StartedAfter=2026-01-01T01:02:30+01:00", vec!["four"]),
        ("echo:$LATEST", "?DurableExecutionName=one", vec!["one"]),
        (
            "arn:aws:lambda:us-east-1:123456789012:function:echo",
            "?Qualifier=live&DurableExecutionName=one",
            vec!["one"],
        ),
    ] {
        let page = served.get(&executions_of(function, query)).await.ok();
        assert_eq!(names(&page), expected, "{function} {query}");
    }
}

#[tokio::test]
async fn what_is_no_filter_is_refused() {
    let served = listed().await;
    let eleven = "?".to_owned() + &["Statuses=FAILED"; 11].join("&");
    for query in ["?Statuses=LOST", "?StartedAfter=yesterday", "?MaxItems=1001", "?Marker=x", &eleven] {
        let message = served.get(&executions_of("echo", query)).await.error(400, "InvalidParameterValueException");
        assert!(message.contains(&query[1..6]), "{message}");
    }
}

#[tokio::test]
async fn a_function_that_nobody_knows_is_not_found_and_one_that_is_gone_is() {
    let served = listed().await;
    let message = served.get(&executions_of("missing", "")).await.error(404, "ResourceNotFoundException");
    assert!(message.contains("missing"), "{message}");
    // Registered, and never started: an empty list.
    served.engine.register("fresh", echo());
    assert_eq!(served.get(&executions_of("fresh", "")).await.ok(), json!({"DurableExecutions": []}));
}
