//! The one writer. Requests of many executions share a transaction: what gathers while one group is on its way to the
//! disk is the next group. Nobody hears of anything before its commit.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::super::error::EngineError;
use super::fence::Fence;
use super::lock::{Lock, real_path};
use super::schema;

/// The most requests in one transaction: bounds how long the first of them waits.
const GROUP: usize = 256;

/// Why a job did not do its work.
#[derive(Debug)]
pub(crate) enum JobError {
    /// It was refused; the group goes on without it.
    Refused(EngineError),
    /// SQLite failed: the whole group is undone and the engine stops.
    Failed(rusqlite::Error),
}

/// Whether it is the content of a row that is at fault: SQLite itself works.
pub(crate) const fn is_unreadable(error: &rusqlite::Error) -> bool {
    use rusqlite::Error::{FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, Utf8Error};
    matches!(error, FromSqlConversionFailure(..) | IntegralValueOutOfRange(..) | InvalidColumnType(..) | Utf8Error(..))
}

/// The refusal of a job that met something unreadable.
pub(crate) fn unreadable(error: &rusqlite::Error) -> EngineError {
    EngineError::Unreadable { reason: error.to_string() }
}

impl From<rusqlite::Error> for JobError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(error)
    }
}

/// Told how the group ended: `Ok` after its commit.
type Publish = Box<dyn FnOnce(Result<(), EngineError>) + Send>;
/// Given why there is no connection any more, it says so to its caller.
type Run = Box<dyn FnOnce(Result<&Connection, EngineError>) -> Ran + Send>;

/// A job that has run, in a transaction that has not ended.
struct Ran {
    publish: Publish,
    outcome: Outcome,
}

enum Outcome {
    Done,
    /// What it wrote is to be undone; the group goes on.
    Refused,
    Failed(rusqlite::Error),
}

struct Job {
    writes: bool,
    run: Run,
}

struct Owned {
    connection: Connection,
    /// Set by the first failure; nothing is tried again after it.
    failed: Option<EngineError>,
    /// None in memory: nobody else has that store.
    fence: Option<Fence>,
    // Declared last: the lock is given up when the connection is closed.
    _lock: Option<Lock>,
}

enum Access {
    /// A thread of its own, so that many requests share a commit and no task waits for the disk.
    Thread { jobs: Mutex<Option<Sender<Job>>>, thread: Mutex<Option<JoinHandle<()>>> },
    /// In the caller's task. In virtual time a runtime that waits for a thread looks idle, and time would jump.
    Inline(Mutex<Option<Owned>>),
}

/// The store that this process owns.
#[derive(Clone)]
pub(crate) struct Store {
    access: Arc<Access>,
}

impl Store {
    /// Opens the store and takes its lock, waiting for it as long as `patience`. No path is a store in memory.
    pub(crate) fn open(path: Option<PathBuf>, patience: Duration, inline: bool) -> Result<Self, EngineError> {
        let path = path.as_deref().map(real_path).transpose()?;
        let lock = path.as_deref().map(|path| Lock::take(path, patience)).transpose()?;
        let connection = schema::open_owned(path.as_deref())?;
        let fence = path.map(|path| Fence::raise(&connection, path)).transpose()?;
        let mut owned = Owned { connection, failed: None, fence, _lock: lock };
        if inline {
            return Ok(Self { access: Arc::new(Access::Inline(Mutex::new(Some(owned)))) });
        }
        let (sender, jobs) = channel();
        let spawned = std::thread::Builder::new().name("durable-store".into()).spawn(move || serve(&mut owned, &jobs));
        let thread = spawned.map_err(|error| EngineError::StoreFailed { reason: error.to_string() })?;
        let (jobs, thread) = (Mutex::new(Some(sender)), Mutex::new(Some(thread)));
        Ok(Self { access: Arc::new(Access::Thread { jobs, thread }) })
    }

    /// Runs a job that writes; resolves once it is committed. The job has its place in the order from the call on,
    /// awaited or not.
    pub(crate) fn write<T, J>(&self, job: J) -> impl Future<Output = Result<T, EngineError>> + Send + use<T, J>
    where
        T: Send + 'static,
        J: FnOnce(&Connection) -> Result<T, JobError> + Send + 'static,
    {
        answered(self.enqueue(true, job))
    }

