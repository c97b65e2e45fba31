//! Calls the hooks of plugins, each apart from the function and from the others. Knows nothing of what they do.

use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::ambient::observing;
use super::context::{Context, Spec};
use super::divergence::DIVERGED;
use crate::error::StepFailure;
use crate::function::InvocationOutcome;
use crate::plugin::{
    FunctionEnd, FunctionInfo, InvocationEnd, InvocationEndStatus, InvocationInfo, InvocationStart, Known,
    OperationChange, OperationInfo, OperationMap, Plugin,
};
use crate::wire::{
    ErrorObject, InvocationStatus, Operation, OperationId, OperationStatus, OperationType, Operations, Timestamp,
};

/// What one invocation's plugins are told. There is none without plugins, so that nothing is kept or copied for it.
pub(crate) struct Observer {
    plugins: Vec<Arc<dyn Plugin>>,
    invocation: InvocationInfo,
    /// Ids of operations that the service moved on before the invocation began.
    updated: Vec<OperationId>,
    known: Mutex<HashMap<OperationId, Known>>,
}

/// Code of the user's that runs under observation.
pub(crate) struct Observed {
    start: Timestamp,
    run: FunctionRun,
}

/// What kind of run of the user's code it is.
#[derive(Clone, Copy)]
pub(crate) struct FunctionRun {
    pub(crate) attempt: Option<u32>,
    pub(crate) is_replay: bool,
    pub(crate) is_replaying_children: bool,
}

impl Observer {
    /// An observer of an invocation that begins with `operations`; `None` without plugins.
    pub(crate) fn of(
        plugins: Vec<Arc<dyn Plugin>>,
        invocation: impl FnOnce() -> InvocationInfo,
        operations: &Operations,
        updated: Option<Vec<OperationId>>,
    ) -> Option<Self> {
        if plugins.is_empty() {
            return None;
        }
        let moved: HashSet<OperationId> = updated.into_iter().flatten().collect();
        let known = operations.iter().filter(|operation| is_of_the_function(operation)).map(|operation| {
            let is_replay = !moved.contains(&operation.id);
            (operation.id, Known { operation: (**operation).clone(), is_replay })
        });
        let known: HashMap<_, _> = known.collect();
        let updated = moved.into_iter().filter(|id| known.contains_key(id)).collect();
        Some(Self { plugins, invocation: invocation(), updated, known: Mutex::new(known) })
    }

