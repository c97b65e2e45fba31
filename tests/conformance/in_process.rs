//! Requirements in this process: the embedded engine in memory and in virtual time.

use std::sync::Arc;

use durable_runtime::engine::{Engine, EngineError, StartOptions};
use durable_runtime::testing::VirtualClock;
use durable_runtime::wire::{ErrorObject, HistoryEvent};
use durable_runtime::{App, BoxError};
use serde_json::Value;

use super::logs;
use super::place::{Place, Standing};
use super::requirement::ActionKind;

/// An engine of its own for one requirement.
pub struct InProcess {
    engine: Engine,
}

impl InProcess {
    /// An engine with the functions of `app`.
    ///
    /// # Errors
    /// When there is no memory for a store.
    pub async fn new(app: &App) -> Result<Self, EngineError> {
        let engine = Engine::options().clock(Arc::new(VirtualClock::new())).open_in_memory().await?;
        for (name, function) in app.functions() {
            engine.register(name, function);
        }
        Ok(Self { engine })
    }
}

impl Place for InProcess {
    async fn start(&self, function: &str, input: &str) -> Result<String, BoxError> {
        Ok(self.engine.start(function, input, StartOptions::default()).await?.arn.to_string())
    }

    async fn standing(&self, arn: &str) -> Result<Standing, BoxError> {
        let summary = self.engine.describe(&self.engine.find(arn).await?).await?;
        Ok(Standing {
            status: summary.status.to_string(),
            result: summary.result,
            error: summary.error.map(|error| error.to_string()),
            blocked: summary.blocked,
        })
    }

    async fn history(&self, arn: &str) -> Result<Vec<Value>, BoxError> {
        let events = self.engine.history(&self.engine.find(arn).await?).await?;
        Ok(events.iter().map(HistoryEvent::to_json).collect())
    }

    async fn act(&self, callback_id: &str, action: &ActionKind) -> Result<(), BoxError> {
        match action {
            ActionKind::Succeed(payload) => {
                let bytes = payload.clone().unwrap_or_default().into_bytes();
                self.engine.complete_callback(callback_id, Ok(bytes)).await?;
            }
            ActionKind::Fail(error) => {
                let error: ErrorObject = serde_json::from_str(error)?;
                self.engine.complete_callback(callback_id, Err(error)).await?;
            }
            ActionKind::Heartbeat => self.engine.heartbeat(callback_id).await?,
        }
        Ok(())
    }

    async fn stop(&self, arn: &str) -> Result<(), BoxError> {
        self.engine.stop(&self.engine.find(arn).await?, None).await?;
        Ok(())
    }

    async fn lines(&self) -> Result<Vec<String>, BoxError> {
        Ok(logs::written())
    }
}
