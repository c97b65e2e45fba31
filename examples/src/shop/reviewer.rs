//! A reviewer for those who want to see approvals without giving them: looks into the store as a person would, and
//! answers what waits. Knows nothing of orders.

use std::path::{Path, PathBuf};
use std::time::Duration;

use durable_runtime::engine::{
    EngineError, ExecutionStatus, ListFilter, OperationSummary, Reader, complete_callback_in_store,
};
use durable_runtime::wire::OperationStatus;

/// The environment variable that asks for it.
const VARIABLE: &str = "SHOP_REVIEWER";
/// How often it looks.
const LOOK: Duration = Duration::from_millis(100);

/// What it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Yes to everything.
    Approve,
    /// No to everything.
    Reject,
}

impl Decision {
    /// What `SHOP_REVIEWER` says: `approve`, `reject`, or nothing, which leaves approvals to people.
    #[must_use]
    pub fn from_environment() -> Option<Self> {
        match std::env::var(VARIABLE).ok()?.as_str() {
            "approve" => Some(Self::Approve),
            "reject" => Some(Self::Reject),
            _ => None,
        }
    }
}

/// Answers every open callback of the store, until the process ends.
pub async fn review(store: PathBuf, decision: Decision) {
    let answer = match decision {
        Decision::Approve => "true",
        Decision::Reject => "false",
    };
    loop {
        let look = store.clone();
        let found = tokio::task::spawn_blocking(move || open_callbacks(&look)).await;
        // A store that cannot be read now can be read later; a callback may be closed by the time it is answered.
        for id in found.ok().and_then(Result::ok).unwrap_or_default() {
            let _ = complete_callback_in_store(&store, &id, Ok(answer.as_bytes().to_vec())).await;
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// The ids of the callbacks that running executions wait for.
fn open_callbacks(store: &Path) -> Result<Vec<String>, EngineError> {
    let reader = Reader::open(store)?;
    let running = ListFilter { statuses: vec![ExecutionStatus::Running], ..ListFilter::default() };
    let open = |summary: OperationSummary| {
        let details = summary.operation.callback_details?;
        details.callback_id.filter(|_| summary.operation.status == OperationStatus::Started)
    };
    let mut ids = Vec::new();
    for execution in reader.list(&running)? {
        ids.extend(reader.operations(&execution.arn)?.into_iter().filter_map(open));
    }
    Ok(ids)
}
