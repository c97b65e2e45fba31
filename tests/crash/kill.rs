//! Real processes, killed with SIGKILL at random moments: what the checkout promises holds all the same.
//!
//! Runs belong to the package `examples`, whose binary they kill. `KILLS=500` kills more often, `SEED=7` repeats the
//! moments of an earlier run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use durable_runtime::engine::{ListFilter, Reader};
use durable_runtime::wire::{OperationId, OperationStatus, OperationType};

/// Executions side by side: each mostly waits for its own timers.
const AT_ONCE: usize = 6;
/// An unkilled run takes about 2 s, so this covers every moment of it.
const LONGEST_LIFE: Duration = Duration::from_millis(2_400);
/// A run that has not ended by then hangs.
const PATIENCE: Duration = Duration::from_secs(60);
const ORDER: &str = include_str!("../../examples/orders/tea.json");

/// One execution's store and the example's own files beside it.
struct Site {
    folder: PathBuf,
}

impl Site {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("durable-kill-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        Self { folder }
    }

    fn store(&self) -> PathBuf {
        self.folder.join("checkout.db")
    }

    /// `checkout ARGUMENTS`, its two streams in files that outlive it.
    fn spawn(&self, arguments: &[&str], round: usize) -> Child {
        let stream = |kind: &str| std::fs::File::create(self.folder.join(format!("{kind}-{round}"))).unwrap();
        Command::new(env!("CARGO_BIN_EXE_checkout"))
            .args(arguments)
            .arg("--store")
            .arg(self.store())
            .stdin(Stdio::null())
            .stdout(stream("out"))
            .stderr(stream("err"))
            .spawn()
            .unwrap()
    }

    fn text(&self, kind: &str, round: usize) -> String {
        std::fs::read_to_string(self.folder.join(format!("{kind}-{round}"))).unwrap()
    }

    /// The steps whose success is on record, by their path of names; nothing while there is no store.
    fn recorded(&self) -> BTreeSet<String> {
        let Ok(reader) = Reader::open(self.store()) else { return BTreeSet::new() };
        let mut done = BTreeSet::new();
        for execution in reader.list(&ListFilter::default()).unwrap() {
            let mut paths: BTreeMap<OperationId, String> = BTreeMap::new();
            for summary in reader.operations(&execution.arn).unwrap() {
                let operation = summary.operation;
                let parent = operation.parent_id.and_then(|parent| paths.get(&parent).cloned());
                let parent = parent.unwrap_or_else(|| execution.function.clone());
                let path = format!("{parent} / {}", operation.name.unwrap_or_default());
                if operation.operation_type == OperationType::Step && operation.status == OperationStatus::Succeeded {
                    done.insert(path.clone());
                }
                paths.insert(operation.id, path);
            }
        }
        done
    }

