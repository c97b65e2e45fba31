//! Runs the `checkout` program in a directory of its own, and looks at what it left there.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use examples::shop::inventory::{Inventory, opening_stock};
use examples::shop::ledger::{Charge, Ledger};

/// A directory with a store and the shop's files, gone with the test.
pub(crate) struct Place(PathBuf);

/// What a finished process said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) output: String,
    pub(crate) messages: String,
}

impl Said {
    pub(crate) fn result(&self) -> &str {
        self.output.lines().last().unwrap_or_default()
    }

    /// The paths of the step bodies that ran, with how often each did.
    pub(crate) fn ran(&self) -> BTreeMap<String, usize> {
        let mut ran = BTreeMap::new();
        for line in self.messages.lines() {
            let path = line.strip_prefix("ran ").and_then(|rest| rest.rsplit_once(" attempt "));
            if let Some((path, _)) = path {
                *ran.entry(path.to_owned()).or_default() += 1;
            }
        }
        ran
    }
}

/// A process that still runs.
pub(crate) struct Running(Child);

impl Running {
    /// Kills it as soon as `bodies` step bodies have begun: SIGKILL on Unix, its like elsewhere.
    pub(crate) fn kill_when_ran(mut self, bodies: usize) -> Said {
        let mut heard = String::new();
        let mut messages = BufReader::new(self.0.stderr.take().unwrap());
        let mut begun = 0;
        while begun < bodies {
            let from = heard.len();
            if messages.read_line(&mut heard).unwrap() == 0 {
                break;
            }
            begun += usize::from(heard[from..].starts_with("ran "));
        }
        let _ = self.0.kill();
        messages.read_to_string(&mut heard).unwrap();
        let said = self.wait();
        Said { messages: heard, ..said }
    }

    /// Kills it as soon as `when` says so, which it is asked again and again. `None` when it ended first.
    pub(crate) fn kill_when(mut self, when: impl Fn() -> bool) -> Option<Said> {
        while !when() {
            if self.0.try_wait().unwrap().is_some() {
                return None;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.0.kill();
        Some(self.wait())
    }

    /// Kills it after `life`, unless it has ended by then. Whether it was killed comes along.
    pub(crate) fn kill_after(mut self, life: Duration) -> (Said, bool) {
        std::thread::sleep(life);
        let running = self.0.try_wait().unwrap().is_none();
        if running {
            self.0.kill().unwrap();
        }
        (self.wait(), running)
    }

    /// Closes the reading end of its messages, and waits for its end.
    pub(crate) fn unheard(mut self) -> Said {
        drop(self.0.stderr.take());
        self.wait()
    }

    /// Ctrl-C.
    #[cfg(unix)]
    pub(crate) fn interrupt(self) -> Said {
        let sent = Command::new("kill").args(["-INT", &self.0.id().to_string()]).status().unwrap();
        assert!(sent.success());
        self.wait()
    }

    /// The process itself.
    pub(crate) fn into_child(self) -> Child {
        self.0
    }

    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    pub(crate) fn wait(self) -> Said {
        let done = self.0.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Said { code: done.status.code(), output: text(done.stdout), messages: text(done.stderr) }
    }
}

impl Place {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::SeqCst);
        let path = std::env::temp_dir().join(format!("checkout-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.0.join("shop.db")
    }

    /// `checkout <line> --store …`, started.
    pub(crate) fn start(&self, line: &[&str]) -> Running {
        self.start_as_given(&[line, &["--store", "shop.db"]].concat())
    }

    /// `checkout <line>`, started.
    pub(crate) fn start_as_given(&self, line: &[&str]) -> Running {
        self.start_with(line, &[])
    }

    /// `checkout <line>`, started in an environment with `variables`.
    pub(crate) fn start_with(&self, line: &[&str], variables: &[(&str, &str)]) -> Running {
        let mut command = Command::new(env!("CARGO_BIN_EXE_checkout"));
        command.args(line).current_dir(&self.0).env("SHOP_REVIEWER", "approve");
        for name in ["SHOP_INVENTORY", "SHOP_PAYMENTS", "SHOP_GATEWAY"] {
            command.env_remove(name);
        }
        command.envs(variables.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Running(command.spawn().unwrap())
    }

    /// `checkout <line> --store …`, to its end.
    pub(crate) fn run(&self, line: &[&str]) -> Said {
        self.start(line).wait()
    }

    /// What was taken from the stock, by article.
    pub(crate) fn taken(&self) -> BTreeMap<String, u32> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let levels = |path: PathBuf| runtime.block_on(async { Inventory::open(path).await?.levels().await }).unwrap();
        let (opening, now) = (opening_stock(), levels(self.0.join("shop.inventory.jsonl")));
        let taken =
            opening.into_iter().zip(now).map(|(before, after)| (before.sku, before.available - after.available));
        taken.filter(|(_, taken)| *taken > 0).collect()
    }

    /// The payment gateway's books.
    pub(crate) fn charges(&self) -> Vec<Charge> {
        Ledger::open(&self.0.join("shop.payments.jsonl")).unwrap().charges().unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// `@<file>` for a bundled order.
pub(crate) fn order(name: &str) -> String {
    format!("@{}/orders/{name}.json", env!("CARGO_MANIFEST_DIR"))
}
