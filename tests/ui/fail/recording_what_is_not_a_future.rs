use durable_runtime::prelude::*;

type Result<T, E = durable_runtime::Error> = std::result::Result<T, E>;

#[step]
async fn one(n: u32) -> Result<u32> {
    Ok(n)
}

async fn number() -> u32 {
    1
}

#[durable]
async fn workflow(n: u32) -> Result<u32> {
    let a = record!(n).await?;
    let b = record!(number()).await?;
    Ok(a + b)
}

fn main() {}
