//! Where durable code runs: numbers its operations, finds their records, and knows what they depend on.
//!
//! Knows nothing of what any operation does.

use std::future::{Pending, pending};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use super::divergence::{self, Mismatch};
use super::fatal::Fatal;
use super::gate::Gate;
use super::ids::operation_id;
use super::outbox::Sequence;
use super::shared::Shared;
use super::waits::{Acknowledged, Moved, Push};
use crate::error::{FailureKind, StepFailure};
use crate::serdes::Codec;
use crate::wire::{Action, Operation, OperationId, OperationType, OperationUpdate, SubType};

mod barriers;
mod sealing;

/// How deep contexts may nest before the stack could end first.
const DEEPEST: u32 = 64;

/// Where an operation runs. `#[durable]` passes it along; user code has no use for one.
#[derive(Clone)]
pub struct Context(Arc<Scope>);

struct Scope {
    shared: Arc<Shared>,
    /// The context around this one, for paths in reports.
    outer: Option<Context>,
    name: String,
    /// What the ids of operations in here begin with; nothing at the root.
    prefix: Option<OperationId>,
    /// The nearest recorded context, which the service is told as the parent.
    parent: Option<OperationId>,
    depth: u32,
    /// Shared with the block of a saga, which is the same context.
    position: Arc<AtomicU32>,
    /// The latest update that the next effect in here depends on.
    causal: AtomicU64,
    replaying: AtomicBool,
    /// Whether this context was recorded as finished and only runs to make its result again.
    finished: bool,
    /// Whether this is the block of a saga, where compensations are registered.
    saga: bool,
    write_through: AtomicBool,
    codec: OnceLock<Arc<dyn Codec>>,
    gate: Option<Arc<Gate>>,
    escalated: OnceLock<StepFailure>,
}

/// What an operation is: what divergence checks compare and what its START says.
#[derive(Clone)]
pub(crate) struct Spec<'a> {
    pub(crate) operation_type: OperationType,
    pub(crate) sub_type: SubType,
    pub(crate) name: &'a str,
}

/// An operation's place, and what was recorded there.
pub(crate) struct Claim {
    pub(crate) id: OperationId,
    pub(crate) recorded: Option<Box<Operation>>,
}

impl Scope {
    fn inherited_write_through(&self) -> AtomicBool {
        AtomicBool::new(self.write_through.load(Ordering::Relaxed))
    }
}

impl Context {
    /// The context of the handler itself.
    pub(crate) fn root(shared: Arc<Shared>, replaying: bool) -> Self {
        let name = shared.execution.function_name.clone();
        Self(Arc::new(Scope {
            shared,
            outer: None,
            name,
            prefix: None,
            parent: None,
            depth: 0,
            position: Arc::default(),
            causal: AtomicU64::new(0),
            replaying: AtomicBool::new(replaying),
            finished: false,
            saga: false,
            write_through: AtomicBool::new(false),
            codec: OnceLock::new(),
            gate: None,
            escalated: OnceLock::new(),
        }))
    }

    /// The context inside the recorded CONTEXT operation `id`.
    pub(crate) fn inside(&self, id: OperationId, name: &str, recorded: bool, finished: bool) -> Self {
        Self(Arc::new(Scope {
            shared: self.0.shared.clone(),
            outer: Some(self.clone()),
            name: name.to_owned(),
            prefix: Some(id),
            parent: Some(id),
            depth: self.0.depth + 1,
            position: Arc::default(),
            causal: AtomicU64::new(self.causal()),
            replaying: AtomicBool::new(recorded && self.0.replaying.load(Ordering::Relaxed)),
            finished,
            saga: false,
            write_through: self.0.inherited_write_through(),
            codec: OnceLock::new(),
            gate: self.0.gate.clone(),
            escalated: OnceLock::new(),
        }))
    }

