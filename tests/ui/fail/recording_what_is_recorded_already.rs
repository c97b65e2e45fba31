use durable_runtime::prelude::*;

type Result<T, E = durable_runtime::Error> = std::result::Result<T, E>;

#[step]
async fn one(n: u32) -> Result<u32> {
    Ok(n)
}

async fn number() -> Result<u32> {
    Ok(1)
}

#[durable]
async fn workflow(n: u32) -> Result<u32> {
    let a = record!(one(n)).await?;
    let b = record!(number().await).await?;
    let c = record!(number().await?).await?;
    let (d, e) = parallel!(d = one(1).await, e = one(2).await?).await?;
    Ok(a + b + c + d + e)
}

fn main() {}
