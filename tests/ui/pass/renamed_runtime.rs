//! `crate = "path"` says where the runtime is, for attributes and for the blocks inside.
mod my {
    pub mod runtime {
        pub use ::durable_runtime::*;
    }
}

// The usual name leads nowhere here.
mod durable_runtime {}

use my::runtime::{Error, durable, step};

#[step(crate = "crate::my::runtime", retry = fixed(delay = "1s", jitter = full))]
async fn one(n: u32) -> Result<u32, Error> {
    Ok(n)
}

async fn plain(n: u32) -> std::io::Result<u32> {
    Ok(n)
}

#[durable(crate = "crate::my::runtime", write_through)]
async fn renamed(n: u32) -> Result<u32, Error> {
    let (a, b) = crate::my::runtime::parallel!(a = one(n), b = async { one(vec![one(n).await?][0]).await }).await?;
    Ok(a + b + record!(plain(n)).await?)
}

fn main() {
    drop(renamed(1));
}
