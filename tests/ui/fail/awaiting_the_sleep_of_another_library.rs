use durable_runtime::prelude::*;

type Result<T, E = durable_runtime::Error> = std::result::Result<T, E>;

use tokio::time::sleep;

#[durable]
async fn workflow() -> Result<()> {
    sleep(std::time::Duration::from_secs(1)).await;
    Ok(())
}

fn main() {}
