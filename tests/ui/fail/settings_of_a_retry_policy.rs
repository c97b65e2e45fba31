use durable_runtime::prelude::*;

type Result<T, E = durable_runtime::Error> = std::result::Result<T, E>;

#[step(retry = exponential(first = "0.2s", max = "1.5s", factor = 0.5, jitter = some, max_attempts = 0))]
async fn values(n: u32) -> Result<u32> {
    Ok(n)
}

#[step(retry = fixed(max_attempts = 3, first = "1s", 5))]
async fn names(n: u32) -> Result<u32> {
    Ok(n)
}

#[step(retry = linear(first = 5, increment = "soon", max = "400d"))]
async fn units(n: u32) -> Result<u32> {
    Ok(n)
}

#[step(retry = 3)]
async fn not_a_policy(n: u32) -> Result<u32> {
    Ok(n)
}

fn main() {}
