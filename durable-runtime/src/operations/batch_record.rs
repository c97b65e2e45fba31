//! What is recorded of a closed batch, in the shapes that the official SDKs use.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::batch::Ends;
use super::batch_settings::BatchSettings;
use super::outcome::Recorded;
use crate::completion::CompletionReason;
use crate::error::StepFailure;
use crate::serdes::SerdesPlace;
use crate::wire::ErrorObject;

/// The whole result of a batch. Branches never begun are left out.
#[derive(Serialize, Deserialize)]
struct Whole {
    all: Vec<Item>,
    #[serde(rename = "completionReason")]
    completion_reason: CompletionReason,
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

/// The record of a batch whose results are too large to store: which branches to take up again.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Decision {
    #[serde(rename = "type")]
    record_type: String,
    total_count: usize,
    success_count: usize,
    failure_count: usize,
    started_count: usize,
    completion_reason: CompletionReason,
    /// One letter per branch: S, F, or - for one that never ended.
    item_statuses: String,
}

/// The whole result as one text.
pub(super) fn whole(settings: &BatchSettings, ends: &Ends, place: SerdesPlace<'_>) -> Result<String, StepFailure> {
    if let Some(coding) = &settings.whole {
        return coding.write(ends, place);
    }
    let result = |text: &String| {
        let quoted = if settings.text_items { serde_json::to_string(text).unwrap_or_default() } else { text.clone() };
        RawValue::from_string(quoted).ok()
    };
    let item = |(index, end): (usize, &Option<Recorded>)| match end {
        Some(Ok(text)) => Item { index, status: Status::Succeeded, result: result(text), error: None },
        Some(Err(error)) => Item { index, status: Status::Failed, result: None, error: Some(error.clone()) },
        None => Item { index, status: Status::Started, result: None, error: None },
    };
    let all = ends.ends.iter().enumerate().take(ends.begun).map(item).collect();
    Ok(serde_json::to_string(&Whole { all, completion_reason: ends.reason }).unwrap_or_default())
}

/// Reads the whole result of a batch of `total` branches.
pub(super) fn read_whole(
    settings: &BatchSettings,
    text: Option<&str>,
    total: usize,
    place: SerdesPlace<'_>,
) -> Result<Ends, String> {
    if let Some(coding) = &settings.whole {
        return coding.read(text.unwrap_or_default(), total, place);
    }
    let whole: Whole = serde_json::from_str(text.unwrap_or("null")).map_err(|why| why.to_string())?;
    let mut ends: Vec<Option<Recorded>> = std::iter::repeat_with(|| None).take(total).collect();
    let begun = whole.all.len();
    let result = |result: Option<Box<RawValue>>| match result {
        Some(text) if settings.text_items => serde_json::from_str(text.get()).map_err(|why| why.to_string()),
        Some(text) => Ok(text.get().to_owned()),
        None => Ok("null".to_owned()),
    };
    for item in whole.all {
        let slot = ends.get_mut(item.index).ok_or_else(|| {
            format!("branch {} of a batch that has {total} of them: their number has changed", item.index + 1)
        })?;
        *slot = match item.status {
            Status::Succeeded => Some(Ok(result(item.result)?)),
            Status::Failed => Some(Err(item.error.unwrap_or_default())),
            Status::Started => None,
        };
    }
    Ok(Ends { ends, begun, reason: whole.completion_reason })
}

/// The decision without the results.
pub(super) fn decision(record_type: &str, ends: &Ends) -> String {
    let letter = |end: &Option<Recorded>| match end {
        Some(Ok(_)) => 'S',
        Some(Err(_)) => 'F',
        None => '-',
    };
    let item_statuses: String = ends.ends.iter().map(letter).collect();
    let count = |letter| item_statuses.chars().filter(|status| *status == letter).count();
    let (success_count, failure_count) = (count('S'), count('F'));
    let decision = Decision {
        record_type: record_type.to_owned(),
        total_count: ends.begun,
        success_count,
        failure_count,
        started_count: ends.begun.saturating_sub(success_count + failure_count),
        completion_reason: ends.reason,
        item_statuses,
    };
    serde_json::to_string(&decision).unwrap_or_default()
}

/// Reads a decision: for every branch whether it ended, and the batch's counts without ends.
pub(super) fn read_decision(text: Option<&str>) -> Result<(Vec<bool>, usize, CompletionReason), String> {
    let decision: Decision = serde_json::from_str(text.unwrap_or("null")).map_err(|why| why.to_string())?;
    let ended = decision.item_statuses.chars().map(|status| status != '-').collect();
    Ok((ended, decision.total_count, decision.completion_reason))
}
