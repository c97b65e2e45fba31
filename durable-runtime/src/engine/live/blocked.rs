//! Who waits in vain: executions that are BLOCKED, cannot be run here, or wait for nothing but such ones.

use std::collections::HashMap;

use super::super::service::{Message, Phase};
use super::super::summary::ChangeKind;
use super::{Dispatch, Live};
use crate::wire::OperationId;

/// What an execution knows of the targets that it waits for, and what its own caller was told of it.
#[derive(Debug, Default)]
pub(super) struct BlockedTargets {
    /// The reports, by the operation that invoked each target.
    reports: HashMap<OperationId, String>,
    told: bool,
}

impl BlockedTargets {
    /// A target ended: it is waited for no more.
    pub(super) fn forget(&mut self, operation: &OperationId) {
        self.reports.remove(operation);
    }
}

impl Live {
    /// Says that nothing happens to this execution for the time being.
    pub(super) fn report_blocked(&mut self, report: String) {
        self.publish(ChangeKind::Blocked(report.clone()));
        let _ = self.phase.send_replace(Phase::Blocked(report.as_str().into()));
        self.tell_caller(Some(report));
    }

    /// Tells who waits for this execution that it waits in vain, or that it goes on after all.
    pub(super) fn tell_caller(&mut self, report: Option<String>) {
        let was_told = std::mem::replace(&mut self.blocked.told, report.is_some());
        if let Some(caller) = self.execution.parent.as_ref().filter(|_| was_told || report.is_some()) {
            self.shared.tell(&caller.arn, Message::TargetBlocked { operation: caller.operation, report });
        }
    }

    /// Takes the news of a target.
    pub(super) fn take_target(&mut self, operation: OperationId, report: Option<String>) {
        match report {
            Some(report) => {
                self.blocked.reports.insert(operation, report);
                self.report_if_stuck();
            }
            None => {
                self.blocked.reports.remove(&operation);
                if self.dispatch == Dispatch::Resting {
                    let _ = self.phase.send_replace(Phase::Running);
                    self.tell_caller(None);
                }
            }
        }
    }

    /// An execution that waits for nothing but blocked ones is as good as blocked itself.
    pub(super) fn report_if_stuck(&mut self) {
        if self.blocked.reports.is_empty() || self.dispatch != Dispatch::Resting || self.execution.records.has_news() {
            return;
        }
        let reports = self.execution.pending().map(|record| self.blocked.reports.get(&record.operation.id));
        let reports: Option<Vec<_>> = reports.collect();
        if let Some(report) = reports.and_then(|reports| reports.first().map(|report| String::from(*report))) {
            self.report_blocked(report);
        }
    }
}
