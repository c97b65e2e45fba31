use durable_runtime::prelude::*;

type Result<T, E = durable_runtime::Error> = std::result::Result<T, E>;

#[step]
async fn one(n: u32) -> Result<u32> {
    Ok(n)
}

#[durable]
async fn workflow() -> Result<usize> {
    let mut list = Vec::new();
    let target = &mut list;
    child!(async move {
        target.push(one(1).await?);
        Ok(())
    })
    .await?;
    Ok(list.len())
}

fn main() {}
