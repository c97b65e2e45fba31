use durable_runtime::prelude::*;

type Result<T, E = durable_runtime::Error> = std::result::Result<T, E>;

#[step]
async fn one(n: u32) -> Result<u32> {
    Ok(n)
}

#[durable]
async fn workflow() -> Result<usize> {
    let mut seen = Vec::new();
    let _ = parallel!(
        a = async {
            seen.push(one(1).await?);
            Ok(())
        },
        b = one(2),
    )
    .await?;
    Ok(seen.len())
}

fn main() {}
