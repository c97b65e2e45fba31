use durable_runtime::prelude::*;

type Result<T, E = durable_runtime::Error> = std::result::Result<T, E>;

#[step]
async fn one(n: u32) -> Result<u32> {
    Ok(n)
}

#[durable]
async fn workflow(items: Vec<u32>) -> Result<u32> {
    for item in &items {
        child!(async {
            if one(*item).await? > 3 {
                break;
            }
            Ok(())
        })
        .await?;
    }
    Ok(1)
}

fn main() {}
