//! One function process from its start to its end: its listener, its log, its limits, and who hears of its end. Knows
//! nothing of what is said on its connections.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;

use super::call::Reply;
use super::capture::Capture;
use super::connection::{Connection, Reset};
use super::environment;
use super::pool::{Closing, Pool, exit_error, overrun};
use super::process::{Process, words};
use super::roster::Failing;
use super::runtime_api::Api;

/// How long a dead process's connections and log may take to be read to their ends.
const LEFTOVERS: Duration = Duration::from_secs(2);
/// How long to wait after a failed `accept`, which is for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A process with what belongs to it.
struct Live {
    process: Process,
    listener: TcpListener,
    connections: JoinSet<()>,
    capture: Capture,
    log_end: oneshot::Receiver<()>,
}

/// Why a process ended, as far as the host made it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    ByItself,
    Overrun,
}

/// Starts the process `number` of the pool and stays with it to its end.
pub(super) async fn run(
    pool: Weak<Pool>,
    number: u64,
    limit: watch::Receiver<Option<Instant>>,
    closing: watch::Receiver<Closing>,
) {
    let started = match pool.upgrade() {
        Some(pool) => start(&pool, number).await,
        None => return,
    };
    match started {
        Ok(mut live) => {
            let (ended, status) = stay(&mut live, &pool, number, limit, closing).await;
            if let Some(pool) = pool.upgrade() {
                pool.roster().leave(number);
            }
            live.drain().await;
            let Some(pool) = pool.upgrade() else { return };
            let failing = pool.roster().gone(number);
            match failing {
                Failing::Running(running) => {
                    let reply = match ended {
                        Ended::Overrun => overrun(&running),
                        Ended::ByItself => exit_error(&running.job.call.request_id, &words(&status)),
                    };
                    let _ = running.job.reply.send(reply);
                }
                Failing::Waiting(job) => {
                    let id = &job.call.request_id;
                    let reply = match ended {
                        Ended::Overrun => init_overrun(id, pool.options.init_timeout),
                        Ended::ByItself => exit_error(id, &words(&status)),
                    };
                    let _ = job.reply.send(reply);
                }
                Failing::Nobody => {}
            }
            pool.departed();
        }
        Err(error) => {
            let Some(pool) = pool.upgrade() else { return };
            let failing = pool.roster().gone(number);
            if let Failing::Waiting(job) = failing {
                let (id, command) = (&job.call.request_id, &pool.command);
                let message = format!("RequestId: {id} Error: cannot start `{command}`: {error}");
                let _ = job.reply.send(Reply::failed("Runtime.InvalidEntrypoint", message));
            }
            pool.departed();
        }
    }
}

fn init_overrun(request_id: &str, timeout: Duration) -> Reply {
    let seconds = timeout.as_secs_f64();
    let message = format!(
        "RequestId: {request_id} Error: Task timed out after {seconds:.2} seconds: the process has not asked for its \
         first event"
    );
    Reply::failed("Sandbox.Timedout", message)
}

async fn start(pool: &Arc<Pool>, number: u64) -> io::Result<Live> {
    let listener = listen().await?;
    let address = listener.local_addr()?.to_string();
    let (reader, writer) = io::pipe()?;
    let variables = environment::variables(&pool.name, &address, number, &pool.options, |name| std::env::var_os(name));
    let process = Process::start(&pool.command, variables, writer.try_clone()?)?;
    let (capture, log_end) = Capture::begin(pool.name.clone(), pool.options.logs.clone(), reader, writer)?;
    Ok(Live { process, listener, connections: JoinSet::new(), capture, log_end })
}

/// A listener of the process's own, on a random address of the loopback network where that has many: a process that
/// outlives its host must not find the host's successor by a port that is given out again.
async fn listen() -> io::Result<TcpListener> {
    let mut random = [0; 3];
    if cfg!(target_os = "linux") && getrandom::fill(&mut random).is_ok() {
        let [a, b, c] = random.map(|byte| byte.clamp(1, 254));
        if let Ok(listener) = TcpListener::bind(SocketAddr::from((Ipv4Addr::new(127, a, b, c), 0))).await {
            return Ok(listener);
        }
    }
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await
}

/// Serves the process until it ends.
async fn stay(
    live: &mut Live,
    pool: &Weak<Pool>,
    number: u64,
    mut limit: watch::Receiver<Option<Instant>>,
    mut closing: watch::Receiver<Closing>,
) -> (Ended, io::Result<std::process::ExitStatus>) {
    let api = Api::new(pool.clone(), number, live.capture.clone());
    let mut ended = Ended::ByItself;
    let mut grace: Option<Instant> = None;
    let mut orderly = true;
    loop {
        let due = *limit.borrow_and_update();
        tokio::select! {
            status = live.process.ended() => return (ended, status),
            accepted = live.listener.accept() => match accepted {
                Ok((stream, _)) => drop(live.connections.spawn(serve(stream, api.clone()))),
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
            Some(_) = live.connections.join_next() => {}
            changed = limit.changed(), if ended == Ended::ByItself => if changed.is_err() {
                live.process.kill();
                ended = Ended::Overrun;
            },
            () = until(due), if ended == Ended::ByItself => {
                let over = pool.upgrade().is_none_or(|pool| pool.roster().expire(number, Instant::now()));
                if over {
                    live.process.kill();
                    ended = Ended::Overrun;
                }
            }
            changed = closing.changed(), if orderly => {
                let how = if changed.is_err() { Closing::AtOnce } else { *closing.borrow_and_update() };
                match how {
                    Closing::Open => {}
                    Closing::Politely => {
                        live.process.terminate();
                        let patience = pool.upgrade().map(|pool| pool.options.grace).unwrap_or_default();
                        grace = Some(Instant::now() + patience);
                    }
                    Closing::AtOnce => {
                        live.process.kill();
                        orderly = false;
                    }
                }
            }
            () = until(grace) => {
                live.process.kill();
                grace = None;
            }
        }
    }
}

async fn until(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant.into()).await,
        None => std::future::pending().await,
    }
}

/// Serves one connection. The process's end is noticed by itself; a closed connection must not cut off an answer that
/// is being read.
async fn serve(stream: TcpStream, api: Api) {
    let _ = stream.set_nodelay(true);
    let (reset, line) = (Reset::default(), Arc::new(api.line()));
    let own = Arc::clone(&line);
    let service = service_fn(move |request| {
        let line = Arc::clone(&own);
        async move { Ok::<_, Infallible>(line.answer(request).await) }
    });
    let io = TokioIo::new(Connection::new(stream, reset.clone()));
    // A process goes away when it likes.
    let _ = http1::Builder::new().half_close(true).serve_connection(io, service).await;
    line.ended(reset.happened());
}

impl Live {
    /// Reads to their ends what a dead process has left on its connections and in its log.
    async fn drain(&mut self) {
        self.process.sweep();
        self.capture.let_go();
        let rest = async {
            while self.connections.join_next().await.is_some() {}
            let _ = (&mut self.log_end).await;
        };
        let _ = tokio::time::timeout(LEFTOVERS, rest).await;
    }
}
