//! Durable functions and steps come out of macro_rules, and macros give operations.
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

macro_rules! workflow {
    ($name:ident, $result:ty, $value:expr) => {
        #[durable]
        async fn $name(n: u32) -> Result<$result> {
            let x = one(n).await?;
            Ok(x as $result + $value)
        }
    };
}

macro_rules! call {
    ($n:expr) => {
        one($n)
    };
}

workflow!(wide, u64, 1);
workflow!(narrow, u32, 2);

#[durable]
async fn calls() -> Result<u64> {
    let operation = call!(3);
    let n = operation.await?;
    Ok(wide(n).await? + u64::from(narrow(call!(4).await?).await?))
}

fn main() {
    drop(calls());
}
