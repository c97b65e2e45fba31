//! Callbacks as somebody outside finds them.

use std::time::Duration;

use durable_runtime::engine::Arn;
use durable_runtime::testing::Runner;

/// The id of the execution's first callback, once there is one.
pub async fn callback_id(runner: &Runner, arn: &Arn) -> String {
    loop {
        let operations = runner.engine().operations(arn).await.unwrap();
        let details = operations.into_iter().find_map(|summary| summary.operation.callback_details);
        if let Some(id) = details.and_then(|details| details.callback_id) {
            return id;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
