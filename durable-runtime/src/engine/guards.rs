//! What is noticed about tasks when they are gone, however they went: by their end, by an abort, or with their
//! runtime.

use std::sync::{Arc, Weak};

use super::error::EngineError;
use super::shared::Shared;

/// Lives as long as a task. One that is aborted while it is being polled on another thread is not gone before that
/// poll returns.
pub(crate) struct Counted(Arc<Shared>);

impl Counted {
    pub(crate) fn by(shared: &Arc<Shared>) -> Self {
        shared.tasks.send_modify(|count| *count += 1);
        Self(Arc::clone(shared))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.tasks.send_modify(|count| *count -= 1);
    }
}

/// The task of a live execution; when it is dropped before its end, the engine says so instead of waiting for it.
pub(crate) fn watched<F: Future<Output = ()>>(shared: &Arc<Shared>, running: F) -> impl Future<Output = ()> + use<F> {
    // Made here, so that it exists even if the task is never polled.
    let (counted, unfinished) = (Counted::by(shared), Unfinished { shared: Arc::downgrade(shared) });
    async move {
        let _counted = counted;
        running.await;
        unfinished.done();
    }
}

struct Unfinished {
    /// Nothing once the task has ended.
    shared: Weak<Shared>,
}

impl Unfinished {
    fn done(mut self) {
        self.shared = Weak::new();
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(shared) = self.shared.upgrade() {
            let reason = "the task of an execution is gone: its runtime was shut down, or the task panicked";
            shared.note_down(EngineError::Stopped { reason: reason.to_owned() });
        }
    }
}
