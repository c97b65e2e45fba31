//! What a failed block has done is undone, in reverse, whatever happens in between.

use std::sync::{Arc, Mutex};

use durable_runtime::function::InvocationOutcome;
use durable_runtime::handler::function;
use durable_runtime::prelude::*;
use durable_runtime::service::ServiceError;
use durable_runtime::testing::{Runner, virtual_time};
use durable_runtime::wire::{InvocationStatus, OperationStatus};
use tests::{Fault, Scripted};

type Log = Arc<Mutex<Vec<String>>>;

fn note(log: &Log, line: String) {
    log.lock().unwrap().push(line);
}

#[step(retry = none)]
async fn book(log: Log, what: &'static str) -> Result<String> {
    note(&log, format!("book {what}"));
    if what == "nothing" { Err("sold out")? } else { Ok(what.to_owned()) }
}

#[step(retry = none)]
async fn cancel(log: Log, what: String) -> Result<()> {
    note(&log, format!("cancel {what}"));
    if what == "car" { Err("the car cannot be cancelled")? } else { Ok(()) }
}

#[durable]
async fn trip(last: String, log: Log) -> Result<String> {
    saga(|undo| {
        child!(async {
            let undoing = |what: String| cancel(log.clone(), what);
            let flight = undo.after(book(log.clone(), "flight"), undoing).await?;
            let car = undo.after(book(log.clone(), "car"), |what| cancel(log.clone(), what)).await?;
            sleep(seconds(5)).await?;
            let hotel = undo.after(book(log.clone(), "hotel"), |what| cancel(log.clone(), what)).await?;
            match last.as_str() {
                "fails" => drop(book(log.clone(), "nothing").await?),
                "panics" => panic!("lost the ticket"),
                _ => {}
            }
            Ok(format!("{flight}, {car}, {hotel}"))
        })
    })
    .await
}

fn run(last: &'static str) -> (durable_runtime::testing::Run, Vec<String>) {
    let log: Log = Arc::default();
    let seen = log.clone();
    let handler = move |last: String| trip(last, seen.clone());
    let run = virtual_time(async { Runner::new().await?.run("trip", handler, last).await }).unwrap();
    let lines = log.lock().unwrap().clone();
    (run, lines)
}

#[test]
fn a_block_that_succeeds_undoes_nothing() {
    let (run, log) = run("goes well");
    assert_eq!(run.result::<String>().unwrap(), "flight, car, hotel");
    assert_eq!(log, ["book flight", "book car", "book hotel"]);
}

#[test]
fn a_block_that_fails_is_undone_in_reverse_and_a_failed_compensation_stops_nobody() {
    for (last, message) in [("fails", "sold out"), ("panics", "lost the ticket")] {
        let (run, log) = run(last);
        assert_eq!(run.error().unwrap().error_message.as_deref(), Some(message));
        let undone: Vec<_> = log.iter().filter(|line| line.starts_with("cancel")).map(String::as_str).collect();
        assert_eq!(undone, ["cancel hotel", "cancel car", "cancel flight"], "{last}");
        assert_eq!(run.operation("trip / saga / undo-2").unwrap().status(), OperationStatus::Failed);
        assert_eq!(run.operation("trip / saga / undo-1 / cancel").unwrap().status(), OperationStatus::Succeeded);
    }
}

#[tokio::test(start_paused = true)]
async fn an_interruption_at_any_request_loses_no_compensation_and_repeats_none_that_was_acknowledged() {
    let count = {
        let service = Scripted::new("\"fails\"");
        service.run(&function(|last: String| trip(last, Arc::default()))).await;
        service.requests().len()
    };
    assert!(count > 5);
    for number in 1..=count {
        for fault in [Fault::Refused, Fault::AnswerLost] {
            let log: Log = Arc::default();
            let seen = log.clone();
            let handler = function(move |last: String| trip(last, seen.clone()));
            let service = Scripted::new("\"fails\"").fault(number, fault(ServiceError::unavailable("gone")));
            let mut outcome = service.run(&handler).await;
            while matches!(outcome, InvocationOutcome::Failed(_)) {
                outcome = service.run(&handler).await;
            }
            let InvocationOutcome::Answered(answer) = outcome else { panic!("{outcome:?}") };
            assert_eq!(answer.status, InvocationStatus::Failed);
            let log = log.lock().unwrap().clone();
            let mut undone: Vec<_> = log.iter().filter(|line| line.starts_with("cancel")).collect();
            undone.dedup();
            assert_eq!(undone, ["cancel hotel", "cancel car", "cancel flight"], "fault at request {number}: {log:?}");
        }
    }
}

#[test]
fn a_compensation_registered_in_a_branch_is_refused() {
    #[durable]
    async fn flow(log: Log) -> Result<String> {
        saga(|undo| {
            child!(async {
                let inner = child!("inner", async {
                    undo.after(book(log.clone(), "flight"), |what| cancel(log.clone(), what)).await
                });
                inner.await
            })
        })
        .await
    }
    let run =
        virtual_time(async { Runner::new().await?.run("flow", |(): ()| flow(Arc::default()), &()).await }).unwrap();
    let error = run.error().unwrap();
    assert_eq!(error.error_type.as_deref(), Some("StepFailure.SettingRefused"));
}

#[durable]
async fn hurried(log: Log) -> Result<String> {
    race!(
        trip = trip("goes well".to_owned(), log.clone()) => |trip| trip,
        late = sleep(seconds(1)) => |()| "late".to_owned(),
    )
    .await
}

#[test]
fn a_saga_that_loses_a_race_is_dropped_and_not_undone() {
    let log: Log = Arc::default();
    let seen = log.clone();
    let handler = move |_: ()| hurried(seen.clone());
    let run = virtual_time(async { Runner::new().await?.run("hurried", handler, &()).await }).unwrap();
    assert_eq!(run.result::<String>().unwrap(), "late");
    assert_eq!(*log.lock().unwrap(), ["book flight", "book car"]);
}

#[test]
fn a_settled_batch_is_undone_as_a_whole() {
    #[durable]
    async fn flow(log: Log) -> Result<String> {
        saga(|undo| {
            let log = &log;
            child!(async move {
                let bookings =
                    parallel_map(["flight", "nothing", "hotel"], |what, _| book(log.clone(), what)).settled();
                let booked = undo
                    .after(bookings, |booked| parallel_map(booked.into_values(), |what, _| cancel(log.clone(), what)))
                    .await?;
                sleep(seconds(1)).await?;
                Ok(booked.into_result()?.join(", "))
            })
        })
        .await
    }
    let log: Log = Arc::default();
    let seen = log.clone();
    let handler = move |_: ()| flow(seen.clone());
    let run = virtual_time(async { Runner::new().await?.run("flow", handler, &()).await }).unwrap();
    assert_eq!(run.error().unwrap().error_message.as_deref(), Some("sold out"));
    let undone: Vec<_> = log.lock().unwrap().iter().filter(|line| line.starts_with("cancel")).cloned().collect();
    assert_eq!(undone, ["cancel flight", "cancel hotel"]);
}
