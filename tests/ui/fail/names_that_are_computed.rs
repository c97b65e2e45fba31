use durable_runtime::prelude::*;

type Result<T, E = durable_runtime::Error> = std::result::Result<T, E>;

#[step]
async fn one(n: u32) -> Result<u32> {
    Ok(n)
}

#[durable]
async fn child(name: String) -> Result<u32> {
    child!(name, async { one(1).await }).await
}

#[durable]
async fn parallel(name: String) -> Result<u32> {
    Ok(parallel!(&name, a = one(1)).await?.0)
}

#[durable]
async fn conditional() -> Result<u32> {
    let (a, ..) = parallel!(a = one(1), #[cfg(unix)] b = one(2)).await?;
    Ok(a)
}

#[step("one")]
async fn named() -> Result<u32> {
    Ok(1)
}

#[step(retry(max_attempts = 3))]
async fn retried() -> Result<u32> {
    Ok(1)
}

fn main() {}
