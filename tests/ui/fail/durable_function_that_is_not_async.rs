use durable_runtime::prelude::*;

type Result<T, E = durable_runtime::Error> = std::result::Result<T, E>;

#[durable]
fn workflow(n: u32) -> Result<u32> {
    Ok(n)
}

fn main() {}
