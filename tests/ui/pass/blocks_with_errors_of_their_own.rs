//! An async closure gives a block its own error type; other blocks share the function's.
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

#[derive(Debug, serde::Serialize, serde::Deserialize)]
enum PayError {
    Declined,
}

impl std::fmt::Display for PayError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("declined")
    }
}

impl std::error::Error for PayError {}

#[step]
async fn pay(n: u32) -> Result<u32, PayError> {
    if n == 0 { Err(PayError::Declined) } else { Ok(n) }
}

async fn plain(n: u32) -> Result<u32, PayError> {
    Ok(n)
}

#[durable]
async fn typed(n: u32) -> Result<u32> {
    match record!(async || -> Result<u32, PayError> { Ok(plain(n).await? + 1) }).await {
        Ok(_) | Err(PayError::Declined) => {}
    }
    let (a, b) = parallel!(a = async || -> Result<u32, PayError> { Ok(pay(n).await?) }, b = one(2)).await?;
    match child!("own", async || -> Result<u32, PayError> { pay(a).await }).await {
        Ok(x) => Ok(x + b),
        Err(PayError::Declined) => Ok(0),
    }
}

#[durable]
async fn converting(n: u32) -> Result<u32> {
    let (a, b) = parallel!(a = pay(n), b = async { Ok(pay(n).await? + one(1).await?) }).await?;
    let c = child!(async {
        if n > 9 {
            return Err("too many".into());
        }
        Ok(pay(n).await?)
    })
    .await?;
    Ok(a + b + c)
}

fn main() {
    drop((typed(1), converting(1)));
}
