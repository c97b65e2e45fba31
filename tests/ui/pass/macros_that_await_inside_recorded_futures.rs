//! Macros that await by themselves are ordinary code where futures are.
use durable_runtime::prelude::*;

type Result<T, E = durable_runtime::Error> = std::result::Result<T, E>;

#[step]
async fn one(n: u32) -> Result<u32> {
    Ok(n)
}

async fn fetch(n: u32) -> u32 {
    n
}

#[step]
async fn both(n: u32) -> Result<u32> {
    let (a, b) = tokio::join!(fetch(n), fetch(n));
    Ok(a + b)
}

#[durable]
async fn workflow(n: u32) -> Result<u32> {
    let a = record!("both", async {
        let (a, b) = tokio::join!(fetch(n), fetch(n));
        Ok(a + b)
    })
    .await?;
    let b = untracked(async { tokio::join!(fetch(n), fetch(n)).0 }).await;
    let c = vec![record!("both", async { Ok(tokio::join!(fetch(n), fetch(n)).0) }).await?];
    Ok(a + b + c.len() as u32 + both(n).await? + one(n).await?)
}

fn main() {
    drop(workflow(1));
}
