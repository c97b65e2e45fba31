//! `callback`: answers from another command, with and without a process that runs the execution.

use std::sync::Arc;
use std::time::Duration;

use durable_runtime::app::{App, Exit};
use durable_runtime::engine::Reader;
use durable_runtime::function::{Function, InvocationOutcome};
use durable_runtime::wire::{
    Action, CallbackOptions, InvocationResponse, OperationStatus, OperationType, OperationUpdate, SubType,
};

use crate::support::{Done, Scratch, Setting, known, run, run_with, script, send, shop, succeeded, under, update};

/// Waits for callbacks: `(id, name, parent, timeout in seconds)`. Its result tells of each how it ended.
fn asks(callbacks: &'static [(&str, &str, Option<&str>, u64)]) -> Arc<dyn Function> {
    script(move |invocation| async move {
        if known(&invocation, callbacks[0].0).is_none() {
            let start = |(id, name, parent, seconds): &(&str, &str, Option<&str>, u64)| {
                let options = CallbackOptions { timeout_seconds: Some(*seconds), heartbeat_timeout_seconds: Some(0) };
                let start = OperationUpdate {
                    callback_options: Some(options),
                    sub_type: Some(SubType::CALLBACK),
                    ..update(id, name, OperationType::Callback, Action::Start)
                };
                parent.map_or_else(|| start.clone(), |parent| under(parent, start.clone()))
            };
            let context = update("9", "review", OperationType::Context, Action::Start);
            send(&invocation, std::iter::once(context).chain(callbacks.iter().map(start)).collect()).await;
            return InvocationOutcome::Answered(InvocationResponse::pending());
        }
        let ended = |id: &str| known(&invocation, id).filter(|operation| operation.status.is_terminal());
        let ends: Option<Vec<String>> = callbacks
            .iter()
            .map(|(id, ..)| {
                let operation = ended(id)?;
                let details = operation.callback_details.unwrap();
                let error = details.error.map(|error| format!("{error} {:?}", error.error_data)).unwrap_or_default();
                Some(format!("{:?} {}{error}", operation.status, details.result.unwrap_or_default()))
            })
            .collect();
        ends.map_or_else(
            || InvocationOutcome::Answered(InvocationResponse::pending()),
            |ends| succeeded(serde_json::to_string(&ends).unwrap()),
        )
    })
}

/// Starts `o-1` and leaves it waiting with no process that runs it.
async fn left_waiting(callbacks: &'static [(&str, &str, Option<&str>, u64)]) -> (App, Scratch) {
    let (app, scratch) = (shop(vec![("ask", asks(callbacks))]), Scratch::new());
    let setting = Setting { interrupt: Some(Duration::from_secs(1)), ..Setting::default() };
    let done = run_with(&app, &scratch.store(), &["start", "--name", "o-1"], setting).await;
    assert_eq!(done.exit, Exit::Interrupted, "{}", done.messages);
    (app, scratch)
}

const APPROVAL: &[(&str, &str, Option<&str>, u64)] = &[("1", "approval", None, 3600)];

fn id_of(scratch: &Scratch, name: &str) -> String {
    let reader = Reader::open(scratch.store()).unwrap();
    let operations = reader.operations(&reader.find("o-1").unwrap()).unwrap();
    let found = operations.into_iter().find(|one| one.operation.name.as_deref() == Some(name)).unwrap();
    found.operation.callback_details.unwrap().callback_id.unwrap()
}

