//! A block that says `move` owns what it captures, and may consume it.
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

fn consume(text: String) -> usize {
    text.len()
}

struct Connection;

impl Connection {
    async fn query(&self) -> Result<u32> {
        Ok(1)
    }
}

#[durable]
async fn moving(first: String, second: String, connection: Connection) -> Result<usize> {
    let (a, b) = parallel!(
        a = async move {
            let length = consume(first);
            one(1).await?;
            Ok(length)
        },
        b = async move {
            let reserved = reserve(&second).await?;
            drop(second);
            Ok(reserved)
        },
    )
    .await?;
    let borrowed = child!(async { record!(connection.query()).await }).await?;
    Ok(a + b.len() + borrowed as usize)
}

fn main() {
    drop(moving(String::new(), String::new(), Connection));
}
