//! `kill -9` as each step begins: nothing is lost, nothing recorded happens again, nothing happens twice.

use std::collections::BTreeSet;
use std::sync::Mutex;

use crate::support::Place;
use crate::unkilled::{AT_ONCE, Unkilled, begin, check_nothing_again, finish, recorded};

/// Kills one run when so many step bodies have begun, resumes it, and checks everything. Returns how many steps were
/// recorded at the kill.
fn killed(bodies: usize, unkilled: &Unkilled) -> usize {
    let place = Place::new();
    let killed = begin(&place).kill_when_ran(bodies);
    let before = recorded(&place);
    let last = finish(&place);
    let story = format!("killed at body {bodies}\n{}\nthen\n{}", killed.messages, last.messages);
    check_nothing_again(&before, &last, &story);
    unkilled.check(&place, &last, &story);
    before.len()
}

#[test]
fn a_checkout_killed_as_any_of_its_steps_begins_ends_as_an_unkilled_one() {
    let unkilled = Unkilled::get();
    let bodies = Mutex::new((1..=unkilled.steps.len()).cycle().take(2 * unkilled.steps.len()));
    let seen = Mutex::new(BTreeSet::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let Some(bodies) = bodies.lock().unwrap().next() else { return };
                    let steps = killed(bodies, unkilled);
                    seen.lock().unwrap().insert(steps);
                }
            });
        }
    });
    let seen = seen.into_inner().unwrap();
    assert!(seen.len() >= 5, "the kills hit different places: {seen:?}");
}
