//! How an execution becomes live: what the store holds of it, and what a process that died could not write. Knows
//! nothing of invocations to come.

use std::sync::Arc;

use super::super::arn::Arn;
use super::super::error::EngineError;
use super::super::machine::{Execution, Settlement};
use super::super::service::Phase;
use super::super::shared::Shared;
use super::super::store;
use super::{Live, not_found, settlement};
use crate::wire::ErrorObject;

/// What was found of an execution.
pub(super) struct Loaded {
    pub(super) execution: Execution,
    /// Why it is without its operations.
    pub(super) damage: Option<EngineError>,
}

/// Loads an execution; `None` when somebody asked for one that had just ended.
pub(super) async fn load(shared: &Arc<Shared>, arn: &Arn) -> Result<Option<Loaded>, EngineError> {
    let asked = arn.clone();
    let found = match shared.store.read(move |connection| store::load(connection, &asked)).await {
        Err(damage @ EngineError::Unreadable { .. }) => {
            tracing::error!(%arn, %damage, "an execution cannot be read and rests");
            let asked = arn.clone();
            let bare = shared.store.read(move |connection| store::load_bare(connection, &asked)).await;
            bare.map(|bare| bare.map(|execution| Loaded { execution, damage: Some(damage) }))
        }
        found => found.map(|found| found.map(|execution| Loaded { execution, damage: None })),
    };
    match found {
        Err(EngineError::NoSuchExecution { .. }) => Ok(None),
        found => found,
    }
}

impl Live {
    /// Writes what a process that died could not: the end of its invocation, its own timeout, and targets that ended
    /// meanwhile. `damage` is why its operations could not be read.
    pub(super) async fn catch_up(&mut self, damage: Option<EngineError>) -> Result<(), EngineError> {
        let crashed = ErrorObject::new("Runtime.ExitError", "The process ended while the function ran.");
        if self.execution.invocation.is_some() {
            self.commit(|execution, now| execution.complete_invocation(Some(&crashed), now)).await?;
        }
        self.commit(|execution, now| execution.expire(now)).await?;
        for (operation, child) in self.execution.open_invokes() {
            let settlement = match child {
                None => Some(Settlement::Failed(not_found(self.execution.target(&operation)))),
                Some(child) => match self.shared.describe(&child).await {
                    Ok(child) => settlement(child.status, child.result, child.error),
                    Err(damage @ EngineError::Unreadable { .. }) => {
                        self.take_target(operation, Some(damage.to_string()));
                        None
                    }
                    Err(error) => return Err(error),
                },
            };
            if let Some(settlement) = settlement {
                self.commit(|execution, now| execution.settle_outside(&operation, &settlement, now)).await?;
            }
        }
        if self.execution.status.is_terminal() {
            return Ok(());
        }
        let _ = self.phase.send_replace(damage.clone().map_or(Phase::Inactive, Phase::Unreadable));
        if let Some(damage) = damage {
            self.tell_caller(Some(damage.to_string()));
        }
        Ok(())
    }
}
