use durable_runtime::prelude::*;

type Result<T, E = durable_runtime::Error> = std::result::Result<T, E>;

#[step(retries = 3, at_most_once, at_most_once, blocking = true, retry)]
async fn step_arguments(n: u32) -> Result<u32> {
    Ok(n)
}

#[durable(retry = none, write_through, write_through, name)]
async fn durable_arguments(n: u32) -> Result<u32> {
    Ok(n)
}

#[step(blocking, spawn)]
fn both(n: u32) -> Result<u32> {
    Ok(n)
}

#[step(retry = none, retry_if = |_| true)]
async fn pointless(n: u32) -> Result<u32> {
    Ok(n)
}

fn main() {}
