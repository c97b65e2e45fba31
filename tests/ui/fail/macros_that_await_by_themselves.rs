use durable_runtime::prelude::*;

type Result<T, E = durable_runtime::Error> = std::result::Result<T, E>;

#[step]
async fn one(n: u32) -> Result<u32> {
    Ok(n)
}

async fn fetch() -> u32 {
    4
}

#[durable]
async fn joined() -> Result<u32> {
    let (a, b) = tokio::join!(fetch(), fetch());
    Ok(a + b)
}

#[durable]
async fn tried() -> Result<u32> {
    let (a, b) = tokio::try_join!(one(1), one(2))?;
    Ok(a + b)
}

#[durable]
async fn selected() -> Result<u32> {
    Ok(tokio::select! { a = fetch() => a, b = fetch() => b })
}

#[durable]
async fn inside_another_macro() -> Result<Vec<u32>> {
    Ok(vec![tokio::join!(fetch(), fetch()).0, one(1).await?])
}

#[durable]
async fn inside_a_block_and_a_closure(items: Vec<u32>) -> Result<Vec<u32>> {
    parallel_map(items, |item, _| child!(async { Ok(tokio::join!(fetch(), fetch()).0 + item) })).await
}

fn main() {}
