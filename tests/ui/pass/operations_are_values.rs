//! Operations are stored, passed, boxed and returned before they are awaited.
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

use std::collections::BTreeMap;

fn helper(item: &str) -> impl Operation<Output = Result<String>> {
    reserve(item)
}

#[durable]
async fn collecting(items: Vec<String>) -> Result<usize> {
    let first = helper("first").await?;
    let later = reserve("later");
    let maybe = if items.is_empty() { Some(one(1)) } else { None };
    if let Some(operation) = maybe {
        operation.await?;
    }
    later.await?;
    let mut operations = Vec::new();
    for item in &items {
        operations.push(reserve(item));
    }
    for operation in operations {
        operation.await?;
    }
    let choice = if first.is_empty() { reserve("a").boxed() } else { helper(&first).boxed() };
    choice.await?;
    let mut named = BTreeMap::new();
    named.insert(1, reserve("q"));
    for (_, operation) in named {
        operation.await?;
    }
    let all = parallel_all(items.iter().filter(|item| !item.is_empty()).map(|item| helper(item))).await?;
    Ok(all.len())
}

fn main() {
    drop(collecting(vec![]));
}
