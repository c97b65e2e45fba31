use durable_runtime::prelude::*;

#[step]
async fn one(n: u32) -> Result<u32> {
    Ok(n)
}

#[durable]
async fn some_have_none() -> Result<u32> {
    race!(a = one(1) => |n| n, b = one(2), c = sleep(seconds(1))).await
}

#[durable]
async fn a_path() -> Result<u32> {
    race!(a = one(1) => u32::from, b = one(2) => |n| n).await
}

#[durable]
async fn parameters() -> Result<u32> {
    race!(a = one(1) => || 1, b = one(2) => |n, m| n).await
}

#[durable]
async fn words() -> Result<u32> {
    race!(a = one(1) => async |n| n, b = one(2) => move |n| n, c = one(3) => |n| -> u32 { n }).await
}

fn main() {}
