//! What code waits for before it goes on: acknowledgements, and batches around that hold effects back or close.

use std::future::pending;

use super::Context;

impl Context {
    /// Returns unless a batch around is closing; then this branch begins nothing new and never returns.
    pub(crate) async fn unless_closing(&self) {
        if self.0.gate.as_ref().is_some_and(|gate| gate.is_closing()) {
            pending().await
        }
    }

    /// Waits until everything that the next effect depends on is recorded; in a batch that closes for ever.
    pub(crate) async fn effect_may_begin(&self) {
        self.dependencies_recorded().await;
        self.unless_closing().await;
    }

    /// Waits until everything that the next effect depends on is recorded.
    pub(crate) async fn dependencies_recorded(&self) {
        if let Some(gate) = &self.0.gate {
            gate.lets_go().await;
        }
        self.acknowledged(self.causal()).await;
    }

    /// Waits until everything queued so far, by whomever, is recorded.
    pub(crate) async fn all_acknowledged(&self) {
        let last = self.0.shared.lock().outbox.last();
        self.acknowledged(last).await;
    }
}
