use durable_runtime::prelude::*;

type Result<T, E = durable_runtime::Error> = std::result::Result<T, E>;

async fn plain(n: u32) -> u32 {
    n
}

#[durable]
async fn workflow() -> Result<u32> {
    let n = plain(1).await;
    Ok(n)
}

fn main() {}
