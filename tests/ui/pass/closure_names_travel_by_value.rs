//! Names bound by a closure go into a block by value, everything else by reference.
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

async fn ask(id: &str, order: &str) -> Result<usize> {
    Ok(id.len() + order.len())
}

#[durable]
async fn asking(orders: Vec<String>, id: String) -> Result<usize> {
    let lengths = parallel_map(&orders, |order, index| {
        let id = format!("{id}{index}");
        let total = orders.iter().map(|order| order.len()).sum::<usize>();
        child!(async {
            let asked = record!(ask(&id, order)).await?;
            let inner = parallel_map(0..3u32, |n, _| {
                child!(async {
                    let n = one(n).await?;
                    record!(ask(&id, &orders[0])).await?;
                    Ok(n)
                })
            })
            .await?;
            Ok(asked + total + inner.len())
        })
    })
    .await?;
    let named = parallel_map(&orders, |order, index| {
        record!("named", ask(order, &id)).named(format!("ask-{index}"))
    })
    .await?;
    let formatted = parallel_map(0..2u32, |n, _| child!(async { reserve(&format!("{n}-{id}")).await })).await?;
    let scoped = parallel_map(&orders, |order, _| {
        if order.is_empty() {
            let length = order.len();
            println!("{length}");
        }
        child!(async {
            let length = id.len();
            println!("{length}");
            reserve(order).await
        })
    })
    .await?;
    let matched = parallel_map(vec![Some(1), None], |maybe, _| match maybe {
        Some(n) => child!(async { one(n).await }).boxed(),
        None => one(0).boxed(),
    })
    .await?;
    Ok(lengths.len() + named.len() + formatted.len() + scoped.len() + matched.len() + id.len() + orders.len())
}

fn main() {
    drop(asking(vec![], String::new()));
}
