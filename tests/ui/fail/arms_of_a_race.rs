use durable_runtime::prelude::*;

#[step]
async fn one(n: u32) -> Result<u32> {
    Ok(n)
}

#[durable]
async fn alone() -> Result<u32> {
    race!(a = one(1) => |n| n).await
}

#[durable]
async fn none() -> Result<()> {
    race!().await?;
    Ok(())
}

#[durable]
async fn too_many() -> Result<()> {
    race!(
        a = one(1), b = one(2), c = one(3), d = one(4), e = one(5), f = one(6), g = one(7), h = one(8), i = one(9),
    )
    .await?;
    Ok(())
}

#[durable]
async fn twice() -> Result<u32> {
    race!(a = one(1) => |n| n, a = one(2) => |n| n).await
}

#[durable]
async fn nameless() -> Result<u32> {
    race!(one(1) => |n| n, one(2) => |n| n).await
}

#[durable]
async fn not_an_operation() -> Result<u32> {
    race!(a = 1 => |n| n, b = one(2) => |n| n).await
}

#[durable]
async fn in_a_parallel() -> Result<u32> {
    Ok(parallel!(a = one(1) => |n| n, b = one(2)).await?.0)
}

fn main() {}
