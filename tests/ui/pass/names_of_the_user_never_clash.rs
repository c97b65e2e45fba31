//! Names that the expansion uses may be the user's own.
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

struct Context;
struct Child;
struct Branch;
struct Parallel;
struct Owned;
mod core {}
mod std_ {}

#[durable]
async fn shadowing(n: u32) -> Result<u32> {
    let (_, _, _, _, _) = (Context, Child, Branch, Parallel, Owned);
    let __durable = 2;
    let __env = 3;
    let cx = 1;
    let (a, b) = parallel!(
        a = async {
            let y = one(__env).await?;
            Ok(y + __durable)
        },
        b = one(cx),
    )
    .await?;
    let c = parallel_map(0..2, |__env, _| child!(async { one(__env).await })).await?;
    Ok(a + b + n + c.len() as u32)
}

#[durable]
async fn r#match(r#type: u32) -> Result<u32> {
    let (r#in,) = parallel!(r#in = one(r#type)).await?;
    Ok(r#in)
}

#[step]
async fn run(__out: u32) -> Result<u32> {
    Ok(__out)
}

#[durable]
async fn calls() -> Result<u32> {
    Ok(run(1).await? + r#match(2).await? + shadowing(3).await?)
}

fn main() {
    drop(calls());
}