    /// The stock and the charges, without the keys that name an execution.
    fn books(&self) -> (Vec<(String, i64)>, Vec<(String, i64)>, Vec<(String, i64, i64)>) {
        let beside = |extension: &str| {
            let path = self.store().with_extension(extension);
            rusqlite::Connection::open(path).unwrap()
        };
        let (inventory, payments) = (beside("inventory.db"), beside("payments.db"));
        let pairs = |sql: &str| {
            let mut statement = inventory.prepare(sql).unwrap();
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
            rows.collect::<Result<Vec<_>, _>>().unwrap()
        };
        let stock = pairs("SELECT sku, available FROM stock ORDER BY sku");
        let held = pairs("SELECT sku, quantity FROM reservations WHERE released = 0 ORDER BY sku, quantity");
        let mut statement = payments.prepare("SELECT reference, cents, refunded FROM charges ORDER BY id").unwrap();
        let charges = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
        (stock, held, charges.collect::<Result<Vec<_>, _>>().unwrap())
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

/// The paths that a process's log says it ran.
fn ran(log: &str) -> Vec<String> {
    let path = |line: &str| Some(line.strip_prefix("ran ")?.split(" attempt ").next()?.to_owned());
    log.lines().filter_map(path).collect()
}

fn last_line(text: &str) -> serde_json::Value {
    let line = text.lines().last().unwrap_or_else(|| panic!("no result on stdout"));
    serde_json::from_str(line).unwrap()
}

fn wait(child: &mut Child) -> std::process::ExitStatus {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        assert!(begun.elapsed() < PATIENCE, "a run hangs");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Numbers that look random, from one seed.
fn next(state: &AtomicU64) -> u64 {
    let mixed = state.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

struct Unkilled {
    result: serde_json::Value,
    books: (Vec<(String, i64)>, Vec<(String, i64)>, Vec<(String, i64, i64)>),
}

fn unkilled() -> Unkilled {
    let site = Site::new("unkilled");
    let mut child = site.spawn(&["start", ORDER, "--name", "order"], 0);
    assert!(wait(&mut child).success(), "{}", site.text("err", 0));
    Unkilled { result: last_line(&site.text("out", 0)), books: site.books() }
}

/// Starts an execution and kills its process again and again, then lets it finish. How often it was killed.
fn execution(number: usize, random: &AtomicU64, expected: &Unkilled) -> usize {
    let site = Site::new(&number.to_string());
    let (mut kills, mut round) = (0, 0);
    let mut done: BTreeSet<String> = BTreeSet::new();
    loop {
        // A start whose process dies before the execution is recorded is given again: the name makes that safe.
        let started = Reader::open(site.store())
            .is_ok_and(|reader| reader.list(&ListFilter::default()).is_ok_and(|executions| !executions.is_empty()));
        let arguments: &[&str] = if started { &["resume"] } else { &["start", ORDER, "--name", "order"] };
        let mut child = site.spawn(arguments, round);
        // Every kind of moment comes up: right at the start, and anywhere up to the end.
        let spread = if next(random).is_multiple_of(4) { 60 } else { LONGEST_LIFE.as_millis() as u64 };
        std::thread::sleep(Duration::from_millis(next(random) % spread));
        let ended = child.try_wait().unwrap();
        if ended.is_none() {
            child.kill().unwrap();
        }
        child.wait().unwrap();
        for path in ran(&site.text("err", round)) {
            assert!(!done.contains(&path), "execution {number}: `{path}` ran again after its success was recorded");
        }
        done.extend(site.recorded());
        if let Some(status) = ended {
            assert!(status.success(), "execution {number}: {}", site.text("err", round));
            break;
        }
        kills += 1;
        round += 1;
    }
    let reader = Reader::open(site.store()).unwrap();
    let executions = reader.list(&ListFilter::default()).unwrap();
    assert_eq!(executions.len(), 1, "one name, one execution");
    let result: serde_json::Value = serde_json::from_str(executions[0].result.as_deref().unwrap()).unwrap();
    assert_eq!(result, expected.result, "execution {number}");
    assert_eq!(site.books(), expected.books, "execution {number}: stock and payments end as in an unkilled run");
    kills
}

#[test]
fn an_execution_killed_at_random_moments_finishes_with_the_same_result_and_repeats_no_recorded_step() {
    let wanted: usize = std::env::var("KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(100);
    let clock = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64;
    let seed = std::env::var("SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(clock);
    let expected = unkilled();
    let (random, kills, numbers) = (AtomicU64::new(seed), AtomicUsize::new(0), AtomicUsize::new(0));
    let failures: Mutex<Vec<String>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while kills.load(Ordering::Relaxed) < wanted && failures.lock().unwrap().is_empty() {
                    let number = numbers.fetch_add(1, Ordering::Relaxed);
                    let run = std::panic::AssertUnwindSafe(|| execution(number, &random, &expected));
                    match std::panic::catch_unwind(run) {
                        Ok(killed) => _ = kills.fetch_add(killed, Ordering::Relaxed),
                        Err(panic) => {
                            let text = panic.downcast_ref::<String>().cloned().unwrap_or_default();
                            failures.lock().unwrap().push(text);
                        }
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "seed {seed}: {failures:#?}");
    println!("{} kills in {} executions, seed {seed}", kills.into_inner(), numbers.into_inner());
}
