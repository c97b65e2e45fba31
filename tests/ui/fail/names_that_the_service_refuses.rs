use durable_runtime::prelude::*;

type Result<T, E = durable_runtime::Error> = std::result::Result<T, E>;

#[step(name = "")]
async fn empty(n: u32) -> Result<u32> {
    Ok(n)
}

#[step(name = "größe")]
async fn not_ascii(n: u32) -> Result<u32> {
    Ok(n)
}

#[step]
async fn größe(n: u32) -> Result<u32> {
    Ok(n)
}

#[durable]
async fn workflow() -> Result<u32> {
    let (a,) = parallel!("two\nlines", a = größe(1)).await?;
    let (ä,) = parallel!(ä = größe(1)).await?;
    Ok(a + ä)
}

fn main() {}
