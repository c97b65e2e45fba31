use durable_runtime::prelude::*;

type Result<T, E = durable_runtime::Error> = std::result::Result<T, E>;

#[step]
async fn one(n: u32) -> Result<u32> {
    Ok(n)
}

#[durable]
async fn workflow() -> Result<String> {
    let n: String = one("text").await?;
    Ok(n)
}

fn main() {}
