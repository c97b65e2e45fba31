#![deny(unused_must_use, unreachable_code)]
use durable_runtime::prelude::*;

#[step]
async fn one(n: u32) -> Result<u32> {
    Ok(n)
}

#[durable]
async fn ignored() -> Result<u32> {
    race!(a = one(1) => |_| (), late = sleep(seconds(5)) => |_| ()).await;
    race!(a = one(1), late = sleep(seconds(5)));
    Ok(1)
}

#[durable]
async fn unreachable() -> Result<u32> {
    race!(
        a = one(1) => |n| {
            return Ok(n);
            one(n).await?;
        },
        late = sleep(seconds(5)) => |_| return Ok(0),
    )
    .await?;
    Ok(1)
}

fn main() {}
