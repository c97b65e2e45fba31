//! The processes of one function: does what the roster decides. Knows neither what an event means nor how a process
//! speaks.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::{oneshot, watch};

use super::call::{Call, Reply};
use super::options::HostOptions;
use super::roster::{Chosen, Job, Orders, Roster, Running};
use super::supervisor;
use crate::clock::{Clock, SystemClock};
use crate::wire::Timestamp;

/// How long an invocation waits for a process that has just answered before another one is started.
const PATIENCE: Duration = Duration::from_millis(250);

/// How processes are to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Closing {
    /// Not at all.
    Open,
    /// By SIGTERM, and after the grace by SIGKILL.
    Politely,
    /// By SIGKILL.
    AtOnce,
}

/// The processes of one function, and the invocations that wait for them.
pub(super) struct Pool {
    pub(super) name: String,
    pub(super) command: String,
    pub(super) options: HostOptions,
    roster: Mutex<Roster>,
    closing: watch::Sender<Closing>,
    /// Changes whenever a process is gone.
    departures: watch::Sender<u64>,
}

impl Pool {
    pub(super) fn new(name: String, command: String, options: HostOptions) -> Arc<Self> {
        let (roster, closing) = (Mutex::new(Roster::new()), watch::Sender::new(Closing::Open));
        Arc::new(Self { name, command, options, roster, closing, departures: watch::Sender::new(0) })
    }

    /// Invokes the function once. Dropping the future leaves a process that has the event to it, and its answer is
    /// discarded; an event that no process has is withdrawn.
    pub(super) async fn invoke(self: &Arc<Self>, call: Call) -> Reply {
        let (reply, mut answered) = oneshot::channel();
        let request_id = call.request_id.clone();
        self.roster().submit(Job::new(call, reply));
        self.assign(false);
        let early = tokio::time::timeout(PATIENCE, &mut answered).await;
        let reply = match early {
            Ok(reply) => reply,
            Err(_) => {
                self.assign(true);
                answered.await
            }
        };
        reply.unwrap_or_else(|_| {
            let message = format!("RequestId: {request_id} Error: the host of `{}` was closed", self.name);
            Reply::failed("Runtime.HostClosed", message)
        })
    }

    /// Brings events and processes together, and starts what is missing.
    pub(super) fn assign(self: &Arc<Self>, impatient: bool) {
        let limit = Instant::now() + self.options.init_timeout;
        let Orders { offers, starts } = self.roster().assign(self.options.max_processes, limit, impatient);
        for (asker, chosen) in offers {
            if let Err(chosen) = asker.send(chosen) {
                self.undelivered(chosen);
            }
        }
        for (process, limit) in starts {
            match Handle::try_current() {
                Ok(runtime) => {
                    let running = supervisor::run(Arc::downgrade(self), process, limit, self.closing.subscribe());
                    drop(runtime.spawn(running));
                }
                // The runtime is being shut down: nobody waits any more.
                Err(_) => drop(self.roster().gone(process)),
            }
        }
    }

    /// Who waits and who works. Never held over an `await`.
    pub(super) fn roster(&self) -> MutexGuard<'_, Roster> {
        self.roster.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the chosen event for a process, with when it must be answered.
    pub(super) fn deliver(self: &Arc<Self>, chosen: Chosen) -> Option<(Call, Timestamp)> {
        let now = SystemClock.now();
        let left = chosen.job.call.deadline.map(|deadline| deadline.since(now));
        let timeout = left.map_or(self.options.function_timeout, |left| left.min(self.options.function_timeout));
        let delivered = self.roster().deliver(chosen, timeout, Instant::now() + timeout);
        match delivered {
            Ok(call) => Some((call, now.plus(timeout))),
            Err(chosen) => {
                self.undelivered(*chosen);
                None
            }
        }
    }

    /// A chosen event did not reach its process: another one gets it.
    pub(super) fn undelivered(self: &Arc<Self>, chosen: Chosen) {
        let limit = Instant::now() + self.options.init_timeout;
        let given_up = self.roster().undelivered(chosen, limit);
        self.give_up(given_up);
    }

    /// The event that a process was given last was never read by it: another one gets it.
    pub(super) fn unread(self: &Arc<Self>, process: u64, request_id: &str) {
        let limit = Instant::now() + self.options.init_timeout;
        let given_up = self.roster().unread(process, request_id, limit);
        self.give_up(given_up);
    }

    fn give_up(self: &Arc<Self>, given_up: Option<Job>) {
        if let Some(job) = given_up {
            let message = "Runtime exited before it took the event, again and again".to_owned();
            let reply = exit_error(&job.call.request_id, &message);
            let _ = job.reply.send(reply);
        }
        self.assign(false);
    }

    /// A question was cut off before there was an event for it.
    pub(super) fn cut_off(&self, process: u64, question: u64) {
        self.roster().cut_off(process, question, Instant::now() + self.options.init_timeout);
    }

    /// A process is gone; more may be needed for what waits.
    pub(super) fn departed(self: &Arc<Self>) {
        self.departures.send_modify(|count| *count += 1);
        self.assign(false);
    }

    /// Ends all processes. Resolves when they are gone.
    pub(super) async fn close(&self, how: Closing) {
        let mut departures = self.departures.subscribe();
        self.end(how);
        while !self.roster().is_empty() {
            if departures.changed().await.is_err() {
                return;
            }
        }
    }

    /// Ends all processes.
    pub(super) fn end(&self, how: Closing) {
        let waiting = self.roster().close();
        // Without their senders, who waits hears that the host is closed.
        drop(waiting);
        let _ = self.closing.send_replace(how);
    }
}

/// The error of an invocation whose process ended.
pub(super) fn exit_error(request_id: &str, words: &str) -> Reply {
    Reply::failed("Runtime.ExitError", format!("RequestId: {request_id} Error: {words}"))
}

/// The error of an invocation that took too long.
pub(super) fn overrun(running: &Running) -> Reply {
    let (request_id, timeout) = (&running.job.call.request_id, running.timeout);
    let seconds = timeout.as_secs_f64();
    Reply::failed(
        "Sandbox.Timedout",
        format!("RequestId: {request_id} Error: Task timed out after {seconds:.2} seconds"),
    )
}
