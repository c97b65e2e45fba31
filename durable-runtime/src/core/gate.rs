//! Whether a batch still begins new work, and how many step bodies run inside it.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};

use super::wakers::sanctioned;

/// Stands around the branches of a batch. Once closing, nothing new begins inside; what runs is counted.
#[derive(Default)]
pub(crate) struct Gate {
    outer: Option<Arc<Gate>>,
    closing: AtomicBool,
    held: Mutex<Held>,
    running: AtomicUsize,
}

/// Effects that wait until it is known whether they are needed at all.
#[derive(Default)]
struct Held {
    holds: bool,
    waiting: Vec<Waker>,
}

impl Gate {
    pub(crate) fn within(outer: Option<&Arc<Self>>) -> Arc<Self> {
        Arc::new(Self { outer: outer.cloned(), ..Self::default() })
    }

    /// No new work from now on.
    pub(crate) fn close(&self) {
        self.closing.store(true, Ordering::Release);
    }

    /// Whether this batch or one around it is closing.
    pub(crate) fn is_closing(&self) -> bool {
        self.and_outer().any(|gate| gate.closing.load(Ordering::Acquire))
    }

    /// Holds effects back, or lets those go that wait.
    pub(crate) fn hold(&self, holds: bool) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.holds = holds;
        if !holds {
            sanctioned(|| held.waiting.drain(..).for_each(Waker::wake));
        }
    }

    /// Resolves once no batch around holds effects back.
    pub(crate) async fn lets_go(&self) {
        for gate in self.and_outer() {
            poll_fn(|cx| {
                let mut held = gate.held.lock().unwrap_or_else(PoisonError::into_inner);
                if held.holds {
                    held.waiting.push(cx.waker().clone());
                    return Poll::Pending;
                }
                Poll::Ready(())
            })
            .await;
        }
    }

    /// Whether a step body runs inside.
    pub(crate) fn has_running(&self) -> bool {
        self.running.load(Ordering::Acquire) > 0
    }

    pub(crate) fn body_begins(&self) {
        self.and_outer().for_each(|gate| _ = gate.running.fetch_add(1, Ordering::AcqRel));
    }

    pub(crate) fn body_ends(&self) {
        self.and_outer().for_each(|gate| _ = gate.running.fetch_sub(1, Ordering::AcqRel));
    }

    fn and_outer(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |gate| gate.outer.as_deref())
    }
}