    fn known(&self) -> MutexGuard<'_, HashMap<OperationId, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn map<'a>(&'a self, known: &'a HashMap<OperationId, Known>, only: Option<&'a [OperationId]>) -> OperationMap<'a> {
        OperationMap { invocation: &self.invocation, known, only }
    }

    /// Calls a hook of every plugin.
    fn each(&self, cx: &Context, hook: &'static str, call: impl Fn(&dyn Plugin)) {
        observing(cx, || {
            for plugin in &self.plugins {
                if let Err(panic) = catch_unwind(AssertUnwindSafe(|| call(&**plugin))) {
                    let report = StepFailure::panicked(&*panic);
                    tracing::error!(hook, %report, "a plugin panicked; the function goes on");
                }
            }
        });
    }

    /// The invocation begins: with it comes the end of what the service finished before.
    pub(crate) fn invocation_started(&self, cx: &Context) {
        let known = self.known();
        let (updated, operations) = (self.map(&known, Some(&self.updated)), self.map(&known, None));
        let start = InvocationStart { invocation: &self.invocation, updated, operations };
        self.each(cx, "invocation_start", |plugin| plugin.invocation_start(&start));
        for operation in updated.iter().filter(|operation| operation.status.is_terminal()) {
            self.each(cx, "operation_end", |plugin| plugin.operation_end(&operation));
        }
    }

    /// The invocation is over.
    pub(crate) fn invocation_ended(&self, cx: &Context, outcome: &InvocationOutcome) {
        let blocked;
        let (status, result, error) = match outcome {
            InvocationOutcome::Answered(response) => {
                let status = match response.status {
                    InvocationStatus::Succeeded => InvocationEndStatus::Succeeded,
                    InvocationStatus::Failed => InvocationEndStatus::Failed,
                    InvocationStatus::Pending => InvocationEndStatus::Pending,
                };
                (status, response.result.as_deref(), response.error.as_ref())
            }
            InvocationOutcome::Failed(error) => (InvocationEndStatus::Retrying, None, Some(error)),
            InvocationOutcome::Blocked(report) => {
                blocked = ErrorObject::new(DIVERGED, report.as_str());
                (InvocationEndStatus::Retrying, None, Some(&blocked))
            }
        };
        let known = self.known();
        let operations = self.map(&known, None);
        let end = InvocationEnd { invocation: &self.invocation, status, result, error, operations };
        self.each(cx, "invocation_end", |plugin| plugin.invocation_end(&end));
    }

    /// The service reports `news`: what is new in them begins, ends, changes.
    pub(crate) fn merged(&self, cx: &Context, news: &Operations) {
        let mut known = self.known();
        let mut updated = Vec::new();
        let mut began = Vec::new();
        let mut ended = Vec::new();
        for operation in news.iter().filter(|operation| is_of_the_function(operation)) {
            let (id, is_terminal) = (operation.id, operation.status.is_terminal());
            let before = known.get(&id);
            if before.is_some_and(|before| before.operation == **operation) {
                continue;
            }
            if before.is_none() {
                began.push(id);
            }
            if is_terminal && before.is_none_or(|before| !before.operation.status.is_terminal()) {
                ended.push(id);
            }
            known.insert(id, Known { operation: (**operation).clone(), is_replay: false });
            if !updated.contains(&id) {
                updated.push(id);
            }
        }
        if updated.is_empty() {
            return;
        }
        for operation in self.map(&known, Some(&began)).iter() {
            let operation = operation.at_its_start();
            self.each(cx, "operation_start", |plugin| plugin.operation_start(&operation));
        }
        for operation in self.map(&known, Some(&ended)).iter() {
            self.each(cx, "operation_end", |plugin| plugin.operation_end(&operation));
        }
        let (updated, operations) = (self.map(&known, Some(&updated)), self.map(&known, None));
        let change = OperationChange { invocation: &self.invocation, updated, operations };
        self.each(cx, "operation_change", |plugin| plugin.operation_change(&change));
    }

    /// Code has come to an operation on record.
    pub(crate) fn reached(&self, cx: &Context, recorded: &Operation) {
        let operation = OperationInfo::new(&self.invocation, recorded, true);
        if operation.status.is_terminal() {
            self.each(cx, "operation_replay", |plugin| plugin.operation_replay(&operation));
        } else if operation.status != OperationStatus::Ready {
            self.each(cx, "operation_start", |plugin| plugin.operation_start(&operation));
        }
    }

    fn function<'a>(
        &'a self,
        cx: &'a Context,
        id: &'a OperationId,
        spec: &'a Spec<'_>,
        of: &Observed,
    ) -> FunctionInfo<'a> {
        FunctionInfo {
            invocation: &self.invocation,
            id: id.as_str(),
            name: spec.name,
            operation_type: spec.operation_type,
            sub_type: spec.sub_type.as_str(),
            parent_id: cx.recorded_parent().map(OperationId::as_str),
            attempt: of.run.attempt,
            start: of.start,
            is_replay: of.run.is_replay,
            is_replaying_children: of.run.is_replaying_children,
        }
    }
}

/// The execution itself is not one of its operations.
fn is_of_the_function(operation: &Operation) -> bool {
    operation.operation_type != OperationType::Execution
}

impl Context {
    /// Tells plugins, if there are any, that code of the operation `id` in this context begins.
    pub(crate) fn function_starts(&self, id: &OperationId, spec: &Spec<'_>, run: FunctionRun) -> Option<Observed> {
        let observer = self.shared().observer.as_ref()?;
        let observed = Observed { start: self.shared().clock.now(), run };
        let function = observer.function(self, id, spec, &observed);
        if run.attempt.is_some() {
            observer.each(self, "attempt_start", |plugin| plugin.attempt_start(&function));
        }
        observer.each(self, "function_start", |plugin| plugin.function_start(&function));
        Some(observed)
    }

    /// Tells plugins that it has ended.
    pub(crate) fn function_ended(
        &self,
        id: &OperationId,
        spec: &Spec<'_>,
        observed: Option<Observed>,
        error: Option<&ErrorObject>,
    ) {
        let (Some(observer), Some(observed)) = (&self.shared().observer, observed) else { return };
        let function = observer.function(self, id, spec, &observed);
        let end = FunctionEnd { function, end: self.shared().clock.now(), error };
        observer.each(self, "function_end", |plugin| plugin.function_end(&end));
        if observed.run.attempt.is_some() {
            observer.each(self, "attempt_end", |plugin| plugin.attempt_end(&end));
        }
    }
}