    /// Runs a job that reads. It sees everything that was asked for before it.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, JobError> + Send + 'static,
    ) -> Result<T, EngineError> {
        answered(self.enqueue(false, job)).await
    }

    fn enqueue<T: Send + 'static>(
        &self,
        writes: bool,
        job: impl FnOnce(&Connection) -> Result<T, JobError> + Send + 'static,
    ) -> Result<oneshot::Receiver<Result<T, EngineError>>, EngineError> {
        let (reply, answer) = oneshot::channel();
        let run: Run = Box::new(move |connection| {
            // What cannot be read harms who asked for it and nobody else.
            let harmless = |error: &rusqlite::Error| !writes || is_unreadable(error);
            let (outcome, value) = match connection.map_err(JobError::Refused).and_then(job) {
                Ok(value) => (Outcome::Done, Ok(value)),
                Err(JobError::Refused(refusal)) => (Outcome::Refused, Err(refusal)),
                Err(JobError::Failed(error)) if harmless(&error) => (Outcome::Refused, Err(unreadable(&error))),
                Err(JobError::Failed(error)) => (Outcome::Failed(error), Err(EngineError::Closed)),
            };
            Ran { publish: publish(reply, value), outcome }
        });
        let job = Job { writes, run };
        match &*self.access {
            Access::Inline(owned) => match owned.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
                Some(owned) => owned.group(vec![job]),
                None => return Err(EngineError::Closed),
            },
            Access::Thread { jobs, .. } => {
                let jobs = jobs.lock().unwrap_or_else(PoisonError::into_inner);
                let sender = jobs.as_ref().ok_or(EngineError::Closed)?;
                sender.send(job).map_err(|_| EngineError::Closed)?;
            }
        }
        Ok(answer)
    }

    /// Finishes what was asked for, closes the file and gives the lock up. Waits for at most one group of commits.
    pub(crate) fn close(&self) {
        match &*self.access {
            Access::Inline(owned) => drop(owned.lock().unwrap_or_else(PoisonError::into_inner).take()),
            Access::Thread { jobs, thread } => {
                drop(jobs.lock().unwrap_or_else(PoisonError::into_inner).take());
                let thread = thread.lock().unwrap_or_else(PoisonError::into_inner).take();
                // A panic of the writer has been answered to everybody as a closed store.
                thread.map(JoinHandle::join);
            }
        }
    }
}

/// The answer to a job; without one the store is closed.
async fn answered<T>(
    enqueued: Result<oneshot::Receiver<Result<T, EngineError>>, EngineError>,
) -> Result<T, EngineError> {
    enqueued?.await.unwrap_or(Err(EngineError::Closed))
}

/// Sends `value` to its caller, or what became of the group in its stead.
fn publish<T: Send + 'static>(
    reply: oneshot::Sender<Result<T, EngineError>>,
    value: Result<T, EngineError>,
) -> Publish {
    Box::new(move |group| {
        // A caller that has gone away wants no answer.
        let _ = reply.send(group.and(value));
    })
}

/// The end of everything that was asked of the store.
pub(crate) fn failed(error: &rusqlite::Error) -> EngineError {
    EngineError::StoreFailed { reason: error.to_string() }
}

fn serve(owned: &mut Owned, jobs: &Receiver<Job>) {
    while let Ok(first) = jobs.recv() {
        let group = std::iter::once(first).chain(jobs.try_iter().take(GROUP - 1)).collect();
        owned.group(group);
    }
}

impl Owned {
    fn group(&mut self, jobs: Vec<Job>) {
        let mut waiting = Vec::with_capacity(jobs.len());
        let mut jobs = jobs.into_iter();
        if self.failed.is_none() {
            // What a failed write or sync left on the disk is unknown: trying again could acknowledge a loss.
            self.failed = self.transaction(&mut jobs, &mut waiting).err();
        }
        let outcome = self.failed.clone().map_or(Ok(()), Err);
        for publish in waiting {
            publish(outcome.clone());
        }
        if let Err(failure) = outcome {
            jobs.for_each(|job| ((job.run)(Err(failure.clone())).publish)(Ok(())));
        }
    }

    /// Runs the jobs in one transaction; leaves those behind a failure in `jobs`.
    fn transaction(&self, jobs: &mut std::vec::IntoIter<Job>, waiting: &mut Vec<Publish>) -> Result<(), EngineError> {
        let statement = |sql: &str| {
            let run = self.connection.prepare_cached(sql).and_then(|mut statement| statement.execute([]));
            run.map(|_| ()).map_err(|error| failed(&error))
        };
        let writes = jobs.as_slice().iter().any(|job| job.writes);
        if writes {
            statement("BEGIN IMMEDIATE")?;
        }
        let ours = self.fence.as_ref().filter(|_| writes).map_or(Ok(()), |fence| fence.check(&self.connection));
        let run = |job: Job| {
            if job.writes {
                statement("SAVEPOINT request")?;
            }
            let ran = (job.run)(Ok(&self.connection));
            waiting.push(ran.publish);
            match ran.outcome {
                Outcome::Failed(error) => return Err(failed(&error)),
                Outcome::Refused if writes && self.connection.is_autocommit() => {
                    let reason = "what could not be read undid the whole group".to_owned();
                    return Err(EngineError::StoreFailed { reason });
                }
                Outcome::Refused if job.writes => statement("ROLLBACK TO request")?,
                Outcome::Refused | Outcome::Done => {}
            }
            if job.writes { statement("RELEASE request") } else { Ok(()) }
        };
        let outcome = ours.and_then(|()| jobs.try_for_each(run));
        let outcome = outcome.and_then(|()| if writes { statement("COMMIT") } else { Ok(()) });
        if outcome.is_err() && writes {
            // The failure stands whether or not there is still something to undo.
            let _ = statement("ROLLBACK");
        }
        outcome
    }
}
