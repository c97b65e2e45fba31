//! How processes come and go.

use std::num::NonZeroUsize;
use std::time::Duration;

use durable_runtime::host::{Call, HostOptions, Reply};
use futures_util::future::join_all;
use serde_json::json;

use super::support::{Place, answer, error, function, is_alive, kill, lines, parts, pids, until};

fn at_most(processes: usize) -> HostOptions {
    HostOptions::default().max_processes(NonZeroUsize::new(processes).unwrap())
}

#[tokio::test]
async fn nothing_is_started_before_the_first_invocation_and_a_process_is_used_again() {
    let (ship, logs) = function("plain", at_most(4));
    assert!(lines(&logs).is_empty());
    let first = answer(&ship, json!({"do": "pid"})).await;
    for _ in 0..10 {
        assert_eq!(answer(&ship, json!({"do": "pid"})).await, first);
    }
    assert_eq!(pids(&logs).len(), 1);
}

#[tokio::test]
async fn invocations_at_a_time_have_processes_of_their_own_up_to_the_maximum_and_queue_beyond_it() {
    let place = Place::new();
    let (ship, logs) = function("plain", at_most(3));
    let file = place.path().join("go");
    let invocations = (0..9).map(|_| answer(&ship, json!({"do": "wait", "file": file})));
    let release = async {
        let waiting = || lines(&logs).iter().filter(|line| *line == "waiting").count();
        until("three at a time", || waiting() == 3).await;
        assert_eq!(pids(&logs).len(), 3);
        place.lay("go");
    };
    let (answers, ()) = tokio::join!(join_all(invocations), release);
    let mut seen: Vec<u64> = answers.iter().map(|pid| pid.as_u64().unwrap()).collect();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!((answers.len(), seen.len(), pids(&logs).len()), (9, 3, 3));
}

#[tokio::test]
async fn a_process_that_dies_with_an_event_fails_it_with_the_words_of_aws_lambda() {
    let (ship, logs) = function("plain", at_most(1));
    let cases = [
        (json!({"do": "exit", "code": 1}), "Runtime exited with error: exit status 1"),
        (json!({"do": "exit", "code": 0}), "Runtime exited without providing a reason"),
        (json!({"do": "die"}), "Runtime exited with error: signal: killed"),
    ];
    for (event, words) in cases {
        let call = Call::new(event.to_string());
        let id = call.request_id.clone();
        let Reply::Error { error, payload } = ship.invoke(call).await else { panic!("it answered") };
        assert_eq!(parts(&error), ("Runtime.ExitError", format!("RequestId: {id} Error: {words}").as_str()));
        let payload: serde_json::Value = serde_json::from_slice(&payload).unwrap();
        assert_eq!(payload["errorType"], "Runtime.ExitError");
    }
    assert_eq!(answer(&ship, json!(1)).await, json!(1));
    assert_eq!(pids(&logs).len(), 4, "each was replaced at the next need");
}

#[tokio::test]
async fn a_process_that_cannot_start_fails_the_invocation_that_it_was_started_for() {
    let (ship, _) = function("init-exit", at_most(2));
    let failed = error(&ship, json!(1)).await;
    assert_eq!(failed.error_type.as_deref(), Some("Runtime.ExitError"));
    assert!(parts(&failed).1.ends_with("exit status 4"), "{failed}");
    let (ship, _) = function("init-error", at_most(2));
    let failed = error(&ship, json!(1)).await;
    assert_eq!(parts(&failed), ("Function.NoConfiguration", "there is no configuration"));
    let (ship, _) = function("init-hang", at_most(2).init_timeout(Duration::from_millis(100)));
    let failed = error(&ship, json!(1)).await;
    assert_eq!(failed.error_type.as_deref(), Some("Sandbox.Timedout"));
    assert!(parts(&failed).1.contains("Task timed out after 0.10 seconds"), "{failed}");
}

#[tokio::test]
async fn every_invocation_hears_of_a_program_that_never_starts() {
    let (ship, _) = function("init-exit", at_most(2));
    let failed = join_all((0..6).map(|number| error(&ship, json!(number)))).await;
    assert!(failed.iter().all(|failed| failed.error_type.as_deref() == Some("Runtime.ExitError")), "{failed:?}");
}

#[tokio::test]
async fn a_process_that_dies_while_idle_costs_no_invocation() {
    let (ship, logs) = function("plain", at_most(1));
    for round in 1..=10 {
        let pid = answer(&ship, json!({"do": "pid"})).await;
        kill(pid.as_u64().unwrap().try_into().unwrap());
        // At once: the host may not know yet.
        answer(&ship, json!({"do": "pid"})).await;
        assert!(pids(&logs).len() > round);
    }
}

