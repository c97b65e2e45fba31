//! What a killed execution is measured against: an unkilled one, and what a store holds as recorded.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use durable_runtime::engine::{OperationSummary, Reader};
use durable_runtime::wire::{OperationId, OperationStatus, OperationType};

use crate::support::{Place, Said, order};

/// Runs at once: most of a run is waiting.
pub(crate) const AT_ONCE: usize = 6;
pub(crate) const NAME: &str = "large-1";

/// The command line that begins the execution. Given again, its name makes it the same execution.
pub(crate) fn begin(place: &Place) -> crate::support::Running {
    place.start(&["start", &order("large"), "--name", NAME])
}

/// The steps that the store holds as succeeded, under the paths that `ran` lines show.
pub(crate) fn recorded(place: &Place) -> BTreeSet<String> {
    let Ok(reader) = Reader::open(place.store()) else { return BTreeSet::new() };
    let Ok(arn) = reader.find(NAME) else { return BTreeSet::new() };
    let operations = reader.operations(&arn).unwrap();
    let by_id: BTreeMap<OperationId, &OperationSummary> =
        operations.iter().map(|summary| (summary.operation.id, summary)).collect();
    let path = |summary: &OperationSummary| {
        let parent = |id: OperationId| by_id.get(&id).copied();
        let above = std::iter::successors(Some(summary), |summary| summary.operation.parent_id.and_then(parent));
        let mut names: Vec<&str> = above.filter_map(|summary| summary.operation.name.as_deref()).collect();
        names.push("checkout");
        names.reverse();
        names.join(" / ")
    };
    let is_done = |summary: &&OperationSummary| {
        summary.operation.operation_type == OperationType::Step
            && summary.operation.status == OperationStatus::Succeeded
    };
    operations.iter().filter(is_done).map(path).collect()
}

/// What an unkilled run gives.
pub(crate) struct Unkilled {
    result: String,
    taken: BTreeMap<String, u32>,
    charged: Vec<(String, u64, bool)>,
    pub(crate) steps: BTreeSet<String>,
}

fn charged(place: &Place) -> Vec<(String, u64, bool)> {
    place.charges().into_iter().map(|charge| (charge.id, charge.cents, charge.refunded)).collect()
}

/// The step that is begun and never recorded: the deadline always beats this order's quote.
const LOST: &str = "checkout / prepare / label / quote / quoted / quote";

impl Unkilled {
    /// The one that all are measured against.
    pub(crate) fn get() -> &'static Self {
        static UNKILLED: OnceLock<Unkilled> = OnceLock::new();
        UNKILLED.get_or_init(Self::run)
    }

    fn run() -> Self {
        let place = Place::new();
        let said = begin(&place).wait();
        assert_eq!(said.code, Some(0), "{}", said.messages);
        let steps = recorded(&place);
        let mut ran: BTreeSet<String> = said.ran().into_keys().collect();
        assert!(ran.remove(LOST), "{}", said.messages);
        assert_eq!(steps, ran, "the store and the messages call the steps by the same paths");
        assert_eq!(steps.len(), 14, "{steps:#?}");
        Self { result: said.result().to_owned(), taken: place.taken(), charged: charged(&place), steps }
    }

    /// Whether an execution that was killed has come to the same end, in the process that said `last`.
    pub(crate) fn check(&self, place: &Place, last: &Said, story: &str) {
        assert_eq!((last.code, last.result()), (Some(0), self.result.as_str()), "{story}");
        assert_eq!(recorded(place), self.steps, "{story}");
        assert_eq!(place.taken(), self.taken, "{story}");
        assert_eq!(charged(place), self.charged, "{story}");
    }
}

/// Checks that a process ran no step that was on record before it.
pub(crate) fn check_nothing_again(before: &BTreeSet<String>, said: &Said, story: &str) {
    let again: Vec<String> = said.ran().into_keys().filter(|path| before.contains(path)).collect();
    assert!(again.is_empty(), "recorded steps ran again: {again:?}\n{story}");
}

/// Ends an execution that was killed. A kill before it was recorded leaves nothing to resume, one after its end only
/// its result to print: then it is started again under its name.
pub(crate) fn finish(place: &Place) -> Said {
    let resumed = place.run(&["resume"]);
    if resumed.result().is_empty() { begin(place).wait() } else { resumed }
}
