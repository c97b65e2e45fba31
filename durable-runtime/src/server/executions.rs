//! Executions as they are looked at, listed and stopped. Knows shapes, not rules.

use serde_json::{Map, Value, json};

use super::answer::{Answered, model};
use super::api::Call;
use super::callbacks::error_object;
use super::error::ApiError;
use super::function_name;
use super::query::{Query, invalid};
use crate::engine::{
    Arn, Engine, ExecutionStatus, ExecutionSummary, HistoryQuery, ListQuery, ListedExecution, VERSION, function_arn,
};
use crate::wire::{ErrorObject, HistoryEvent};

/// Statuses of the service that no execution of this engine ever has.
const NEVER: [&str; 3] = ["DELETING", "PAUSING", "PAUSED"];
/// As many as a list may be filtered by.
const STATUSES: usize = 10;

/// The execution that a path names.
fn arn(call: &Call) -> Result<Arn, ApiError> {
    let label = &call.label;
    match Arn::parse(label) {
        // Of another account, region or version: it could exist, and not here.
        Err(unknown) if label.starts_with("arn:") && label.contains("/durable-execution/") => Err(unknown.into()),
        parsed => parsed.map_err(|_| invalid("DurableExecutionArn", label, "the ARN that Invoke answers with")),
    }
}

/// `GetDurableExecution`.
pub(super) async fn get(engine: &Engine, call: &Call) -> Answered {
    let with_data = call.query.flag("IncludeExecutionData", true)?;
    model(described(engine.describe(&arn(call)?).await?, with_data))
}

fn described(summary: ExecutionSummary, with_data: bool) -> Value {
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| drop(members.insert(name.to_owned(), value));
    put("DurableExecutionArn", summary.arn.as_str().into());
    put("DurableExecutionName", summary.name.into());
    put("FunctionArn", function_arn(&summary.function).into());
    put("Version", VERSION.into());
    put("Status", summary.status.as_str().into());
    put("StartTimestamp", json!(summary.started));
    put("ExecutionDataIncluded", with_data.into());
    if let Some(ended) = summary.ended {
        put("EndTimestamp", json!(ended));
    }
    if let Some(timeout) = summary.timeout {
        put("DurableConfig", json!({"ExecutionTimeout": timeout.as_secs()}));
        put("ExpectedExecutionTimeoutTimestamp", json!(summary.started.plus(timeout)));
    }
    if with_data {
        put("InputPayload", summary.input.into());
        summary.result.into_iter().for_each(|result| put("Result", result.into()));
        summary.error.into_iter().for_each(|error| put("Error", json!(error)));
    }
    Value::Object(members)
}

/// `GetDurableExecutionHistory`.
pub(super) async fn history(engine: &Engine, call: &Call) -> Answered {
    let with_data = call.query.flag("IncludeExecutionData", true)?;
    let query = HistoryQuery {
        from: call.query.marker()?,
        limit: call.query.max_items()?,
        newest_first: call.query.flag("ReverseOrder", false)?,
    };
    let page = engine.history_page(&arn(call)?, query).await?;
    let event = |mut event: HistoryEvent| {
        if !with_data {
            event.details.leave_data_out();
        }
        event.to_json()
    };
    let events: Vec<Value> = page.events.into_iter().map(event).collect();
    model(paged("Events", events.into(), page.next.map(|next| next.to_string())))
}

/// `ListDurableExecutionsByFunction`.
pub(super) async fn list(engine: &Engine, call: &Call) -> Answered {
    let query = &call.query;
    let page = engine
        .list_page(ListQuery {
            function: function_name::read(&call.label, query.text("Qualifier"))?.to_owned(),
            name: query.text("DurableExecutionName").map(str::to_owned),
            statuses: statuses(query)?,
            started_after: query.time("StartedAfter")?,
            started_before: query.time("StartedBefore")?,
            oldest_first: query.flag("ReverseOrder", false)?,
            from: query.marker()?,
            limit: query.max_items()?,
        })
        .await?;
    let executions: Vec<Value> = page.executions.into_iter().map(listed).collect();
    model(paged("DurableExecutions", executions.into(), page.next.map(|next| next.to_string())))
}

fn listed(execution: ListedExecution) -> Value {
    let mut value = json!({
        "DurableExecutionArn": execution.arn.as_str(),
        "DurableExecutionName": execution.name,
        "FunctionArn": function_arn(&execution.function),
        "Status": execution.status.as_str(),
        "StartTimestamp": execution.started,
    });
    if let (Some(ended), Some(members)) = (execution.ended, value.as_object_mut()) {
        let _ = members.insert("EndTimestamp".to_owned(), json!(ended));
    }
    value
}

fn statuses(query: &Query) -> Result<Option<Vec<ExecutionStatus>>, ApiError> {
    let words = query.all("Statuses");
    if words.is_empty() {
        return Ok(None);
    }
    if words.len() > STATUSES {
        return Err(invalid("Statuses", &words.join(","), "at most 10 statuses"));
    }
    let known = words.iter().filter(|word| !NEVER.contains(word)).map(|word| {
        let status = ExecutionStatus::parse(word).filter(|status| status.as_str() == *word);
        status.ok_or_else(|| invalid("Statuses", word, "RUNNING, SUCCEEDED, FAILED, TIMED_OUT or STOPPED"))
    });
    known.collect::<Result<_, _>>().map(Some)
}

fn paged(list: &str, items: Value, next: Option<String>) -> Value {
    let mut members = Map::new();
    let _ = members.insert(list.to_owned(), items);
    if let Some(next) = next {
        let _ = members.insert("NextMarker".to_owned(), next.into());
    }
    Value::Object(members)
}

/// `StopDurableExecution`. One that has ended stays as it is, and says when it ended.
pub(super) async fn stop(engine: &Engine, call: &Call) -> Answered {
    let arn = arn(call)?;
    // An SDK that was given no error sends an object without members.
    let error = error_object(&call.body)?.filter(|error| *error != ErrorObject::default());
    let summary = engine.stop(&arn, error).await?;
    model(json!({"StopTimestamp": summary.ended}))
}