fn says(done: &Done, exit: Exit, parts: &[&str]) {
    assert_eq!(done.exit, exit, "{}", done.messages);
    for part in parts {
        assert!(done.messages.contains(part), "`{part}` is missing:\n{}", done.messages);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_by_id_or_by_name_is_what_the_function_gets() {
    let cases: [(&[&str], &str, &str); 6] = [
        (&["succeed", "{\"ok\": true}"], "", "Succeeded {\"ok\": true}"),
        (&["succeed"], "", "Succeeded "),
        (&["succeed", "-"], "[1]", "Succeeded [1]"),
        (&["succeed", "--raw", "as it is"], "", "Succeeded as it is"),
        (&["fail", "--type", "Declined", "--message", "no", "--data", "d"], "", "Failed Declined: no Some(\"d\")"),
        (&["fail"], "", "Failed CallbackFailed: failed from the command line None"),
    ];
    for (answer, stdin, expected) in cases {
        for by_name in [true, false] {
            let (app, scratch) = left_waiting(APPROVAL).await;
            let id = if by_name { "o-1/approval".to_owned() } else { id_of(&scratch, "approval") };
            let line: Vec<&str> = ["callback", &id].iter().chain(answer).copied().collect();
            let setting = Setting { stdin, ..Setting::default() };
            let done = run_with(&app, &scratch.store(), &line, setting).await;
            says(
                &done,
                Exit::Succeeded,
                &[&format!("{id} is answered"), "no process runs o-1: go on with `shop resume"],
            );
            let done = run(&app, &scratch.store(), &["resume"]).await;
            assert_eq!(serde_json::from_str::<[String; 1]>(done.last_line()).unwrap(), [expected], "{}", done.messages);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_from_a_file_is_pointed_at_when_it_is_not_json() {
    let (app, scratch) = left_waiting(APPROVAL).await;
    let file = scratch.file("answer.json");
    std::fs::write(&file, "{\n  oops\n}").unwrap();
    let argument = format!("@{}", file.display());
    let done = run(&app, &scratch.store(), &["callback", "o-1/approval", "succeed", &argument]).await;
    says(&done, Exit::Usage, &["answer.json:2:3 is not JSON", "the callback is as it was"]);
    let done = run(&app, &scratch.store(), &["callback", "o-1/approval", "succeed", "yes"]).await;
    says(&done, Exit::Usage, &["the answer:1:1 is not JSON", "JSON strings need their own quotes"]);
    let done = run(&app, &scratch.store(), &["callback", "o-1/approval", "succeed", "@nowhere.json"]).await;
    says(&done, Exit::Usage, &["cannot read the answer file `nowhere.json`"]);
    std::fs::write(&file, "true").unwrap();
    let done = run(&app, &scratch.store(), &["callback", "o-1/approval", "succeed", &argument]).await;
    says(&done, Exit::Succeeded, &[]);
}

#[tokio::test(start_paused = true)]
async fn a_callback_that_is_not_there_or_closed_is_said_to_be() {
    let (app, scratch) = left_waiting(APPROVAL).await;
    let store = scratch.store();
    let succeed = async |id: &str| run(&app, &store, &["callback", id, "succeed"]).await;
    says(&succeed("bm90aGluZw==").await, Exit::Usage, &["there is no callback `bm90aGluZw==` in this store"]);
    says(&succeed("o-2/approval").await, Exit::Usage, &["no execution matches `o-2`"]);
    says(&succeed("o-1").await, Exit::Usage, &["`o-1` is an execution: name its callback too, as in o-1/NAME"]);
    says(&succeed("o-1/aproval").await, Exit::Usage, &["no callback of `o-1` is called `aproval`", "approval  "]);
    let id = id_of(&scratch, "approval");
    says(&succeed(&id).await, Exit::Succeeded, &[]);
    says(&succeed(&id).await, Exit::Failed, &["was answered before: nothing was changed"]);
    says(&succeed("o-1/approval").await, Exit::Failed, &["`o-1/approval` was answered before"]);
    let nowhere = run(&app, &scratch.file("none.db"), &["callback", &id, "heartbeat"]).await;
    says(&nowhere, Exit::Failed, &["there is no store"]);
}

#[tokio::test(start_paused = true)]
async fn a_callback_whose_time_ran_out_while_nobody_looked_has_timed_out() {
    let (app, scratch) = left_waiting(&[("1", "approval", None, 60)]).await;
    tokio::time::sleep(Duration::from_secs(120)).await;
    let done = run(&app, &scratch.store(), &["callback", "o-1/approval", "succeed"]).await;
    says(&done, Exit::Failed, &["has timed out", "nothing was changed"]);
    let done = run(&app, &scratch.store(), &["resume"]).await;
    assert!(done.last_line().contains("TimedOut"), "{}", done.output);
}

#[tokio::test(start_paused = true)]
async fn a_callback_of_an_execution_that_was_stopped_is_closed() {
    let (app, scratch) = left_waiting(APPROVAL).await;
    run(&app, &scratch.store(), &["stop", "o-1"]).await;
    let done = run(&app, &scratch.store(), &["callback", "o-1/approval", "succeed"]).await;
    says(&done, Exit::Failed, &["belongs to an execution that has ended"]);
    let done = run(&app, &scratch.store(), &["show", "o-1"]).await;
    assert!(!done.output.contains("? id "), "{}", done.output);
}

#[tokio::test(start_paused = true)]
async fn a_name_that_several_callbacks_have_is_asked_about() {
    const SEVERAL: &[(&str, &str, Option<&str>, u64)] = &[
        ("1", "vote", None, 60),
        ("2", "vote", None, 60),
        ("9-1", "vote", Some("9"), 60),
        ("9-2", "last", Some("9"), 60),
    ];
    let (app, scratch) = left_waiting(SEVERAL).await;
    let store = scratch.store();
    let succeed = async |id: &str| run(&app, &store, &["callback", id, "succeed", "1"]).await;
    let done = succeed("o-1/vote").await;
    says(&done, Exit::Usage, &["several callbacks match `o-1/vote`"]);
    let id = done.messages.lines().nth(1).unwrap().split_whitespace().nth(1).unwrap().to_owned();
    says(&succeed(&id).await, Exit::Succeeded, &[]);
    says(&succeed("o-1/vote").await, Exit::Succeeded, &[]);
    says(&succeed("o-1/review").await, Exit::Usage, &["review/vote", "review/last"]);
    says(&succeed("o-1/review / vote").await, Exit::Succeeded, &[]);
    says(&succeed("o-1/last").await, Exit::Succeeded, &[]);
    let done = run(&app, &store, &["resume"]).await;
    assert_eq!(done.last_line(), "[\"Succeeded 1\",\"Succeeded 1\",\"Succeeded 1\",\"Succeeded 1\"]");
}

#[tokio::test(start_paused = true)]
async fn show_and_progress_say_what_waits_for_an_answer_and_how_to_give_it() {
    let (app, scratch) = left_waiting(APPROVAL).await;
    let done = run(&app, &scratch.store(), &["show", "o-1"]).await;
    assert!(done.output.contains("waits for an answer until 01:00:00 UTC, in 59 min"), "{}", done.output);
    assert!(done.output.contains(&format!("? id {}", id_of(&scratch, "approval"))), "{}", done.output);
    for live in [false, true] {
        let store = Scratch::new();
        let setting = Setting { live, interrupt: Some(Duration::from_secs(5)), ..Setting::default() };
        let done = run_with(&app, &store.store(), &["start", "--name", "o-2"], setting).await;
        assert!(done.messages.contains("waits for an answer until"), "{}", done.messages);
        let command = "answer with `shop callback o-2/approval succeed JSON --store";
        assert!(done.messages.contains(command), "{}", done.messages);
    }
}

/// On the machine's clock: the owner of a store looks for requests only there.
#[tokio::test]
async fn a_second_terminal_answers_what_the_first_one_waits_for() {
    let scratch = Scratch::new();
    let app = App::named("shop").register_function("ask", asks(APPROVAL));
    let (first, second) = (app.clone(), app);
    let store = scratch.store();
    let following = tokio::spawn(async move { run(&first, &store, &["start", "--name", "o-1"]).await });
    let answering = async {
        for verb in ["heartbeat", "succeed"] {
            loop {
                let done = run(&second, &scratch.store(), &["callback", "o-1/approval", verb]).await;
                if done.exit == Exit::Succeeded {
                    assert!(!done.messages.contains("no process runs"), "{}", done.messages);
                    break;
                }
                // Not started yet.
                tokio::task::yield_now().await;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), answering).await.unwrap();
    let followed = following.await.unwrap();
    assert_eq!((followed.exit, followed.last_line()), (Exit::Succeeded, "[\"Succeeded \"]"), "{}", followed.messages);
    let reader = Reader::open(scratch.store()).unwrap();
    let operations = reader.operations(&reader.find("o-1").unwrap()).unwrap();
    assert!(operations.iter().any(|one| one.operation.status == OperationStatus::Succeeded));
}
