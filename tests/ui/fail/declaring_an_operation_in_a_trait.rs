use durable_runtime::prelude::*;

type Result<T, E = durable_runtime::Error> = std::result::Result<T, E>;

#[step]
async fn one(n: u32) -> Result<u32> {
    Ok(n)
}

trait Flow {
    #[step]
    async fn go(&self, n: u32) -> Result<u32>;
}

fn main() {}
