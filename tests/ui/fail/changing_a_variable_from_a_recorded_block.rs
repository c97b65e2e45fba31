use durable_runtime::prelude::*;

type Result<T, E = durable_runtime::Error> = std::result::Result<T, E>;

#[step]
async fn one(n: u32) -> Result<u32> {
    Ok(n)
}

#[durable]
async fn workflow() -> Result<u32> {
    let mut total = 0;
    record!(async {
        total += 1;
        Ok(())
    })
    .await?;
    Ok(total)
}

fn main() {}
