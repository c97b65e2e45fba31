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

async fn sent(text: &str) -> Result<u32> {
    Ok(text.len() as u32)
}

fn recorded_with_its_own(text: String) -> impl Operation<Output = Result<u32>> {
    record!(sent(&text))
}

fn recorded_for_each(texts: &[String]) -> impl Operation<Output = Result<Vec<u32>>> {
    parallel_map(texts, |text, _| record!(sent(text)))
}

fn said() -> impl Operation<Output = Result<u32>> {
    child!(async || -> Result<u32> {
        let text = String::from("kept");
        let n = record!(sent(&text)).await?;
        Ok(n + text.len() as u32)
    })
}

fn moved(text: String) -> impl Operation<Output = Result<(u32, usize)>> {
    parallel!(a = one(1), b = async move || -> Result<usize> {
        let n = reserve(&text).await?.len();
        Ok(n)
    })
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
    moved(item.clone()).await?;
    let more = recorded_with_its_own(item.clone()).await? + said().await?;
    let each = recorded_for_each(std::slice::from_ref(&item)).await?;
    Ok(more + each.len() as u32 + length as u32 + n + nested(&item).await?)
}

fn main() {
    drop(using(String::new()));
}
