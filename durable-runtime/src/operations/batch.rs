//! Runs the branches of a batch: concurrently in one task, begun in the order of their index, closed by one record.
//!
//! Knows its branches only by their recorded ends, so that it is one state machine for tuples and lists.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context as TaskContext, Poll};

use futures_util::stream::{FuturesUnordered, Stream};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::branch::{Runs, Setting, Standing, close, open, refused_setting, run_content};
use super::outcome::Recorded;
use crate::clock::BoxFuture;
use crate::core::{Claim, Context, Gate, Name, Spec, operation_id, sanctioned};
use crate::error::StepFailure;
use crate::operation::Operation;
use crate::wire::{ErrorObject, OperationId, OperationType, SubType};

/// What kind of batch: which words its records carry.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Parallel,
    Map,
}

impl Kind {
    const fn sub_types(self) -> (SubType, SubType) {
        match self {
            Self::Parallel => (SubType::PARALLEL, SubType::PARALLEL_BRANCH),
            Self::Map => (SubType::MAP, SubType::MAP_ITERATION),
        }
    }

    const fn record_type(self) -> &'static str {
        match self {
            Self::Parallel => "ParallelResult",
            Self::Map => "MapResult",
        }
    }
}

/// One branch before it runs.
pub(crate) struct BranchPlan<'a> {
    name: Name,
    /// Runs the branch: claims its id, runs its content, queues its end.
    run: Box<dyn FnOnce(BranchPlace) -> BoxFuture<'a, BranchEnd> + Send + 'a>,
}

/// A branch's index, what came to depend on it, and its recorded end.
type BranchEnd = (usize, Context, Recorded);

/// Where a branch runs.
pub(crate) struct BranchPlace {
    index: usize,
    cx: Context,
    id: OperationId,
    sub_type: SubType,
    name: Name,
    gate: Arc<Gate>,
    begun: Arc<AtomicUsize>,
}

impl<'a> BranchPlan<'a> {
    /// A branch whose content is `operation`.
    pub(crate) fn new<O>(name: Name, operation: O) -> Self
    where
        O: Operation<Output: crate::operation::Recordable> + 'a,
    {
        let name = operation.content_name().cloned().unwrap_or(name);
        let run = |place: BranchPlace| -> BoxFuture<'a, BranchEnd> {
            Box::pin(async move {
                let end = branch_end(&place, operation).await;
                (place.index, place.cx, end)
            })
        };
        Self { name, run: Box::new(run) }
    }
}

async fn branch_end<O>(place: &BranchPlace, operation: O) -> Recorded
where
    O: Operation<Output: crate::operation::Recordable>,
{
    let BranchPlace { index, cx, id, sub_type, name, gate, begun } = place;
    name.validate().map_err(|refused| refused.to_object())?;
    let spec = Spec { operation_type: OperationType::Context, sub_type: sub_type.clone(), name: name.as_str() };
    let Claim { recorded, .. } = cx.claim_at(*id, &spec).await;
    begun.fetch_max(index + 1, Ordering::Relaxed);
    let ended = match Standing::of(recorded) {
        Standing::Over(ended) => ended,
        Standing::Runs(runs) => {
            let setting = Setting { write_through: false, gate: Some(gate.clone()) };
            run_content(cx, *id, &spec, (runs, setting), |inside| operation.run_as_content(inside)).await.0
        }
    };
    ended.map(Option::unwrap_or_default)
}

/// What the whole batch is.
pub(crate) struct Plan<'a> {
    pub(crate) kind: Kind,
    pub(crate) name: &'a Name,
    pub(crate) max_concurrency: Option<usize>,
}

/// Where the batch stands after it closed: every branch that ended, in index order.
pub(crate) struct Closed {
    pub(crate) id: OperationId,
    pub(crate) ends: Vec<Option<Recorded>>,
}

/// The record of a closed batch, in the shape that the official SDKs use.
#[derive(Serialize, Deserialize)]
struct Record {
    all: Vec<Item>,
    #[serde(rename = "completionReason")]
    completion_reason: Reason,
}

#[derive(Serialize, Deserialize)]
struct Item {
    index: usize,
    status: Status,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    result: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<ErrorObject>,
}

#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Status {
    Succeeded,
    Failed,
    Started,
}

#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Reason {
    AllCompleted,
    FailureToleranceExceeded,
}

