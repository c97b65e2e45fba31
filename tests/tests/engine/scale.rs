use std::time::{Duration, Instant};

use durable_runtime::engine::{Engine, ExecutionStatus, StartOptions};
use durable_runtime::wire::OperationType::Step;

use crate::support::*;

#[tokio::test(start_paused = true)]
async fn thousands_of_executions_with_timers_of_their_own_all_end() {
    let engine = engine().await;
    engine.register(
        "scripted",
        script(|mut call| async move {
            if call.operations.len() == 1 {
                let seconds = call.operations[0].execution_details.clone().unwrap().input_payload.unwrap();
                call.send(vec![wait("1", seconds.parse().unwrap())]).await;
                return pending();
            }
            succeeded("1")
        }),
    );
    let mut arns = Vec::new();
    for number in 0..3000 {
        let seconds = (number * 7919 % 3000 + 1).to_string();
        arns.push((seconds.clone(), engine.start("scripted", &seconds, StartOptions::default()).await.unwrap().arn));
    }
    for (seconds, arn) in arns {
        let summary = finish(&engine, &arn).await;
        assert_eq!(summary.status, ExecutionStatus::Succeeded);
        assert_eq!(summary.ended.unwrap().since(summary.started).as_secs().to_string(), seconds);
    }
}

/// The cost of a request must not grow with the number of operations: ten times as many take ten times as long.
#[tokio::test(start_paused = true)]
async fn the_cost_of_a_checkpoint_does_not_grow_with_the_history() {
    let time = |count: usize| async move {
        let begin = Instant::now();
        let (_, summary) = run(move |mut call| async move {
            // Not kept: the script's own list would be searched in linear time.
            for number in 0..count {
                let id = format!("s{number}");
                let updates = vec![start(Step, &id), succeed(Step, &id, "1")];
                call.token = call.raw(call.token.clone(), None, updates).await.unwrap().checkpoint_token.unwrap();
            }
            succeeded("1")
        })
        .await;
        assert_eq!(summary.status, ExecutionStatus::Succeeded);
        begin.elapsed()
    };
    time(100).await;
    let (short, long) = (time(1_000).await, time(10_000).await);
    // Quadratic cost would be a hundredfold; a noisy machine is granted a lot.
    assert!(long < short * 40, "1,000 steps took {short:?} and 10,000 took {long:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_executions_share_commits_on_the_machines_clock() {
    let path = directory("group-commit").join("store.db");
    let engine = Engine::open(&path).await.unwrap();
    engine.register(
        "scripted",
        script(|mut call| async move {
            for number in 0..10 {
                let id = number.to_string();
                call.send(vec![start(Step, &id), succeed(Step, &id, "1")]).await;
            }
            succeeded("1")
        }),
    );
    let starts = (0..64).map(|_| engine.start("scripted", "{}", StartOptions::default()));
    for started in futures_util::future::join_all(starts).await {
        let summary = engine.wait(&started.unwrap().arn).await.unwrap();
        assert_eq!(summary.status, ExecutionStatus::Succeeded);
    }
    tokio::time::timeout(Duration::from_secs(60), engine.close()).await.unwrap().unwrap();
}
