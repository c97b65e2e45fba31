use durable_runtime::prelude::*;

type Result<T, E = durable_runtime::Error> = std::result::Result<T, E>;

#[step]
async fn one(n: u32) -> Result<u32> {
    Ok(n)
}

#[durable]
async fn workflow() -> Result<()> {
    tracing::info!("got {}", one(1).await?);
    tracing::info!(a = one(1).await?, b = one(2).await?);
    tracing::warn!(a = one(1).await?, "message");
    Ok(())
}

fn main() {}