    /// This context for the block of a saga: the same operations, numbered on, but failures of its own.
    pub(crate) fn saga_block(&self) -> Self {
        let mut block = self.fork();
        if let Some(scope) = Arc::get_mut(&mut block.0) {
            scope.position = self.0.position.clone();
            scope.saga = true;
        }
        block
    }

    /// Whether this is a saga's own block.
    pub(crate) fn is_saga(&self) -> bool {
        self.0.saga
    }

    /// A context for a branch without a record: its ids are apart, its operations' parent is this context's.
    pub(crate) fn apart(&self, id: OperationId, name: &str) -> Self {
        let mut inside = self.inside(id, name, true, self.0.finished);
        if let Some(scope) = Arc::get_mut(&mut inside.0) {
            scope.parent = self.0.parent;
        }
        inside
    }

    /// The same context with a causal past of its own: one branch's, which siblings do not share.
    pub(crate) fn fork(&self) -> Self {
        let scope = &*self.0;
        Self(Arc::new(Scope {
            shared: scope.shared.clone(),
            outer: scope.outer.clone(),
            name: scope.name.clone(),
            prefix: scope.prefix,
            parent: scope.parent,
            depth: scope.depth,
            position: Arc::default(),
            causal: AtomicU64::new(self.causal()),
            replaying: AtomicBool::new(scope.replaying.load(Ordering::Relaxed)),
            finished: scope.finished,
            saga: false,
            write_through: scope.inherited_write_through(),
            codec: scope.codec.clone(),
            gate: scope.gate.clone(),
            escalated: OnceLock::new(),
        }))
    }

    /// The same context, still unused, with its operations behind a gate.
    pub(crate) fn behind(mut self, gate: Option<Arc<Gate>>) -> Self {
        if let (Some(scope), Some(gate)) = (Arc::get_mut(&mut self.0), gate) {
            scope.gate = Some(gate);
        }
        self
    }

    /// From now on, if said so, every operation in here waits for its acknowledgement, and everything recorded in here
    /// goes through a codec.
    pub(crate) fn set(&self, write_through: bool, codec: Option<Arc<dyn Codec>>) {
        self.0.write_through.fetch_or(write_through, Ordering::Relaxed);
        if let Some(codec) = codec {
            let _ = self.0.codec.set(codec);
        }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.0.shared
    }

    /// Claims the next position of this context for `spec`. Never returns when the record there is another one.
    pub(crate) async fn claim(&self, spec: &Spec<'_>) -> Claim {
        self.claim_at(self.next_id(), spec).await
    }

    /// Claims the next position for an operation that may be recorded as one of two kinds: as the first, unless the
    /// second is on record there. Whether it is the second comes along.
    pub(crate) async fn claim_either(&self, first: &Spec<'_>, second: &Spec<'_>) -> (Claim, bool) {
        let id = self.next_id();
        let recorded = self.0.shared.lock().journal.get(&id).map(|recorded| recorded.operation_type);
        let is_second = recorded == Some(second.operation_type);
        (self.claim_at(id, if is_second { second } else { first }).await, is_second)
    }

    /// Uses the next position up for an operation that is refused and leaves no record.
    pub(crate) fn skip(&self) {
        self.next_id();
    }

    fn next_id(&self) -> OperationId {
        let position = self.0.position.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        operation_id(self.0.prefix.as_ref(), position)
    }

    /// Claims the given id, as branches of a batch do.
    pub(crate) async fn claim_at(&self, id: OperationId, spec: &Spec<'_>) -> Claim {
        let recorded = self.0.shared.lock().claim(&id);
        match &recorded {
            Some(operation) => {
                if !self.matches(operation, spec) {
                    return self.diverged(&id, Some(spec), &Mismatch::Other { recorded: operation }).await;
                }
                self.0.shared.observer.as_ref().inspect(|observer| observer.reached(self, operation));
                if !operation.status.is_terminal() {
                    self.goes_live();
                }
            }
            None if self.0.finished => return self.diverged(&id, Some(spec), &Mismatch::BeyondTheEnd).await,
            None => {
                self.goes_live();
                self.unless_closing().await;
            }
        }
        let recorded = match recorded {
            Some(record) => Some(self.unsealed(record).await),
            None => None,
        };
        Claim { id, recorded }
    }

