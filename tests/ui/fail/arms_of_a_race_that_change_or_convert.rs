use durable_runtime::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
struct Declined;

impl std::fmt::Display for Declined {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("declined")
    }
}

#[step]
async fn one(n: u32) -> Result<u32> {
    Ok(n)
}

#[durable]
async fn changing() -> Result<u32> {
    let mut count = 0;
    race!(
        a = async {
            count += one(1).await?;
            Ok(())
        } => |()| count,
        late = sleep(seconds(5)) => |_| 0,
    )
    .await
}

#[durable]
async fn converting() -> Result<u32, Declined> {
    race!(a = one(1) => |n| n, b = one(2) => |n| n).await
}

fn main() {}
