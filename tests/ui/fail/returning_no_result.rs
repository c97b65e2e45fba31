use durable_runtime::prelude::*;

type Result<T, E = durable_runtime::Error> = std::result::Result<T, E>;

#[durable]
async fn workflow() {}

#[step]
async fn nothing() {}

#[step]
async fn number() -> u32 {
    1
}

fn main() {}