    fn matches(&self, operation: &Operation, spec: &Spec<'_>) -> bool {
        operation.operation_type == spec.operation_type
            && operation.sub_type.as_ref() == Some(&spec.sub_type)
            && operation.name.as_deref() == Some(spec.name)
            && operation.parent_id == self.0.parent
    }

    fn goes_live(&self) {
        self.0.replaying.store(false, Ordering::Relaxed);
    }

    /// Ends the invocation with a divergence report. What it returns never resolves: user code cannot see it.
    pub(crate) fn diverged<T>(&self, id: &OperationId, ran: Option<&Spec<'_>>, mismatch: &Mismatch<'_>) -> Pending<T> {
        let report = divergence::report(self, id, ran, mismatch);
        self.0.shared.end_with(Fatal::Diverged(report));
        pending()
    }

    /// Ends the invocation because a recorded value does not read as today's type. Never resolves.
    pub(crate) fn unreadable<T>(&self, id: &OperationId, spec: &Spec<'_>, why: &str) -> Pending<T> {
        self.diverged(id, Some(spec), &Mismatch::Unreadable { why })
    }

    /// Whether something was recorded before this invocation. Asked at the root, before anything ran.
    pub(crate) fn has_history(&self) -> bool {
        self.0.replaying.load(Ordering::Relaxed)
    }

    /// Ends the invocation because the execution's input does not read as today's type. Never resolves.
    pub(crate) fn unreadable_input<T>(&self, why: &str) -> Pending<T> {
        self.0.shared.end_with(Fatal::Diverged(divergence::unreadable_input(self, why)));
        pending()
    }

    /// Checks that nothing recorded in this context was left unreached at its end. Never returns when something was.
    pub(crate) async fn check_end(&self) {
        let apart = self.0.prefix != self.0.parent;
        let left = {
            let state = self.0.shared.lock();
            // Operations of a branch without a record have the batch as their parent, with those of its siblings.
            let left =
                if apart { state.journal.get(&self.peek_id()) } else { state.journal.left_in(self.0.parent.as_ref()) };
            left.cloned()
        };
        if let Some(recorded) = left {
            self.diverged(&recorded.id, None, &Mismatch::NeverReached { recorded: &recorded }).await
        }
    }

    fn peek_id(&self) -> OperationId {
        operation_id(self.0.prefix.as_ref(), self.0.position.load(Ordering::Relaxed).saturating_add(1))
    }

    /// Checks that nothing is recorded under `id`, which code never reached.
    pub(crate) async fn check_not_recorded(&self, id: OperationId) {
        let left = self.0.shared.lock().journal.get(&id).cloned();
        if let Some(recorded) = left {
            self.diverged(&id, None, &Mismatch::NeverReached { recorded: &recorded }).await
        }
    }

    /// Whether `id` is on record and was not reached yet.
    pub(crate) fn is_recorded(&self, id: &OperationId) -> bool {
        self.0.shared.lock().journal.get(id).is_some()
    }

    /// An update to the operation `id`, with everything that it says about itself.
    pub(crate) fn update(&self, id: OperationId, spec: &Spec<'_>, action: Action) -> OperationUpdate {
        OperationUpdate {
            parent_id: self.0.parent,
            name: Some(spec.name.to_owned()),
            sub_type: Some(spec.sub_type.clone()),
            ..OperationUpdate::new(id, spec.operation_type, action)
        }
    }

