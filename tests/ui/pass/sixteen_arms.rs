//! `parallel!` takes up to 16 arms of different types, in parentheses or in braces.
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

#[durable]
async fn sixteen(text: String) -> Result<u32> {
    let all = parallel!(
        a0 = async { Ok(reserve(&text).await?.len()) },
        a1 = one(1),
        a2 = async { Ok(reserve(&text).await?.len()) },
        a3 = one(3),
        a4 = async { Ok(reserve(&text).await?.len()) },
        a5 = one(5),
        a6 = async { Ok(reserve(&text).await?.len()) },
        a7 = one(7),
        a8 = async { Ok(reserve(&text).await?.len()) },
        a9 = one(9),
        a10 = async { Ok(reserve(&text).await?.len()) },
        a11 = one(11),
        a12 = async { Ok(reserve(&text).await?.len()) },
        a13 = one(13),
        a14 = async { Ok(reserve(&text).await?.len()) },
        a15 = one(15),
    )
    .await?;
    let few = parallel! { "few", only = one(1) }.await?;
    Ok(all.1 + all.14 as u32 + few.0)
}

fn main() {
    drop(sixteen(String::new()));
}
