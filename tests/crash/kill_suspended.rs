//! `kill -9` while the execution is suspended: one test for each kind of operation that it can be suspended on.

use durable_runtime::engine::{OperationSummary, Reader};
use durable_runtime::wire::{OperationStatus, OperationType};

use crate::support::{Place, order};
use crate::unkilled::{NAME, Unkilled, check_nothing_again, finish, recorded};

/// How often a machine may be too busy to look while it lasts: the shortest suspension is about 1 s.
const TRIES: usize = 5;

/// Whether an operation is one that holds the execution up.
type Holds = fn(&OperationSummary) -> bool;

fn is_open(summary: &OperationSummary, operation_type: OperationType, name: &str) -> bool {
    let operation = &summary.operation;
    let open = matches!(operation.status, OperationStatus::Started | OperationStatus::Pending);
    open && operation.operation_type == operation_type && operation.name.as_deref() == Some(name)
}

/// Whether no function runs, because the execution waits for an operation of the kind.
fn is_suspended(place: &Place, holds: Holds) -> bool {
    let Ok(reader) = Reader::open(place.store()) else { return false };
    let Ok(arn) = reader.find(NAME) else { return false };
    let last = reader.history(&arn).unwrap().pop();
    // What the service does after the invocation would make the function run again.
    last.is_some_and(|event| event.event_type == "InvocationCompleted")
        && reader.operations(&arn).unwrap().iter().any(holds)
}

/// Kills a checkout when it is suspended on such an operation, does what is to be done while nobody runs it, and lets
/// the next process finish it: everything is as in an unkilled run, and nothing recorded ran again.
fn killed_while(holds: Holds, environment: &[(&str, &str)], meanwhile: impl Fn(&Place)) {
    let unkilled = Unkilled::get();
    for _ in 0..TRIES {
        let place = Place::new();
        let line = ["start", &order("large"), "--name", NAME, "--store", "shop.db"];
        let Some(killed) = place.start_with(&line, environment).kill_when(|| is_suspended(&place, holds)) else {
            continue;
        };
        if !is_suspended(&place, holds) {
            // It went on between the look and the kill.
            continue;
        }
        let before = recorded(&place);
        meanwhile(&place);
        let last = finish(&place);
        let story = format!("{}\nthen\n{}", killed.messages, last.messages);
        check_nothing_again(&before, &last, &story);
        unkilled.check(&place, &last, &story);
        return;
    }
    panic!("never seen suspended there in {TRIES} runs");
}

#[test]
fn a_checkout_killed_while_it_waits_for_time_goes_on() {
    killed_while(|one| is_open(one, OperationType::Wait, "sleep"), &[], |_| {});
}

#[test]
fn a_checkout_killed_while_a_step_waits_for_its_next_attempt_goes_on() {
    killed_while(|one| is_open(one, OperationType::Step, "charge"), &[("SHOP_GATEWAY", "busy")], |_| {});
}

#[test]
fn a_checkout_killed_while_it_waits_for_an_answer_gets_the_answer_that_is_given_while_it_is_dead() {
    let answer = |place: &Place| {
        let said = place.run(&["callback", "large-1/approval", "succeed", "true"]);
        assert_eq!(said.code, Some(0), "{}", said.messages);
        let go_on = "no process runs large-1: go on with `checkout resume --store shop.db`";
        assert!(said.messages.contains(go_on), "{}", said.messages);
    };
    let nobody = [("SHOP_REVIEWER", "nobody")];
    killed_while(|one| is_open(one, OperationType::Callback, "callback"), &nobody, answer);
}

#[test]
fn a_checkout_killed_while_a_race_is_open_goes_on() {
    killed_while(|one| is_open(one, OperationType::Context, "quote"), &[], |_| {});
}

#[test]
fn a_checkout_killed_while_a_map_is_half_done_goes_on() {
    killed_while(|one| is_open(one, OperationType::Context, "map"), &[], |_| {});
}

#[test]
fn a_checkout_killed_while_a_child_waits_goes_on() {
    killed_while(|one| is_open(one, OperationType::Context, "ship"), &[], |_| {});
}
