use std::sync::Arc;

use durable_runtime::engine::{Engine, ExecutionStatus, StartOptions};
use durable_runtime::testing::VirtualClock;
use durable_runtime::wire::OperationType::{Context, Execution, Step};
use durable_runtime::wire::{Operation, Operations};

use crate::support::*;

async fn small_pages(operations: usize) -> Engine {
    let options = Engine::options().clock(Arc::new(VirtualClock::new())).page_size(operations, 5 * 1024 * 1024);
    options.open_in_memory().await.unwrap()
}

fn ids(operations: &[Box<Operation>]) -> Vec<String> {
    operations.iter().map(|operation| operation.id.to_string()).collect()
}

/// Everything behind a marker.
async fn rest(call: &Call, mut marker: Option<String>, max_items: u32) -> Operations {
    let mut operations = Vec::new();
    while let Some(next) = marker.filter(|marker| !marker.is_empty()) {
        let page = call.state(&next, max_items).await.unwrap();
        assert!(!page.operations.is_empty() && page.operations.len() <= max_items as usize);
        operations.extend(page.operations);
        marker = page.next_marker;
    }
    operations
}

#[tokio::test(start_paused = true)]
async fn a_long_state_comes_in_pages_with_execution_first_and_in_order_of_start() {
    let engine = small_pages(4).await;
    engine.register(
        "scripted",
        script(|mut call| async move {
            let steps = |from: usize, to: usize| (from..to).map(|number| succeed(Step, &format!("s{number}"), "1"));
            if call.number == 1 {
                call.send(steps(0, 10).chain([wait("w", 1)]).collect()).await;
                return pending();
            }
            let first = &call.event.initial_execution_state;
            assert_eq!(first.operations.len(), 4);
            assert_eq!(first.operations[0].operation_type, Execution);
            let arn_end = call.event.durable_execution_arn.rsplit('/').next().unwrap().to_owned();
            assert_eq!(first.operations[0].id.as_str(), arn_end);
            assert_eq!(first.operations[0].name.as_deref(), Some("the-name"));
            let mut all = ids(&first.operations);
            all.extend(ids(&rest(&call, first.next_marker.clone(), 3).await));
            let mut expected = vec![arn_end];
            expected.extend((0..10).map(|number| format!("s{number}")));
            expected.push("w".into());
            assert_eq!(all, expected);
            assert_eq!(call.state("nonsense", 10).await.unwrap_err().message, "Invalid marker");
            assert_eq!(call.state("state-99", 10).await.unwrap_err().message, "Invalid marker");

            let news = call.send(steps(10, 19).collect()).await.new_execution_state;
            let mut all = ids(&news.operations);
            assert_eq!(all.len(), 4);
            let stale = news.next_marker.clone().unwrap();
            all.extend(ids(&rest(&call, news.next_marker, 1000).await));
            assert_eq!(all, (10..19).map(|number| format!("s{number}")).collect::<Vec<_>>());
            call.poll().await;
            assert_eq!(call.state(&stale, 10).await.unwrap_err().message, "Invalid marker");
            succeeded("1")
        }),
    );
    let arn = engine.start("scripted", "{}", called("the-name")).await.unwrap().arn;
    assert_eq!(finish(&engine, &arn).await.status, ExecutionStatus::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn the_first_page_is_empty_when_the_input_alone_fills_it() {
    let engine = engine().await;
    engine.register(
        "scripted",
        script(|call| async move {
            let first = &call.event.initial_execution_state;
            assert!(first.operations.is_empty());
            let all = rest(&call, first.next_marker.clone(), 1000).await;
            let input = all[0].execution_details.clone().unwrap().input_payload.unwrap();
            succeeded(&input.len().to_string())
        }),
    );
    let input = format!("\"{}\"", "x".repeat(6 * 1024 * 1024 - 2));
    let arn = engine.start("scripted", &input, StartOptions::default()).await.unwrap().arn;
    assert_eq!(finish(&engine, &arn).await.result, Some(input.len().to_string()));
}

#[tokio::test(start_paused = true)]
async fn an_event_fits_into_an_invocation_whatever_its_texts_take_as_json() {
    let engine = engine().await;
    engine.register(
        "scripted",
        script(|mut call| async move {
            if call.number == 1 {
                for step in ["a", "b", "c", "d", "e"] {
                    call.send(vec![succeed(Step, step, &"\"".repeat(1024 * 1024))]).await;
                }
                call.send(vec![wait("w", 1)]).await;
                return pending();
            }
            let first = &call.event.initial_execution_state;
            assert!(serde_json::to_vec(&call.event).unwrap().len() < 6 * 1024 * 1024);
            assert!(first.operations.len() > 1, "as much as fits");
            let rest = rest(&call, first.next_marker.clone(), 1000).await;
            succeeded(&(first.operations.len() + rest.len()).to_string())
        }),
    );
    let arn = begin(&engine, "scripted").await;
    assert_eq!(finish(&engine, &arn).await.result.as_deref(), Some("7"));
}

#[tokio::test(start_paused = true)]
async fn children_of_finished_contexts_are_pruned_from_the_state_and_kept_in_the_history() {
    let engine = engine().await;
    engine.register(
        "scripted",
        script(|mut call| async move {
            if call.number == 1 {
                call.send(vec![
                    start(Context, "a"),
                    inside("a", start(Context, "a-1")),
                    inside("a-1", succeed(Step, "a-1-1", "1")),
                    inside("a", replay_children(succeed(Context, "a-1", ""))),
                    start(Context, "b"),
                    inside("b", succeed(Step, "b-1", "1")),
                    start(Context, "c"),
                    inside("c", succeed(Step, "c-1", "1")),
                ])
                .await;
                assert_eq!(call.state("", 0).await.unwrap().operations.len(), 8, "the state as it is now");
                call.send(vec![succeed(Context, "a", "1"), replay_children(succeed(Context, "b", "")), wait("d", 1)])
                    .await;
                return pending();
            }
            let seen = ids(&call.event.initial_execution_state.operations);
            assert_eq!(seen[1..], ["a", "b", "b-1", "c", "c-1", "d"]);
            succeeded("1")
        }),
    );
    let arn = begin(&engine, "scripted").await;
    let summary = finish(&engine, &arn).await;
    assert_eq!(summary.status, ExecutionStatus::Succeeded);
    let operations = engine.operations(&arn).await.unwrap();
    let pruned: Vec<_> =
        operations.iter().filter(|known| known.pruned).map(|known| known.operation.id.to_string()).collect();
    assert_eq!(pruned, ["a-1", "a-1-1"]);
    assert_eq!(operations.len(), 8);
    assert_eq!(history(&engine, &arn).await.iter().filter(|event| *event == "StepSucceeded").count(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_page_larger_than_the_service_gives_is_refused() {
    run(|call| async move {
        call.state("", 1000).await.unwrap();
        let refused = call.state("", 1001).await.unwrap_err();
        assert_eq!(refused.message, "Value at 'maxItems' failed to satisfy constraint: 0 to 1000");
        succeeded("1")
    })
    .await;
}