#[tokio::test]
async fn an_answer_counts_when_its_process_exits_right_behind_it() {
    let (ship, _) = function("plain", at_most(1));
    for _ in 0..10 {
        assert_eq!(answer(&ship, json!({"do": "exit-after"})).await, json!("done"));
    }
}

#[tokio::test]
async fn an_overrun_kills_the_process_and_is_told_in_the_words_of_aws_lambda() {
    let (ship, logs) = function("plain", at_most(1).function_timeout(Duration::from_millis(300)));
    let call = Call::new(json!({"do": "hang"}).to_string());
    let id = call.request_id.clone();
    let Reply::Error { error, .. } = ship.invoke(call).await else { panic!("it answered") };
    let words = format!("RequestId: {id} Error: Task timed out after 0.30 seconds");
    assert_eq!(parts(&error), ("Sandbox.Timedout", words.as_str()));
    until("the process to be gone", || !is_alive(pids(&logs)[0])).await;
    assert_eq!(answer(&ship, json!(1)).await, json!(1));
}

#[tokio::test]
async fn a_process_goes_on_when_its_caller_is_gone_and_is_idle_only_then() {
    let place = Place::new();
    let (ship, logs) = function("plain", at_most(1));
    let file = place.path().join("go");
    let abandoned = tokio::spawn({
        let (ship, event) = (ship.clone(), json!({"do": "wait", "file": file}));
        async move { ship.invoke(Call::new(event.to_string())).await }
    });
    until("the event to be taken", || lines(&logs).contains(&"waiting".to_owned())).await;
    abandoned.abort();
    let next = tokio::spawn({
        let ship = ship.clone();
        async move { answer(&ship, json!({"do": "pid"})).await }
    });
    // It cannot be answered yet: the only process is busy.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!next.is_finished());
    place.lay("go");
    assert_eq!(next.await.unwrap(), json!(pids(&logs)[0]), "the same process");
}

#[tokio::test]
async fn an_invocation_that_nobody_waits_for_any_more_is_never_delivered() {
    let place = Place::new();
    let (ship, logs) = function("plain", at_most(1));
    let held = answer(&ship, json!({"do": "wait", "file": place.path().join("go")}));
    let withdrawn = async {
        until("the event to be taken", || lines(&logs).contains(&"waiting".to_owned())).await;
        let call = Call::new(json!({"do": "exit", "code": 9}).to_string());
        assert!(tokio::time::timeout(Duration::from_millis(50), ship.invoke(call)).await.is_err());
        place.lay("go");
    };
    tokio::join!(held, withdrawn);
    answer(&ship, json!(1)).await;
    assert_eq!(pids(&logs).len(), 1, "the process was not told to exit");
}

#[tokio::test]
async fn a_closed_host_leaves_no_process_and_invokes_no_more() {
    let (ship, logs) = function("plain", at_most(2).grace(Duration::from_millis(200)));
    let hanging = tokio::spawn({
        let ship = ship.clone();
        async move { error(&ship, json!({"do": "hang"})).await }
    });
    answer(&ship, json!(1)).await;
    until("two processes", || pids(&logs).len() == 2).await;
    ship.close().await;
    until("the processes to be gone", || pids(&logs).iter().all(|pid| !is_alive(*pid))).await;
    assert!(hanging.await.unwrap().error_type.unwrap().starts_with("Runtime."));
    assert_eq!(error(&ship, json!(1)).await.error_type.as_deref(), Some("Runtime.HostClosed"));
}

#[tokio::test]
async fn a_dropped_host_leaves_no_process() {
    let (ship, logs) = function("plain", at_most(2));
    answer(&ship, json!(1)).await;
    drop(ship);
    let pid = pids(&logs)[0];
    until("the process to be gone", || !is_alive(pid)).await;
}

#[tokio::test]
async fn a_command_is_a_line_of_the_shell_and_ends_with_everything_that_it_started() {
    let logs = durable_runtime::host::Logs::default();
    let line = format!("sleep 1000 & echo child $!; MODE=x {} plain; exit $?", super::support::command(""));
    let options = at_most(1).logs(logs.clone());
    let ship = durable_runtime::host::FunctionHost::new("ship", &line, options).unwrap();
    assert_eq!(answer(&ship, json!(1)).await, json!(1));
    let child = lines(&logs).iter().find_map(|line| line.strip_prefix("child ")?.parse::<u32>().ok()).unwrap();
    assert!(is_alive(child));
    ship.kill().await;
    until("the child to be gone", || !is_alive(child)).await;
}
