//! A cfg on an awaited expression or on a block is obeyed.
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
async fn conditional() -> Result<u32> {
    #[cfg(any())]
    missing(9).await;
    #[cfg(any())]
    child!(async { missing(9).await }).await?;
    #[cfg(any())]
    let x = missing(1).await?;
    #[cfg(not(any()))]
    let x = one(1).await?;
    #[allow(unused_variables)]
    let unused = one(2).await?;
    #[allow(clippy::unit_arg)]
    Ok(x)
}

fn main() {
    drop(conditional());
}
