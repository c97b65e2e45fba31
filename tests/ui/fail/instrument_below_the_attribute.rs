use durable_runtime::prelude::*;

type Result<T, E = durable_runtime::Error> = std::result::Result<T, E>;

#[step]
async fn one(n: u32) -> Result<u32> {
    Ok(n)
}

#[durable]
#[tracing::instrument]
async fn workflow(n: u32) -> Result<u32> {
    one(n).await
}

#[step]
#[tracing::instrument(skip(n))]
async fn traced(n: u32) -> Result<u32> {
    Ok(n)
}

fn main() {}
