//! Runs the branches of a batch: concurrently in one task, begun in the order of their index, closed by one record.
//!
//! Knows its branches only by their recorded ends, so that it is one state machine for tuples, lists and races.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context as TaskContext, Poll};

use futures_util::stream::{FuturesUnordered, Stream};

use super::batch_record::{decision, read_decision, read_whole, whole};
use super::batch_settings::BatchSettings;
use super::branch::{Runs, Setting, Standing, close, open, run_content};
use super::outcome::{self, Recorded};
use crate::clock::BoxFuture;
use crate::completion::{CompletionReason, Progress, Running};
use crate::core::{Claim, Contained, Context, Gate, Name, Noticing, Spec, operation_id, sanctioned, supervise};
use crate::error::StepFailure;
use crate::operation::{Operation, Recordable};
use crate::serdes::{Coding, Plain};
use crate::wire::{OperationId, OperationType, SubType};

/// What kind of batch: which words its records carry.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Parallel,
    Map,
}

impl Kind {
    pub(crate) const fn sub_type(self) -> SubType {
        match self {
            Self::Parallel => SubType::PARALLEL,
            Self::Map => SubType::MAP,
        }
    }

    const fn branch_sub_type(self) -> SubType {
        match self {
            Self::Parallel => SubType::PARALLEL_BRANCH,
            Self::Map => SubType::MAP_ITERATION,
        }
    }

    const fn record_type(self) -> &'static str {
        match self {
            Self::Parallel => "ParallelResult",
            Self::Map => "MapResult",
        }
    }
}

/// A branch's index, what came to depend on it, and its recorded end.
type BranchEnd = (usize, Context, Recorded);

/// How the values of a batch's branches are recorded. Shared, so that the builder methods may come in any order.
pub(crate) struct ItemCoding<R>(Arc<OnceLock<Box<dyn Coding<R>>>>);

impl<R: Recordable> ItemCoding<R> {
    pub(crate) fn get(&self) -> &dyn Coding<R> {
        self.0.get().map_or(&Plain, |coding| &**coding)
    }
}

impl<R> ItemCoding<R> {
    pub(crate) fn set(&self, coding: impl Coding<R> + 'static) {
        let _ = self.0.set(Box::new(coding));
    }
}

impl<R> Clone for ItemCoding<R> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<R> Default for ItemCoding<R> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

/// One branch before it runs.
pub(crate) struct BranchPlan<'a> {
    name: Name,
    /// Runs the branch: claims its id, runs its content, queues its end.
    run: Box<dyn FnOnce(BranchPlace) -> BoxFuture<'a, BranchEnd> + Send + 'a>,
}

/// Where a branch runs.
struct BranchPlace {
    index: usize,
    cx: Context,
    id: OperationId,
    sub_type: SubType,
    name: Name,
    gate: Arc<Gate>,
    begun: Arc<AtomicUsize>,
    flat: bool,
}

impl<'a> BranchPlan<'a> {
    /// A branch whose content is `operation`. A name that the operation was given names the branch.
    pub(crate) fn new<O>(name: Name, operation: O, coding: ItemCoding<O::Output>) -> Self
    where
        O: Operation<Output: Recordable> + 'a,
    {
        let name = operation.content_name().cloned().unwrap_or(name);
        let run = move |place: BranchPlace| -> BoxFuture<'a, BranchEnd> {
            Box::pin(async move {
                let coding = coding.get();
                let end = if place.flat {
                    flat_end(&place, operation, coding).await
                } else {
                    branch_end(&place, operation, coding).await
                };
                (place.index, place.cx, end)
            })
        };
        Self { name, run: Box::new(run) }
    }
}

