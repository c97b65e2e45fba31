//! A durable function calls itself through a boxed operation.
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

#[durable]
async fn factorial(n: u32) -> Result<u32> {
    if n == 0 {
        return one(1).await;
    }
    Ok(n * factorial(n - 1).boxed().await?)
}

fn main() {
    drop(factorial(3));
}
