//! `kill -9` as each step begins: nothing is lost, nothing recorded happens again, nothing happens twice. Random
//! moments, many to one execution, are the crash tests' business.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use durable_runtime::engine::{OperationSummary, Reader};
use durable_runtime::wire::{OperationId, OperationStatus, OperationType};

use crate::support::{Place, Said, order};

/// Runs at once: most of a run is waiting.
const AT_ONCE: usize = 6;
const NAME: &str = "large-1";

fn begin() -> [String; 4] {
    ["start".to_owned(), order("large"), "--name".to_owned(), NAME.to_owned()]
}

/// The steps that the store holds as succeeded, under the paths that `ran` lines show.
fn recorded(place: &Place) -> BTreeSet<String> {
    let Ok(reader) = Reader::open(place.store()) else { return BTreeSet::new() };
    let Ok(arn) = reader.find(NAME) else { return BTreeSet::new() };
    let operations = reader.operations(&arn).unwrap();
    let by_id: BTreeMap<OperationId, &OperationSummary> =
        operations.iter().map(|summary| (summary.operation.id, summary)).collect();
    let path = |summary: &OperationSummary| {
        let parent = |id: OperationId| by_id.get(&id).copied();
        let above = std::iter::successors(Some(summary), |summary| summary.operation.parent_id.and_then(parent));
        let mut names: Vec<&str> = above.filter_map(|summary| summary.operation.name.as_deref()).collect();
        names.push("checkout");
        names.reverse();
        names.join(" / ")
    };
    let is_done = |summary: &&OperationSummary| {
        summary.operation.operation_type == OperationType::Step
            && summary.operation.status == OperationStatus::Succeeded
    };
    operations.iter().filter(is_done).map(path).collect()
}

/// What an unkilled run gives.
struct Unkilled {
    result: String,
    taken: BTreeMap<String, u32>,
    charged: Vec<(String, u64, bool)>,
    steps: BTreeSet<String>,
}

fn charged(place: &Place) -> Vec<(String, u64, bool)> {
    place.charges().into_iter().map(|charge| (charge.id, charge.cents, charge.refunded)).collect()
}

fn unkilled() -> Unkilled {
    let place = Place::new();
    let said = place.run(&begin().each_ref().map(String::as_str));
    assert_eq!(said.code, Some(0), "{}", said.messages);
    let steps: BTreeSet<String> = said.ran().into_keys().collect();
    assert_eq!(steps, recorded(&place), "the store and the messages call the steps by the same paths");
    assert_eq!(steps.len(), 14, "{steps:#?}");
    let result = said.result().to_owned();
    Unkilled { result, taken: place.taken(), charged: charged(&place), steps }
}

/// Kills one run when so many step bodies have begun, resumes it, and checks everything. Returns how many steps were
/// recorded at the kill.
fn killed(bodies: usize, unkilled: &Unkilled) -> usize {
    let place = Place::new();
    let running = place.start(&begin().each_ref().map(String::as_str));
    let killed = running.kill_when_ran(bodies);
    let before = recorded(&place);
    let resumed = place.run(&["resume"]);
    let told = |said: &Said| format!("killed at body {bodies}\n{}\nthen\n{}", killed.messages, said.messages);
    // A kill before the execution was recorded leaves nothing to resume, one after its end only its result to print.
    let last = if resumed.result().is_empty() { place.run(&begin().each_ref().map(String::as_str)) } else { resumed };
    assert_eq!((last.code, last.result()), (Some(0), unkilled.result.as_str()), "{}", told(&last));
    let again: Vec<String> = last.ran().into_keys().filter(|path| before.contains(path)).collect();
    assert!(again.is_empty(), "recorded steps ran again: {again:?}\n{}", told(&last));
    assert_eq!(recorded(&place), unkilled.steps, "{}", told(&last));
    assert_eq!(place.taken(), unkilled.taken, "{}", told(&last));
    assert_eq!(charged(&place), unkilled.charged, "{}", told(&last));
    before.len()
}

#[test]
fn a_checkout_killed_as_any_of_its_steps_begins_ends_as_an_unkilled_one() {
    let unkilled = unkilled();
    let bodies = Mutex::new((1..=unkilled.steps.len()).cycle().take(2 * unkilled.steps.len()));
    let seen = Mutex::new(BTreeSet::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let Some(bodies) = bodies.lock().unwrap().next() else { return };
                    let steps = killed(bodies, &unkilled);
                    seen.lock().unwrap().insert(steps);
                }
            });
        }
    });
    let seen = seen.into_inner().unwrap();
    assert!(seen.len() >= 5, "the kills hit different places: {seen:?}");
}