/// Runs a branch in a context of its own.
async fn branch_end<O>(place: &BranchPlace, operation: O, coding: &dyn Coding<O::Output>) -> Recorded
where
    O: Operation<Output: Recordable>,
{
    let BranchPlace { index, cx, id, sub_type, name, gate, begun, .. } = place;
    if let Err(refused) = name.validate() {
        // It has an end, so it belongs into the record although it has no operation of its own.
        begun.fetch_max(index + 1, Ordering::Relaxed);
        return Err(refused.to_object());
    }
    let spec = Spec { operation_type: OperationType::Context, sub_type: sub_type.clone(), name: name.as_str() };
    let Claim { recorded, .. } = cx.claim_at(*id, &spec).await;
    begun.fetch_max(index + 1, Ordering::Relaxed);
    let ended = match Standing::of(recorded) {
        Standing::Over(ended) => ended,
        Standing::Runs(runs) => {
            let setting = Setting { gate: Some(gate.clone()), ..Setting::default() };
            let enter = |inside| operation.run_as_content(inside);
            run_content(cx, (*id, &spec), (runs, setting), coding, enter).await.0
        }
    };
    ended.map(Option::unwrap_or_default)
}

/// Runs a branch without a record of its own: only its ids are apart.
async fn flat_end<O>(place: &BranchPlace, operation: O, coding: &dyn Coding<O::Output>) -> Recorded
where
    O: Operation<Output: Recordable>,
{
    let BranchPlace { index, cx, id, name, gate, begun, .. } = place;
    cx.unless_closing().await;
    begun.fetch_max(index + 1, Ordering::Relaxed);
    let inside = cx.apart(*id, name.as_str()).behind(Some(gate.clone()));
    let ended = match inside.check_depth() {
        Ok(()) => supervise(&inside, || operation.run_as_content(inside.clone())).await,
        Err(failure) => Err(failure),
    };
    if ended.is_ok() {
        inside.check_end().await;
    }
    cx.depend_on(inside.causal());
    outcome::record(cx, id, ended, coding).0
}

/// How the branches of a batch ended, in index order, when the batch was over.
pub(crate) struct Ends {
    pub(crate) ends: Vec<Option<Recorded>>,
    pub(crate) begun: usize,
    pub(crate) reason: CompletionReason,
}

/// Where the batch stands after it closed.
pub(crate) struct Closed {
    pub(crate) id: OperationId,
    pub(crate) ends: Ends,
}

/// Runs or replays a batch of `total` branches. `branches` is called only when they have to run, or to give their
/// results again.
pub(crate) async fn run<'a>(
    cx: &Context,
    kind: Kind,
    settings: &BatchSettings,
    total: usize,
    branches: impl FnOnce() -> Vec<BranchPlan<'a>> + Send,
) -> Result<Closed, StepFailure> {
    settings.check(total)?;
    let spec = Spec { operation_type: OperationType::Context, sub_type: kind.sub_type(), name: settings.name.as_str() };
    let Claim { id, recorded } = cx.claim(&spec).await;
    let runs = match Standing::of(recorded) {
        Standing::Over(Ok(text)) => {
            match outcome::caught(|| read_whole(settings, text.as_deref(), total, cx.place(&id))) {
                Ok(ends) => return Ok(Closed { id, ends }),
                Err(why) => return cx.unreadable(&id, &spec, &why).await,
            }
        }
        Standing::Over(Err(error)) => {
            // Only a whole result that could not be recorded fails a batch.
            return match outcome::failure(&error) {
                Some(failure) => cx.escalate(failure).await,
                None => cx.unreadable(&id, &spec, &format!("a batch recorded as failed: {error}")).await,
            };
        }
        Standing::Runs(runs) => runs,
    };
    // Boxed after the replay-hit check, so that a handler's future does not hold the room for every batch in it.
    let live: BoxFuture<'_, Closed> = Box::pin(live(cx, (kind, settings), id, &spec, runs, branches));
    Ok(live.await)
}

