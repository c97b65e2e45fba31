use durable_runtime::prelude::*;

type Result<T, E = durable_runtime::Error> = std::result::Result<T, E>;

#[step]
async fn one(n: u32) -> Result<u32> {
    Ok(n)
}

#[durable]
async fn workflow() -> Result<u32> {
    let a = child!(one(1)).await?;
    let b = child!(async |n: u32| -> Result<u32> { one(n).await }).await?;
    Ok(a + b)
}

fn main() {}
