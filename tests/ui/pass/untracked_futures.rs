//! `untracked` awaits any future; what is inside its async block is left alone.
use durable_runtime::prelude::*;

type Result<T, E = durable_runtime::Error> = std::result::Result<T, E>;

#[step]
async fn one(n: u32) -> Result<u32> {
    Ok(n)
}

#[step]
async fn reserve(item: &str) -> Result<String> {
    Ok(item.to_owned())
}

async fn plain(n: u32) -> u32 {
    n
}

#[durable]
async fn peeking(n: u32) -> Result<u32> {
    let a = untracked(plain(n)).await;
    let b = untracked(async { plain(n).await + plain(a).await }).await;
    let c = untracked(plain(one(b).await?)).await;
    Ok(a + b + c)
}

fn main() {
    drop(peeking(1));
}
