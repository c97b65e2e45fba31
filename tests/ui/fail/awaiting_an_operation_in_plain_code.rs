use durable_runtime::prelude::*;

type Result<T, E = durable_runtime::Error> = std::result::Result<T, E>;

#[step]
async fn one(n: u32) -> Result<u32> {
    Ok(n)
}

async fn plain() -> Result<u32> {
    one(1).await
}

#[step]
async fn body() -> Result<u32> {
    one(1).await
}

#[step]
fn not_async() -> Result<u32> {
    one(1).await
}

fn main() {}
