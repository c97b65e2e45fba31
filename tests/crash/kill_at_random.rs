//! `kill -9` at random moments, again and again to one execution, also while it resumes.
//!
//! `KILLS=500` kills more often, `SEED=7` repeats the moments of an earlier run.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::Place;
use crate::unkilled::{AT_ONCE, Unkilled, begin, check_nothing_again, finish, recorded};

const KILLS: usize = 100;
/// An unkilled run takes about 3 s, so this covers every moment of it.
const LONGEST_LIFE_MS: u64 = 3_400;
/// Every fourth process lives only so long: its start and its first steps are worth more kills.
const SHORT_LIFE_MS: u64 = 60;

/// Numbers that look random, from one seed.
fn next(state: &AtomicU64) -> u64 {
    let mixed = state.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Kills the processes of one execution until one of them comes to its end. Returns how many it killed.
fn killed(random: &AtomicU64, unkilled: &Unkilled) -> usize {
    let place = Place::new();
    let (mut kills, mut story) = (0, String::new());
    let mut before: BTreeSet<String> = BTreeSet::new();
    loop {
        // A process that was killed before the execution was recorded leaves nothing to resume.
        let process = if recorded(&place).is_empty() { begin(&place) } else { place.start(&["resume"]) };
        let life = if next(random).is_multiple_of(4) { SHORT_LIFE_MS } else { LONGEST_LIFE_MS };
        let (said, was_killed) = process.kill_after(Duration::from_millis(next(random) % life));
        story.push_str(&said.messages);
        story.push_str("-- the end of that process\n");
        check_nothing_again(&before, &said, &story);
        before.extend(recorded(&place));
        if !was_killed {
            let last = if said.result().is_empty() { finish(&place) } else { said };
            unkilled.check(&place, &last, &story);
            return kills;
        }
        kills += 1;
    }
}

#[test]
fn a_checkout_killed_at_a_hundred_random_moments_ends_as_an_unkilled_one() {
    let clock = std::time::SystemTime::UNIX_EPOCH.elapsed().map_or(0, |time| time.subsec_nanos().into());
    let seed = variable("SEED").unwrap_or(clock);
    let wanted = variable("KILLS").map_or(KILLS, |kills| usize::try_from(kills).unwrap());
    println!("seed {seed}");
    let unkilled = Unkilled::get();
    let (random, kills, failed) = (AtomicU64::new(seed), AtomicUsize::new(0), Mutex::new(false));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while kills.load(Ordering::Relaxed) < wanted && !*failed.lock().unwrap() {
                    // A thread that fails takes its siblings along, and the scope the test.
                    *failed.lock().unwrap() = std::thread::scope(|one| {
                        let run = one.spawn(|| killed(&random, unkilled)).join();
                        kills.fetch_add(*run.as_ref().unwrap_or(&0), Ordering::Relaxed);
                        run.is_err()
                    });
                }
            });
        }
    });
    assert!(!failed.into_inner().unwrap(), "SEED={seed} repeats these moments");
}
