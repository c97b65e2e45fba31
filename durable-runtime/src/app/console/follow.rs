//! Follows executions to their end: shows what happens, and gives way to an interrupt. Starts nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use super::Place;
use super::painter::Painter;
use super::progress::Progress;
use super::terminal::Terminal;
use crate::clock::Clock;
use crate::engine::{Arn, Change, Engine, EngineError, ExecutionSummary};

/// A redrawing waits this long for the changes to pause: what functions write meanwhile finds a quiet screen.
const QUIET: Duration = Duration::from_millis(80);
/// How often countdowns are redrawn.
const SECOND: Duration = Duration::from_secs(1);

/// How following ended.
#[derive(Debug)]
pub(super) enum Followed {
    /// Every execution settled; in the order they were given.
    Settled(Vec<(Arn, Result<ExecutionSummary, EngineError>)>),
    /// The person at the terminal wanted to go.
    Interrupted,
}

/// Follows `arns` of `engine` until each has ended or is BLOCKED. `changes` was subscribed before they were started.
pub(super) async fn follow(
    engine: &Engine,
    (clock, place): (&Arc<dyn Clock>, &Place),
    mut changes: Receiver<Change>,
    arns: &[Arn],
    terminal: &mut Terminal,
) -> Followed {
    let mut view = View {
        engine,
        clock,
        place,
        executions: BTreeMap::new(),
        several: arns.len() > 1,
        painter: Painter::default(),
    };
    view.load(arns).await;
    let mut settled = BTreeMap::new();
    let mut waits: FuturesUnordered<_> = arns.iter().map(|arn| async move { (arn, engine.wait(arn).await) }).collect();
    let mut interrupt = terminal.interrupt();
    let (live, mut news, mut pause) = (terminal.is_live(), true, QUIET);
    loop {
        tokio::select! {
            biased;
            () = &mut interrupt => {
                view.painter.erase(terminal);
                return Followed::Interrupted;
            }
            change = changes.recv(), if news => {
                view.painter.erase(terminal);
                match change {
                    Ok(change) => view.take(&change, terminal),
                    Err(RecvError::Lagged(_)) => view.load(arns).await,
                    // The engine has stopped: the waits say why.
                    Err(RecvError::Closed) => news = false,
                }
                pause = QUIET;
            }
            () = tokio::time::sleep(pause), if live => {
                view.paint(terminal);
                pause = SECOND;
            }
            next = waits.next() => match next {
                Some((arn, outcome)) => {
                    view.painter.erase(terminal);
                    view.drain(&mut changes, terminal);
                    view.executions.remove(arn);
                    settled.insert(arn, outcome);
                }
                None => {
                    view.painter.erase(terminal);
                    let take = |arn: &Arn| settled.remove(arn).map(|outcome| (arn.clone(), outcome));
                    return Followed::Settled(arns.iter().filter_map(take).collect());
                }
            },
        }
    }
}

struct View<'a> {
    engine: &'a Engine,
    clock: &'a Arc<dyn Clock>,
    place: &'a Place,
    executions: BTreeMap<Arn, Progress>,
    several: bool,
    painter: Painter,
}

impl View<'_> {
    /// Reads where the executions are from the store.
    async fn load(&mut self, arns: &[Arn]) {
        for arn in arns {
            let Ok(summary) = self.engine.describe(arn).await else { continue };
            let Ok(operations) = self.engine.operations(arn).await else { continue };
            let mut progress = Progress::new(summary.name, summary.started, self.place.clone());
            progress.reload(&operations);
            self.executions.insert(arn.clone(), progress);
        }
    }

    fn take(&mut self, change: &Change, terminal: &mut Terminal) {
        let Some(progress) = self.executions.get_mut(&change.arn) else { return };
        let line = progress.apply(change, self.clock.now());
        match line {
            Some(_) if terminal.is_live() => {}
            Some(line) if self.several => terminal.say(&format!("  {}: {line}", progress.name())),
            Some(line) => terminal.say(&format!("  {line}")),
            None => {}
        }
    }

    /// Takes what was published before an execution settled.
    fn drain(&mut self, changes: &mut Receiver<Change>, terminal: &mut Terminal) {
        loop {
            match changes.try_recv() {
                Ok(change) => self.take(&change, terminal),
                Err(TryRecvError::Lagged(_)) => {}
                Err(TryRecvError::Empty | TryRecvError::Closed) => return,
            }
        }
    }

    fn paint(&mut self, terminal: &mut Terminal) {
        let now = self.clock.now();
        let lines: Vec<String> = self.executions.values().flat_map(|progress| progress.lines(now)).collect();
        self.painter.draw(&lines, terminal);
    }
}
