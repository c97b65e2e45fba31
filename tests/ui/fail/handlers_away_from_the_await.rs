use durable_runtime::prelude::*;

#[step]
async fn one(n: u32) -> Result<u32> {
    Ok(n)
}

#[durable]
async fn bound_first() -> Result<u32> {
    let race = race!(a = one(1) => |n| n, b = one(2) => |n| n);
    race.await
}

#[durable]
async fn in_an_arm() -> Result<u32> {
    let (n,) = parallel!(both = race!(a = one(1) => |n| n, b = one(2) => |n| n)).await?;
    Ok(n)
}

#[durable]
async fn in_a_closure(numbers: Vec<u32>) -> Result<Vec<u32>> {
    parallel_map(numbers, |n, _| race!(a = one(n) => |n| n, b = one(2) => |n| n)).await
}

#[durable]
async fn in_another_macro() -> Result<Vec<u32>> {
    Ok(vec![race!(a = one(1) => |n| n, b = one(2) => |n| n).await?])
}

fn outside() -> impl Operation {
    race!(a = one(1) => |n| n, b = one(2) => |n| n)
}

fn main() {}
