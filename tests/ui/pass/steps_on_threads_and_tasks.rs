//! Blocking and spawned steps own their arguments; a plain function is a step too.
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

use std::sync::Arc;

#[step(blocking)]
fn hash(data: Vec<u8>, salt: Arc<str>, label: &'static str) -> Result<usize> {
    Ok(data.len() + salt.len() + label.len())
}

#[step(spawn, retry = none)]
async fn crunch(data: Vec<u8>) -> Result<usize> {
    tokio::task::yield_now().await;
    Ok(data.len())
}

#[step(at_most_once)]
fn inline(data: &[u8]) -> Result<usize> {
    let length = data.first().map(|_| data.len()).ok_or("empty")?;
    Ok(length)
}

#[durable]
async fn heavy(data: Vec<u8>) -> Result<usize> {
    let (a, b) = parallel!(a = hash(data.clone(), "salt".into(), "x"), b = crunch(data.clone())).await?;
    Ok(a + b + inline(&data).await?)
}

fn main() {
    drop(heavy(vec![]));
}
