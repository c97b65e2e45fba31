//! The runner of the conformance requirements sees what differs: functions that do what a requirement of ours says, and
//! functions that do something else.

use durable_runtime::App;
use durable_runtime::prelude::*;
use tests::conformance::{Requirement, Verdict, run};

/// A named wait, then an answer from the outside.
const REQUIREMENT: &str = r#"
description: Reminder and answer
Variables:
  ASKED: ${GEN_STR:6}
Input:
  name: ${ASKED}
ExpectedResult:
  ExecutionStatus: SUCCEEDED
  Result: {said: {text: "é", to: "${ASKED}"}}
CallbackActions:
  - CallbackName: ${ASKED}
    Operation: success
    Payload: {text: "é", to: "${ASKED}"}
    Delay: 2
ExpectedExecutionHistory:
  - EventType: WaitStarted
    EventId: 2
    Id: ${WAIT}
    Name: reminder
    WaitStartedDetails: {Duration: 3}
  - EventType: WaitSucceeded
    EventId: 4
    Id: ${WAIT}
    WaitSucceededDetails: {}
  - EventType: CallbackSucceeded
    EventId: 7
    Id: ${CALLBACK}
    CallbackSucceededDetails:
      Result:
        Payload: '{"text": "\u00e9", "to": "${ASKED}"}'
  - EventType: ExecutionSucceeded
    EventId: 9
    ExecutionSucceededDetails: '*'
"#;

#[derive(serde::Deserialize)]
struct Asked {
    name: String,
}

/// How the function of a test goes about it.
#[derive(Clone, Copy)]
struct Manner {
    wait: u64,
    wait_name: &'static str,
    member: &'static str,
    asks: bool,
}

const AS_REQUIRED: Manner = Manner { wait: 3, wait_name: "reminder", member: "said", asks: true };

#[durable]
async fn reminder(manner: Manner, asked: Asked) -> Result<serde_json::Value> {
    sleep(seconds(manner.wait)).named(manner.wait_name).await?;
    let name = if manner.asks { asked.name } else { "somebody else".to_owned() };
    let answer = callback::<serde_json::Value>(name).timeout(minutes(30)).await?;
    let answer = answer.result().await?;
    Ok(serde_json::json!({ manner.member: answer }))
}

fn verdict(text: &str, manner: Manner) -> Verdict {
    let requirement = Requirement::parse(text, "ours", "0-1").unwrap();
    run(&requirement, &App::named("ours").register("0-1", move |asked| reminder(manner, asked)))
}

fn failure(text: &str, manner: Manner) -> String {
    match verdict(text, manner) {
        Verdict::Failed(differences) => differences.join("\n"),
        other => panic!("expected a failure, found {other:?}"),
    }
}

#[test]
fn a_function_that_does_what_is_required_passes() {
    assert_eq!(verdict(REQUIREMENT, AS_REQUIRED), Verdict::Passed);
}

#[test]
fn an_event_with_another_value_is_a_difference() {
    let late = failure(REQUIREMENT, Manner { wait: 4, ..AS_REQUIRED });
    assert!(late.contains("event 2.WaitStartedDetails.Duration: expected Integer(3), found 4"), "{late}");
    let renamed = failure(REQUIREMENT, Manner { wait_name: "pause", ..AS_REQUIRED });
    assert!(renamed.contains("event 2.Name: expected \"reminder\", found \"pause\""), "{renamed}");
}

#[test]
fn an_event_at_another_place_is_a_difference_and_so_is_none() {
    let elsewhere = failure(&REQUIREMENT.replace("EventId: 4", "EventId: 5"), AS_REQUIRED);
    assert!(elsewhere.contains("event 5: expected WaitSucceeded, found CallbackStarted"), "{elsewhere}");
    let missing = failure(&REQUIREMENT.replace("EventId: 9", "EventId: 10"), AS_REQUIRED);
    assert!(missing.contains("event 10: expected ExecutionSucceeded, and there is none"), "{missing}");
}

#[test]
fn an_id_that_does_not_repeat_is_a_difference() {
    let foreign = failure(&REQUIREMENT.replace("${CALLBACK}", "${WAIT}"), AS_REQUIRED);
    assert!(foreign.contains("event 7.Id: expected \"${WAIT}\", found \"2\" where it stands for \"1\""), "{foreign}");
}

#[test]
fn another_result_and_another_end_are_differences() {
    let renamed = failure(REQUIREMENT, Manner { member: "answered", ..AS_REQUIRED });
    assert!(renamed.contains("the result.said: it is missing"), "{renamed}");
    assert!(renamed.contains("the result.answered: unexpected"), "{renamed}");
    let failed = failure(&REQUIREMENT.replace("Status: SUCCEEDED", "Status: FAILED"), AS_REQUIRED);
    assert!(failed.contains("the execution: expected FAILED, found SUCCEEDED"), "{failed}");
}

#[test]
fn payloads_are_sent_and_compared_as_their_exact_text() {
    let spaced = failure(&REQUIREMENT.replace(r#"{"text": "\u00e9", "to""#, r#"{"text":"\u00e9","to""#), AS_REQUIRED);
    assert!(spaced.contains("event 7.CallbackSucceededDetails.Result.Payload: expected"), "{spaced}");
}

#[test]
fn a_callback_that_nobody_opens_is_a_difference_and_ends_the_run() {
    let silent = failure(REQUIREMENT, Manner { asks: false, ..AS_REQUIRED });
    assert!(silent.contains("callback actions: callback `"), "{silent}");
    assert!(silent.contains("the execution: expected SUCCEEDED, found FAILED"), "{silent}");
}

#[test]
fn a_requirement_whose_process_dies_is_left_and_one_without_a_function_fails() {
    let dies = r#"
ExpectedExecutionHistory:
  - EventType: InvocationCompleted
    EventId: 3
    InvocationCompletedDetails: {Error: {Payload: {ErrorType: Runtime.ExitError}}}
"#;
    assert!(matches!(verdict(dies, AS_REQUIRED), Verdict::Left(_)));
    let requirement = Requirement::parse(REQUIREMENT, "ours", "0-2").unwrap();
    let verdict = run(&requirement, &App::named("ours").register("0-1", move |asked| reminder(AS_REQUIRED, asked)));
    assert_eq!(verdict, Verdict::Failed(vec!["no function is registered under its id".to_owned()]));
}