/// The record of a closed batch whose results are too large to store: which branches to take up again.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Decision {
    #[serde(rename = "type")]
    record_type: String,
    total_count: usize,
    success_count: usize,
    failure_count: usize,
    started_count: usize,
    completion_reason: Reason,
    /// One letter per branch: S, F, or - for one that never ended.
    item_statuses: String,
}

/// Runs or replays a batch. `branches` is called only when its branches have to run, or to give their results again.
pub(crate) async fn run<'a>(
    cx: &Context,
    plan: &Plan<'_>,
    branches: impl FnOnce() -> Vec<BranchPlan<'a>> + Send,
) -> Result<Closed, StepFailure> {
    plan.name.validate()?;
    if plan.max_concurrency == Some(0) {
        return Err(refused_setting("`max_concurrency(0)` would never begin a branch: give 1 or more"));
    }
    let (sub_type, _) = plan.kind.sub_types();
    let spec = Spec { operation_type: OperationType::Context, sub_type, name: plan.name.as_str() };
    let Claim { id, recorded } = cx.claim(&spec).await;
    let runs = match Standing::of(recorded) {
        Standing::Over(Ok(text)) => {
            return Ok(Closed { id, ends: recorded_ends(cx, &id, &spec, text.as_deref()).await });
        }
        Standing::Over(Err(error)) => {
            let why = format!("a batch recorded as failed: {error}");
            return cx.unreadable(&id, &spec, &why).await;
        }
        Standing::Runs(runs) => runs,
    };
    // Boxed after the replay-hit check, so that a handler's future does not hold the room for every batch in it.
    let live: BoxFuture<'_, Closed> = Box::pin(live(cx, plan, id, &spec, runs, branches));
    Ok(live.await)
}

async fn live<'a>(
    cx: &Context,
    plan: &Plan<'_>,
    id: OperationId,
    spec: &Spec<'_>,
    runs: Runs,
    branches: impl FnOnce() -> Vec<BranchPlan<'a>> + Send,
) -> Closed {
    let inside = open(cx, id, spec, &runs).await;
    let mut batch = Batch {
        inside: inside.clone(),
        sub_type: plan.kind.sub_types().1,
        gate: Gate::within(cx.gate()),
        id,
        running: FuturesUnordered::new(),
        begun: Arc::default(),
        ends: Vec::new(),
        failed: false,
    };
    if let Runs::ForItsResult(text) = runs {
        let decision: Decision = match serde_json::from_str(&text.unwrap_or_default()) {
            Ok(decision) => decision,
            Err(why) => return cx.unreadable(&id, spec, &why.to_string()).await,
        };
        let ends = batch.again(branches(), &decision).await;
        return Closed { id, ends };
    }
    let branches = branches();
    let total = branches.len();
    let ends = batch.run_branches(branches, plan.max_concurrency.unwrap_or(usize::MAX)).await;
    inside.check_not_recorded(branch_id(&id, total)).await;
    cx.depend_on(inside.causal());
    let reason = if batch.failed { Reason::FailureToleranceExceeded } else { Reason::AllCompleted };
    // Branches that were cut off are dropped before the batch closes, and with them what they had not sent.
    let started = batch.started();
    drop(batch);
    let record = record_of(&ends, started, reason);
    let closing = close(cx, id, spec, &Ok(record), &|| decision_of(plan.kind, &ends, started, reason));
    closing.await;
    Closed { id, ends }
}

/// Branches are numbered from 1 in the batch's own namespace.
fn branch_id(batch: &OperationId, index: usize) -> OperationId {
    operation_id(Some(batch), u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1))
}

struct Batch<'a> {
    inside: Context,
    sub_type: SubType,
    gate: Arc<Gate>,
    id: OperationId,
    running: FuturesUnordered<BoxFuture<'a, BranchEnd>>,
    /// How many branches, from the first, came so far that they are on record.
    begun: Arc<AtomicUsize>,
    ends: Vec<Option<Recorded>>,
    failed: bool,
}

impl<'a> Batch<'a> {
    fn begin(&mut self, index: usize, plan: BranchPlan<'a>) {
        // Each branch depends on what the batch depended on when it got its slot, and on nothing of its siblings.
        let place = BranchPlace {
            index,
            cx: self.inside.fork(),
            id: branch_id(&self.id, index),
            sub_type: self.sub_type.clone(),
            name: plan.name,
            gate: self.gate.clone(),
            begun: self.begun.clone(),
        };
        self.running.push((plan.run)(place));
    }

