//! What the outside does to the callbacks of an execution, in the order in which the requirement says it.

use std::time::Duration;

use durable_runtime::BoxError;
use serde_json::Value;

use super::place::Place;
use super::requirement::CallbackAction;

/// How often the outside looks whether a callback is there.
const LOOK: Duration = Duration::from_millis(100);

/// How long it looks before it gives up.
const PATIENCE: Duration = Duration::from_secs(600);

/// Performs the actions one after the other, each when its callback is open.
///
/// # Errors
/// When a callback is not there in time, or the service refuses an action.
pub async fn perform(place: &impl Place, arn: &str, actions: &[CallbackAction]) -> Result<(), BoxError> {
    for action in actions {
        let name = &action.callback;
        let found = tokio::time::timeout(PATIENCE, open_callback(place, arn, name)).await;
        let id = found.map_err(|_| format!("callback `{name}` was not open within {PATIENCE:?}"))??;
        tokio::time::sleep(Duration::from_secs(action.delay)).await;
        place.act(&id, &action.kind).await?;
    }
    Ok(())
}

/// The id of the first open callback of a name, as soon as there is one.
async fn open_callback(place: &impl Place, arn: &str, name: &str) -> Result<String, BoxError> {
    loop {
        // Asked for first: what is not in the history of an ended execution never will be.
        let over = place.standing(arn).await?.is_over();
        if let Some(id) = first_open(&place.history(arn).await?, name) {
            return Ok(id);
        }
        if over {
            return Err(format!("the execution ended before callback `{name}` was open").into());
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// The first callback of a name (`*` is any) that a history shows begun and not ended.
fn first_open(history: &[Value], name: &str) -> Option<String> {
    const ENDS: [&str; 3] = ["CallbackSucceeded", "CallbackFailed", "CallbackTimedOut"];
    let is = |event: &Value, kind: &str| event["EventType"].as_str() == Some(kind);
    let ended = |id: &Value| history.iter().any(|event| event["Id"] == *id && ENDS.iter().any(|kind| is(event, kind)));
    let named = |event: &Value| name == "*" || event["Name"].as_str() == Some(name);
    let open = |event: &&Value| is(event, "CallbackStarted") && named(event) && !ended(&event["Id"]);
    let event = history.iter().find(open)?;
    event["CallbackStartedDetails"]["CallbackId"].as_str().map(str::to_owned)
}
