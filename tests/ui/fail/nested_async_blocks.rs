use durable_runtime::prelude::*;

type Result<T, E = durable_runtime::Error> = std::result::Result<T, E>;

#[step]
async fn one(n: u32) -> Result<u32> {
    Ok(n)
}

#[durable]
async fn workflow(items: Vec<u32>) -> Result<u32> {
    let later = async { one(1).await };
    let closure = async |n| one(n).await;
    let all = parallel_map(items, |n, _| async move { one(n).await }).await?;
    Ok(all.len() as u32)
}

fn main() {}
