use durable_runtime::prelude::*;

type Result<T, E = durable_runtime::Error> = std::result::Result<T, E>;

#[step]
async fn one(n: u32) -> Result<u32> {
    Ok(n)
}

/// What `join!` and `select!` ask of their arguments.
async fn join<A: Future, B: Future>(a: A, b: B) -> (A::Output, B::Output) {
    (a.await, b.await)
}

#[durable]
async fn joining() -> Result<u32> {
    let (a, b) = untracked(join(one(1), one(2))).await;
    Ok(a? + b?)
}

fn main() {}
