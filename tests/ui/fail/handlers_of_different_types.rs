use durable_runtime::prelude::*;

#[step]
async fn one(n: u32) -> Result<u32> {
    Ok(n)
}

#[durable]
async fn different() -> Result<u32> {
    race!(a = one(1) => |n| n, late = sleep(seconds(5)) => |_| "too late").await
}

#[durable]
async fn wrong() -> Result<u32> {
    race!(a = one(1) => |n| n.to_string(), late = sleep(seconds(5)) => |_| String::new()).await
}

#[durable]
async fn may_not_match() -> Result<u32> {
    race!(a = child!(async { Ok(Some(one(1).await?)) }) => |Some(n)| n, late = sleep(seconds(5)) => |_| 0).await
}

#[durable]
async fn nothing_is_awaited() -> Result<u32> {
    race!(a = one(1) => |n| std::future::ready(n).await, late = sleep(seconds(5)) => |_| 0).await
}

fn main() {}
