use durable_runtime::prelude::*;

type Result<T, E = durable_runtime::Error> = std::result::Result<T, E>;

#[step(blocking)]
async fn blocking_async(n: u32) -> Result<u32> {
    Ok(n)
}

#[step(spawn)]
fn spawned_sync(n: u32) -> Result<u32> {
    Ok(n)
}

#[step(blocking)]
fn blocking_borrow(text: &str) -> Result<usize> {
    Ok(text.len())
}

#[step(spawn)]
async fn spawned_borrow(text: &str) -> Result<usize> {
    Ok(text.len())
}

fn main() {}
