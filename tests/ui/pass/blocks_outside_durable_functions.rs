//! A plain function builds operations with the same macros, with awaits in contexts of their own.
use durable_runtime::prelude::*;

type Result<T, E = durable_runtime::Error> = std::result::Result<T, E>;

#[step]
async fn one(n: u32) -> Result<u32> {
    Ok(n)
}

#[step]
async fn reserve(item: &str) -> Result<String> {
    Ok(item.to_owned())
}

fn both(item: &str) -> impl Operation<Output = Result<(String, usize, u32)>> {
    durable_runtime::parallel!(
        "both",
        a = reserve(item),
        b = async move {
            let reserved = vec![reserve(item).await?];
            Ok::<_, durable_runtime::Error>(reserved.len())
        },
        c = recorded(),
    )
}

async fn fetch() -> Result<u32> {
    Ok(1)
}

fn recorded() -> impl Operation<Output = Result<u32>> {
    record!(fetch())
}

fn nested(item: &str) -> impl Operation<Output = Result<u32>> {
    child!("nested", async move {
        let (_, _, n) = both(item).await?;
        Ok(n)
    })
}

#[durable]
async fn using(item: String) -> Result<u32> {
    let (_, length, n) = both(&item).await?;
    Ok(length as u32 + n + nested(&item).await?)
}

fn main() {
    drop(using(String::new()));
}
