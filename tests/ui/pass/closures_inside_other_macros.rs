//! A block in a closure inside another macro owns the names of the closure, as it does outside of one.
use durable_runtime::prelude::*;

type Result<T, E = durable_runtime::Error> = std::result::Result<T, E>;

#[step]
async fn one(n: u32) -> Result<u32> {
    Ok(n)
}

macro_rules! first {
    ($a:expr, $b:expr) => {
        $a
    };
}

async fn fetch(n: u32) -> Result<u32> {
    Ok(n)
}

#[durable]
async fn workflow(items: Vec<u32>) -> Result<u32> {
    let built = vec![parallel_map(&items, |item, index| child!(async { Ok(one(*item).await? + index as u32) }))];
    let mut sum = 0;
    for batch in built {
        sum += batch.await?.len();
    }
    println!("{:?}", parallel_map(items.clone(), |item, _| record!(fetch(item))).await?);
    let moved = first!(parallel_map(items.clone(), move |item, _| child!(async move { one(item).await })).await?, 1);
    let last = items.len() as u32 | 1;
    let known = matches!(sum, 1 | 2) || vec![last | 4, { last } | 8].len() > 2;
    Ok(moved.len() as u32 + u32::from(known))
}

fn main() {
    drop(workflow(Vec::new()));
}
