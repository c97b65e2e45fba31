//! Methods take self by reference, by value and in an Arc.
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

use std::sync::Arc;

#[derive(Clone)]
struct Service {
    url: String,
}

impl Service {
    #[step]
    async fn by_reference(&self, n: u32) -> Result<u32> {
        Ok(n + self.url.len() as u32 + Self::constant())
    }

    #[step]
    async fn by_value(self, n: u32) -> Result<u32> {
        let url = self.url;
        Ok(n + url.len() as u32)
    }

    #[step]
    async fn shared(self: Arc<Self>, n: u32) -> Result<u32> {
        Ok(n + self.url.len() as u32)
    }

    #[step]
    async fn typed_reference(self: &Self) -> Result<u32> {
        Ok(self.url.len() as u32)
    }

    fn constant() -> u32 {
        1
    }

    async fn quote(&self, item: &str) -> Result<u64> {
        Ok(item.len() as u64)
    }

    #[durable]
    async fn workflow(&self, items: &[String]) -> Result<u64> {
        let (a, b) = parallel!(
            a = record!(self.quote("x")),
            b = async {
                let quotes = parallel_map(items, |item, _| record!(self.quote(item))).await?;
                Ok(quotes.iter().sum::<u64>())
            },
        )
        .await?;
        Ok(a + b + u64::from(self.by_reference(1).await?) + u64::from(self.typed_reference().await?))
    }

    #[durable]
    async fn shared_workflow(self: Arc<Self>) -> Result<u32> {
        let n = self.clone().shared(1).await?;
        self.by_reference(n).await
    }

    #[durable]
    async fn consuming_workflow(mut self, n: u32) -> Result<u32> {
        self.url.push('/');
        self.by_value(n).await
    }

    #[durable]
    async fn associated(n: u32) -> Result<u32> {
        Self { url: String::new() }.consuming_workflow(n).await
    }
}

fn main() {
    let service = Arc::new(Service { url: String::new() });
    drop(service.workflow(&[]));
    drop(service.shared_workflow());
    drop(Service::associated(1));
}