async fn live<'a>(
    cx: &Context,
    (kind, settings): (Kind, &BatchSettings),
    id: OperationId,
    spec: &Spec<'_>,
    runs: Runs,
    branches: impl FnOnce() -> Vec<BranchPlan<'a>> + Send,
) -> Closed {
    let inside = open(cx, id, spec, &runs).await;
    let branches = branches();
    let total = branches.len();
    let mut batch = Batch {
        inside: inside.clone(),
        sub_type: kind.branch_sub_type(),
        settings,
        gate: Gate::within(cx.gate()),
        id,
        running: FuturesUnordered::new(),
        begun: Arc::default(),
        ends: std::iter::repeat_with(|| None).take(total).collect(),
        progress: Progress { total, ..Progress::default() },
        over: None,
    };
    if let Runs::ForItsResult(text) = runs {
        let ends = match read_decision(text.as_deref()) {
            Ok((ended, ..)) if ended.len() != total => {
                let why = format!("{} branches were recorded, {total} ran", ended.len());
                return cx.unreadable(&id, spec, &why).await;
            }
            Ok((ended, begun, reason)) => {
                batch.again(branches, &ended).await;
                Ends { ends: batch.ends, begun, reason }
            }
            Err(why) => return cx.unreadable(&id, spec, &why).await,
        };
        return Closed { id, ends };
    }
    let again = matches!(runs, Runs::Again);
    batch.run_branches(branches, again).await;
    inside.check_not_recorded(first_record(&id, total, settings.flat)).await;
    cx.depend_on(inside.causal());
    // Branches that were cut off are dropped before the batch closes, and with them what they had not sent.
    let ends = batch.into_ends();
    let recorded = whole(settings, &ends, cx.place(&id));
    let text = match &recorded {
        Ok(text) => Ok(text.clone()),
        Err(failure) => Err(failure.to_object()),
    };
    let closing = close(cx, id, spec, &text, &|| decision(kind.record_type(), &ends));
    closing.await;
    match recorded {
        Err(failure) => cx.escalate(failure).await,
        // A serdes of the whole decides what live code sees, as it does on replay.
        Ok(text) if settings.whole.is_some() => {
            match outcome::caught(|| read_whole(settings, Some(&text), total, cx.place(&id))) {
                Ok(ends) => Closed { id, ends },
                Err(why) => cx.unreadable(&id, spec, &why).await,
            }
        }
        Ok(_) => Closed { id, ends },
    }
}

/// Branches are numbered from 1 in the batch's own namespace.
pub(super) fn branch_id(batch: &OperationId, index: usize) -> OperationId {
    operation_id(Some(batch), u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1))
}

/// The operation that is on record as soon as a branch has begun: its own context, or its first operation where it has
/// none.
fn first_record(batch: &OperationId, index: usize, flat: bool) -> OperationId {
    let branch = branch_id(batch, index);
    if flat { operation_id(Some(&branch), 1) } else { branch }
}

struct Batch<'a, 's> {
    inside: Context,
    sub_type: SubType,
    settings: &'s BatchSettings,
    gate: Arc<Gate>,
    id: OperationId,
    running: FuturesUnordered<Contained<BoxFuture<'a, BranchEnd>>>,
    /// How many branches, from the first, came so far that they are on record.
    begun: Arc<AtomicUsize>,
    ends: Vec<Option<Recorded>>,
    progress: Progress,
    over: Option<CompletionReason>,
}