    /// Begins branches as slots come free and stops at the first failure: nothing new begins then, and what a step
    /// body has begun is finished and recorded.
    async fn run_branches(&mut self, branches: Vec<BranchPlan<'a>>, slots: usize) -> Vec<Option<Recorded>> {
        let mut waiting = branches.into_iter().enumerate();
        self.ends = std::iter::repeat_with(|| None).take(waiting.len()).collect();
        poll_fn(|cx| {
            loop {
                while !self.failed && self.running.len() < slots {
                    let Some((index, plan)) = waiting.next() else { break };
                    self.begin(index, plan);
                }
                match self.poll_running(cx) {
                    Poll::Ready(Some(ended)) => self.note(ended),
                    Poll::Ready(None) => return Poll::Ready(()),
                    Poll::Pending if self.failed && !self.gate.has_running() => return Poll::Ready(()),
                    Poll::Pending => return Poll::Pending,
                }
            }
        })
        .await;
        std::mem::take(&mut self.ends)
    }

    /// Gives the ends of the branches that a finished batch had, each from its own record.
    async fn again(&mut self, branches: Vec<BranchPlan<'a>>, decision: &Decision) -> Vec<Option<Recorded>> {
        self.ends = std::iter::repeat_with(|| None).take(branches.len()).collect();
        for ((index, plan), status) in branches.into_iter().enumerate().zip(decision.item_statuses.chars()) {
            if status != '-' {
                self.begin(index, plan);
            }
        }
        while let Some(ended) = poll_fn(|cx| self.poll_running(cx)).await {
            self.note(ended);
        }
        std::mem::take(&mut self.ends)
    }

    /// The set of branches wakes itself when it gives way to others: that is the runtime's own wake.
    fn poll_running(&mut self, cx: &mut TaskContext<'_>) -> Poll<Option<BranchEnd>> {
        sanctioned(|| Pin::new(&mut self.running).poll_next(cx))
    }

    fn note(&mut self, (index, cx, ended): BranchEnd) {
        // The batch's end depends on all its branches, and so does a branch that gets a slot from here on.
        self.inside.depend_on(cx.causal());
        if ended.is_err() {
            self.failed = true;
            self.gate.close();
        }
        if let Some(slot) = self.ends.get_mut(index) {
            *slot = Some(ended);
        }
    }

    fn started(&self) -> usize {
        self.begun.load(Ordering::Relaxed)
    }
}

/// The whole result as one text. Branches never begun are left out.
fn record_of(ends: &[Option<Recorded>], started: usize, reason: Reason) -> String {
    let item = |(index, end): (usize, &Option<Recorded>)| match end {
        Some(Ok(text)) => {
            let result = RawValue::from_string(text.clone()).ok();
            Item { index, status: Status::Succeeded, result, error: None }
        }
        Some(Err(error)) => Item { index, status: Status::Failed, result: None, error: Some(error.clone()) },
        None => Item { index, status: Status::Started, result: None, error: None },
    };
    let all = ends.iter().enumerate().take(started).map(item).collect();
    serde_json::to_string(&Record { all, completion_reason: reason }).unwrap_or_default()
}

fn decision_of(kind: Kind, ends: &[Option<Recorded>], started: usize, reason: Reason) -> String {
    let letter = |end: &Option<Recorded>| match end {
        Some(Ok(_)) => 'S',
        Some(Err(_)) => 'F',
        None => '-',
    };
    let item_statuses: String = ends.iter().map(letter).collect();
    let count = |letter| item_statuses.chars().filter(|status| *status == letter).count();
    let (success_count, failure_count) = (count('S'), count('F'));
    let decision = Decision {
        record_type: kind.record_type().to_owned(),
        total_count: started,
        success_count,
        failure_count,
        started_count: started - success_count - failure_count,
        completion_reason: reason,
        item_statuses,
    };
    serde_json::to_string(&decision).unwrap_or_default()
}

/// The ends that a stored record holds.
async fn recorded_ends(cx: &Context, id: &OperationId, spec: &Spec<'_>, text: Option<&str>) -> Vec<Option<Recorded>> {
    let record: Record = match serde_json::from_str(text.unwrap_or("null")) {
        Ok(record) => record,
        Err(why) => return cx.unreadable(id, spec, &why.to_string()).await,
    };
    let end = |item: Item| match item.status {
        Status::Succeeded => Some(Ok(item.result.map_or_else(|| "null".to_owned(), |text| text.get().to_owned()))),
        Status::Failed => Some(Err(item.error.unwrap_or_default())),
        Status::Started => None,
    };
    record.all.into_iter().map(end).collect()
}
