use durable_runtime::prelude::*;

type Result<T, E = durable_runtime::Error> = std::result::Result<T, E>;

#[step]
async fn one(n: u32) -> Result<u32> {
    Ok(n)
}

#[durable]
async fn workflow(n: u32) -> Result<u32> {
    let shared = std::rc::Rc::new(n);
    one(*shared).await?;
    Ok(*shared)
}

fn main() {}