impl<'a> Batch<'a, '_> {
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
            flat: self.settings.flat,
        };
        self.running.push(Contained::new((plan.run)(place)));
    }

    /// Begins branches as slots come free, until the batch is over. From then on nothing new begins; whether what a
    /// step body has begun is finished and recorded is the policy's to say.
    async fn run_branches(&mut self, branches: Vec<BranchPlan<'a>>, again: bool) {
        let slots = self.settings.max_concurrency.unwrap_or(usize::MAX);
        let mut waiting = branches.into_iter().enumerate();
        if waiting.len() == 0 {
            self.over = self.settings.completion.decide(&self.progress);
        }
        let begun_before = if again { self.begun_before(waiting.len()) } else { 0 };
        self.begun.store(begun_before, Ordering::Relaxed);
        // Of a batch that goes on after an interruption, what is recorded counts before what has to run again, and nothing
        // new begins before that.
        let (total, mut replays) = (self.ends.len(), again);
        self.gate.hold(replays);
        poll_fn(|cx| {
            loop {
                while self.running.len() < slots {
                    let wanted = if replays { total - waiting.len() < begun_before } else { self.over.is_none() };
                    let Some((index, plan)) = waiting.by_ref().take(usize::from(wanted)).next() else { break };
                    self.begin(index, plan);
                }
                if self.may_stop(replays) {
                    return Poll::Ready(());
                }
                match if replays { self.poll_over_records(cx) } else { self.poll_running(cx) } {
                    Poll::Ready(Some(ended)) => self.note(ended),
                    Poll::Ready(None) | Poll::Pending if std::mem::take(&mut replays) => self.gate.hold(false),
                    Poll::Ready(None) => return Poll::Ready(()),
                    Poll::Pending if self.may_stop(false) => return Poll::Ready(()),
                    Poll::Pending => return Poll::Pending,
                }
            }
        })
        .await;
    }

    /// How many branches, from the first, an earlier invocation has begun. They count as begun even when the batch is
    /// over before they are reached.
    fn begun_before(&self, total: usize) -> usize {
        let recorded = |index: &usize| self.inside.is_recorded(&first_record(&self.id, *index, self.settings.flat));
        (0..total).rev().find(recorded).map_or(0, |index| index + 1)
    }

    /// Whether the batch is over and has nothing to wait for: bodies that run, or ends that are on record.
    fn may_stop(&self, replays: bool) -> bool {
        self.over.is_some_and(|reason| match self.settings.completion.running_at(reason) {
            Running::Cancel => true,
            Running::Finish => self.running.is_empty() || !replays && !self.gate.has_running(),
        })
    }

    /// Gives the ends of the branches that a finished batch had, each from its own record.
    async fn again(&mut self, branches: Vec<BranchPlan<'a>>, ended: &[bool]) {
        for ((index, plan), _) in branches.into_iter().enumerate().zip(ended).filter(|(_, ended)| **ended) {
            self.begin(index, plan);
        }
        while let Some((index, cx, end)) = poll_fn(|cx| self.poll_running(cx)).await {
            self.keep(index, &cx, end);
        }
    }

    /// Polls for as long as branches only give way to others: behind that they have more on record.
    fn poll_over_records(&mut self, cx: &TaskContext<'_>) -> Poll<Option<BranchEnd>> {
        let noticing = Noticing::new(cx.waker());
        let waker = noticing.clone().into();
        loop {
            let polled = self.poll_running(&mut TaskContext::from_waker(&waker));
            if polled.is_ready() || !noticing.take_woken() {
                return polled;
            }
        }
    }

    /// The set of branches wakes itself when it gives way to others: that is the runtime's own wake.
    fn poll_running(&mut self, cx: &mut TaskContext<'_>) -> Poll<Option<BranchEnd>> {
        sanctioned(|| Pin::new(&mut self.running).poll_next(cx))
    }

    fn note(&mut self, (index, cx, ended): BranchEnd) {
        match &ended {
            Ok(_) => self.progress.succeeded += 1,
            Err(_) => self.progress.failed += 1,
        }
        self.keep(index, &cx, ended);
        if self.over.is_none() {
            self.over = self.settings.completion.decide(&self.progress);
            if self.over.is_some() {
                self.gate.close();
            }
        }
    }

    fn keep(&mut self, index: usize, cx: &Context, ended: Recorded) {
        // The batch's end depends on all its branches, and so does a branch that gets a slot from here on.
        self.inside.depend_on(cx.causal());
        if let Some(slot) = self.ends.get_mut(index) {
            *slot = Some(ended);
        }
    }

    fn into_ends(self) -> Ends {
        let begun = self.begun.load(Ordering::Relaxed);
        Ends { ends: self.ends, begun, reason: self.over.unwrap_or(CompletionReason::AllCompleted) }
    }
}
