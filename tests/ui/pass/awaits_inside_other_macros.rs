//! A checkpoint may stand inside any macro whose arguments are expressions.
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

macro_rules! both {
    ($a:expr, $b:expr) => {
        ($a, $b)
    };
}

macro_rules! twice {
    ($e:expr) => {{
        let first = $e;
        let second = $e;
        (first, second)
    }};
}

#[durable]
async fn inside(n: u32) -> Result<u32> {
    if matches!(one(n).await?, 1..=5) {
        println!("{}", one(1).await?);
    }
    let (a, b) = both!(one(1).await?, one(2).await?);
    let (c, d) = twice!(one(3).await?);
    let list = vec![one(1).await?; 3];
    let text = format!("{} {a}", reserve("x").await?);
    assert_eq!(one(1).await?, 1, "recorded");
    assert!(one(2).await? > 1);
    tracing::info!(value = ?one(3).await?);
    let blocks = vec![child!(async { one(1).await }).await?, parallel!(x = one(1)).await?.0];
    let made = parallel_map(0..2, |n, _| both!(child!(async { one(n).await }), 1).0).await?;
    Ok(a + b + c + d + (list.len() + text.len() + blocks.len() + made.len()) as u32)
}

fn main() {
    drop(inside(1));
}
