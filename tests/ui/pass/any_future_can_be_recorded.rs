//! `record!` takes whatever can be awaited: opaque, boxed, borrowed, generic, and what only becomes a future.
use std::future::{IntoFuture, Ready, ready};
use std::pin::Pin;
use std::sync::Arc;

use durable_runtime::prelude::*;

type BoxedFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
type Fails<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

trait Client: Send + Sync {
    fn get<'a>(&'a self, key: &'a str) -> BoxedFuture<'a, Fails<String>>;
}

trait Job {
    fn run(&self) -> impl Future<Output = std::io::Result<u32>> + Send;
}

struct Request<'a>(&'a str);

impl<'a> IntoFuture for Request<'a> {
    type Output = std::io::Result<&'a str>;
    type IntoFuture = Ready<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        ready(Ok(self.0))
    }
}

async fn lends<'a>(text: &'a str, _: &(dyn std::fmt::Debug + Sync)) -> Fails<&'a str> {
    Ok(text)
}

#[durable]
async fn recording<J: Job + Send + Sync>(client: Arc<dyn Client>, job: J, key: String) -> Result<String> {
    let mut all = record!(client.get(&key)).await?;
    all += &record!("lent", async { Ok(lends(&key, &1).await?.to_owned()) }).await?;
    all += &record!(async { Ok(Request(&key).await?.to_owned()) }).await?;
    let n = record!(job.run()).await?;
    let m: u32 = record!(ready(Fails::Ok(n))).await?;
    let text = parallel_map(&[1, 2], |n, _| record!(client.get(if *n == 1 { "one" } else { "two" }))).await?.concat();
    let owned = child!(async { record!(client.get(&text)).retry(RetryPolicy::none()).await }).await?;
    Ok(all + &owned + &m.to_string() + &record!(tokio::task::spawn_blocking(String::new)).await?)
}

fn plain(client: &dyn Client) -> impl Operation<Output = Result<String>> {
    record!("plain", async move {
        let text = client.get("plain").await?;
        Ok::<_, Error>(text)
    })
}

fn main() {
    let _ = plain;
}
