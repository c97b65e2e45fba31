use durable_runtime::prelude::*;

type Result<T, E = durable_runtime::Error> = std::result::Result<T, E>;

#[step]
async fn one(n: u32) -> Result<u32> {
    Ok(n)
}

#[durable]
async fn workflow() -> Result<String> {
    let n = one(1).await?;
    Ok(n)
}

#[durable]
async fn block() -> Result<u32> {
    child!(async { one(1).await?; }).await?;
    Ok(1)
}

fn main() {}
