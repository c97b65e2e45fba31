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
    engine.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_start_takes_nothing_of_its_group_with_it() {
    let path = directory("refused-in-group").join("store.db");
    let engine = Engine::open(&path).await.unwrap();
    engine.register("scripted", script(|_| async { succeeded("1") }));
    let starts = (0..100).map(|number| {
        let (engine, input) = (engine.clone(), number.to_string());
        // Every name is asked for twice, with different inputs: one of each pair is refused.
        let options = called(&format!("n{}", number / 2));
        async move { engine.start("scripted", &input, options).await }
    });
    let (started, refused): (Vec<_>, Vec<_>) =
        futures_util::future::join_all(starts).await.into_iter().partition(Result::is_ok);
    assert_eq!((started.len(), refused.len()), (50, 50));
    for started in started {
        let summary = engine.wait(&started.unwrap().arn).await.unwrap();
        assert_eq!(summary.status, ExecutionStatus::Succeeded);
    }
}
