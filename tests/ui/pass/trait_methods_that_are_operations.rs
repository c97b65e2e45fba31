//! A trait declares an operation, an implementation is a step, a default is durable; no lint fires.
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

#[deny(warnings)]
mod quiet {
    use super::*;

    pub trait Flow: Sync {
        fn go(&self, n: u32) -> impl Operation<Output = Result<u32>>;

        #[durable]
        async fn twice(&self, n: u32) -> Result<u32> {
            let n = self.go(n).await?;
            self.go(n).await
        }
    }

    pub struct Real;

    impl Flow for Real {
        #[step]
        async fn go(&self, n: u32) -> Result<u32> {
            Ok(n)
        }
    }

    #[durable]
    pub async fn generic<F: Flow>(flow: &F) -> Result<u32> {
        let (a, b) = parallel!(a = flow.go(1), b = async { Ok(flow.twice(2).await?) }).await?;
        Ok(a + b)
    }
}

fn main() {
    drop(quiet::generic(&quiet::Real));
}
