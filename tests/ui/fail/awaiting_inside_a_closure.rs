use durable_runtime::prelude::*;

type Result<T, E = durable_runtime::Error> = std::result::Result<T, E>;

#[step]
async fn one(n: u32) -> Result<u32> {
    Ok(n)
}

#[durable]
async fn workflow(items: Vec<u32>) -> Result<u32> {
    let sum = items.iter().map(|n| one(*n).await).count();
    Ok(sum as u32)
}

fn main() {}
