//! State in pages: what fits into an event or an answer, and the markers of the rest.

use super::execution::Execution;
use crate::wire::{ErrorObject, Operation, StatePage, escaped_bytes};

/// What an operation takes beside its texts as JSON, roughly.
const OPERATION_BYTES: usize = 400;
/// The service's page when none is asked for.
const DEFAULT_ITEMS: usize = 100;

/// How much goes into one page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PageSize {
    pub(crate) operations: usize,
    pub(crate) bytes: usize,
}

/// Which list a marker goes on with: the whole state, or the news of one answer. The number tells lists of the same
/// invocation apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Listing {
    State,
    News(u64),
}

impl PageSize {
    /// The page of a request that asks for `max_items`; 0 is the default.
    pub(crate) fn limited(self, max_items: u32) -> Self {
        let wanted = usize::try_from(max_items).ok().filter(|wanted| *wanted > 0).unwrap_or(DEFAULT_ITEMS);
        Self { operations: self.operations.min(wanted), ..self }
    }
}

impl Listing {
    fn marker(self, next: usize) -> String {
        match self {
            Self::State => format!("state-{next}"),
            Self::News(number) => format!("news-{number}-{next}"),
        }
    }

    /// Reads a marker back.
    pub(crate) fn read(marker: &str) -> Option<(Self, usize)> {
        if marker.is_empty() {
            return Some((Self::State, 0));
        }
        if let Some(next) = marker.strip_prefix("state-") {
            return Some((Self::State, next.parse().ok()?));
        }
        let (number, next) = marker.strip_prefix("news-")?.split_once('-')?;
        Some((Self::News(number.parse().ok()?), next.parse().ok()?))
    }
}

impl Execution {
    /// The page of `positions` that begins at `from`. It holds at least one operation, unless `may_be_empty`.
    pub(crate) fn page(
        &self,
        positions: &[usize],
        from: usize,
        size: PageSize,
        listing: Listing,
        may_be_empty: bool,
    ) -> StatePage {
        let mut operations = Vec::new();
        let mut bytes = 0;
        for position in positions.iter().skip(from) {
            let Some(record) = self.records.get(*position) else { continue };
            bytes += operation_bytes(&record.operation);
            let first = operations.is_empty() && !may_be_empty;
            if !first && (bytes > size.bytes || operations.len() >= size.operations) {
                break;
            }
            operations.push(Box::new(record.operation.clone()));
        }
        let next = from + operations.len();
        StatePage { operations, next_marker: (next < positions.len()).then(|| listing.marker(next)) }
    }
}

/// What an operation takes as JSON: most texts are JSON themselves, and grow inside of it.
fn operation_bytes(operation: &Operation) -> usize {
    let length = |text: Option<&String>| text.map_or(0, |text| escaped_bytes(text));
    let error = |error: Option<&ErrorObject>| error.map_or(0, ErrorObject::json_bytes);
    let mut bytes = OPERATION_BYTES + length(operation.name.as_ref());
    if let Some(details) = &operation.execution_details {
        bytes += length(details.input_payload.as_ref());
    }
    if let Some(details) = &operation.context_details {
        bytes += length(details.result.as_ref()) + error(details.error.as_ref());
    }
    if let Some(details) = &operation.step_details {
        bytes += length(details.result.as_ref()) + error(details.error.as_ref());
    }
    if let Some(details) = &operation.callback_details {
        bytes += length(details.result.as_ref()) + error(details.error.as_ref());
    }
    if let Some(details) = &operation.chained_invoke_details {
        bytes += length(details.result.as_ref()) + error(details.error.as_ref());
    }
    bytes
}
