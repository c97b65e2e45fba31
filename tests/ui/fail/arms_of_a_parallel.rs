use durable_runtime::prelude::*;

type Result<T, E = durable_runtime::Error> = std::result::Result<T, E>;

#[step]
async fn one(n: u32) -> Result<u32> {
    Ok(n)
}

#[durable]
async fn too_many() -> Result<u32> {
    let all = parallel!(
        a = one(1), b = one(1), c = one(1), d = one(1), e = one(1), f = one(1), g = one(1), h = one(1), i = one(1),
        j = one(1), k = one(1), l = one(1), m = one(1), n = one(1), o = one(1), p = one(1), q = one(1),
    )
    .await?;
    Ok(all.0)
}

#[durable]
async fn none() -> Result<()> {
    parallel!().await
}

#[durable]
async fn twice() -> Result<u32> {
    Ok(parallel!(a = one(1), a = one(2)).await?.0)
}

#[durable]
async fn nameless() -> Result<u32> {
    Ok(parallel!(one(1), one(2)).await?.0)
}

#[durable]
async fn not_an_operation() -> Result<u32> {
    Ok(parallel!(a = 1, b = one(2)).await?.1)
}

fn outside() -> impl Operation {
    durable_runtime::parallel!()
}

fn main() {}
