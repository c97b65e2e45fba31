#![deny(unused_must_use)]

use durable_runtime::prelude::*;

type Result<T, E = durable_runtime::Error> = std::result::Result<T, E>;

#[step]
async fn one(n: u32) -> Result<u32> {
    Ok(n)
}


#[durable]
async fn other(n: u32) -> Result<u32> {
    one(n).await
}

#[durable]
async fn workflow() -> Result<u32> {
    one(1);
    other(2);
    child!(async { one(3).await });
    parallel!(a = one(4), b = one(5));
    record!(async { Ok(6) });
    sleep(std::time::Duration::from_secs(7));
    Ok(1)
}

fn main() {}