    /// Queues a START. Nothing depends on it by itself.
    pub(crate) fn start(&self, update: OperationUpdate) -> Push<'_> {
        Push::new(&self.0.shared, update, false, false)
    }

    /// Queues a START of something that the service will finish.
    pub(crate) fn start_watched(&self, update: OperationUpdate) -> Push<'_> {
        Push::new(&self.0.shared, update, false, true)
    }

    /// Queues the end of an attempt after which the service will move the operation on.
    pub(crate) fn end_attempt(&self, update: OperationUpdate) -> impl Future<Output = ()> + Send {
        let push = Push::new(&self.0.shared, update, true, true);
        async move { self.depend_on(push.await) }
    }

    /// Queues an outcome, which the next effect in this context depends on.
    pub(crate) fn complete(&self, update: OperationUpdate) -> impl Future<Output = ()> + Send {
        let push = Push::new(&self.0.shared, update, true, false);
        async move {
            let sequence = push.await;
            self.depend_on(sequence);
            if self.0.write_through.load(Ordering::Relaxed) {
                self.acknowledged(sequence).await;
            }
        }
    }

    /// From now on keeps the service's news of an operation that was recorded before.
    pub(crate) fn watch(&self, recorded: Box<Operation>) {
        self.0.shared.lock().parked.watch(recorded.id, Some(recorded));
    }

    /// Waits for the service to move a watched operation on.
    pub(crate) fn moved(&self, id: OperationId, start: Option<Sequence>) -> Moved<'_> {
        Moved::new(&self.0.shared, id, start)
    }

    /// What the service last said of a watched operation.
    pub(crate) fn latest<R>(&self, id: &OperationId, look: impl FnOnce(&Operation) -> Option<R>) -> Option<R> {
        self.0.shared.lock().parked.latest(id).and_then(look)
    }

    pub(crate) fn acknowledged(&self, sequence: Sequence) -> Acknowledged<'_> {
        Acknowledged::new(&self.0.shared, sequence)
    }

    pub(crate) fn causal(&self) -> Sequence {
        self.0.causal.load(Ordering::Acquire)
    }

    /// What comes next in this context depends on `sequence`.
    pub(crate) fn depend_on(&self, sequence: Sequence) {
        self.0.causal.fetch_max(sequence, Ordering::AcqRel);
    }

    pub(crate) fn gate(&self) -> Option<&Arc<Gate>> {
        self.0.gate.as_ref()
    }

    /// Ends this context with a failure that the error type in its code cannot express. Never resolves.
    pub(crate) fn escalate<T>(&self, failure: StepFailure) -> Pending<T> {
        let _ = self.0.escalated.set(failure);
        pending()
    }

    /// The failure that ends this context, if there is one.
    pub(crate) fn escalated(&self) -> Option<&StepFailure> {
        self.0.escalated.get()
    }

    /// Refuses a context nested so deeply that the stack could end.
    pub(crate) fn check_depth(&self) -> Result<(), StepFailure> {
        if self.0.depth < DEEPEST {
            return Ok(());
        }
        let text = format!("contexts nest deeper than {DEEPEST}: use a loop, or start another execution for the rest");
        Err(StepFailure::new(FailureKind::TooDeep, text))
    }

    /// Whether what runs now was recorded before: the next operation of this context is on record.
    pub(crate) fn is_replaying(&self) -> bool {
        if !self.0.replaying.load(Ordering::Relaxed) {
            return self.0.finished;
        }
        self.0.finished || self.is_recorded(&self.peek_id())
    }

    pub(crate) fn recorded_parent(&self) -> Option<&OperationId> {
        self.0.parent.as_ref()
    }

    /// What the ids of operations in here begin with; `None` at the root.
    pub(crate) fn id(&self) -> Option<&OperationId> {
        self.0.prefix.as_ref()
    }

    pub(crate) fn name(&self) -> &str {
        &self.0.name
    }

    pub(crate) fn execution_arn(&self) -> &str {
        &self.0.shared.execution.arn
    }

    /// The names from the handler down to the operation `name` in this context.
    pub(crate) fn path_to(&self, name: &str) -> String {
        let mut names = vec![name];
        names.extend(
            std::iter::successors(Some(self), |context| context.0.outer.as_ref()).map(|context| &*context.0.name),
        );
        names.reverse();
        names.join(" / ")
    }
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Context").field(&self.path_to("")).finish()
    }
}
