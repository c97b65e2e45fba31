//! The error of a recorded future converts into the function's and need not be serializable.
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

async fn read(path: &str) -> std::io::Result<String> {
    Ok(path.to_owned())
}

async fn boxed(path: &str) -> std::result::Result<String, Box<dyn std::error::Error + Send + Sync>> {
    Ok(path.to_owned())
}

struct Client;

impl Client {
    fn get(&self, path: &str) -> std::io::Result<Request> {
        Ok(Request(path.to_owned()))
    }
}

struct Request(String);

impl Request {
    async fn send(self) -> std::io::Result<String> {
        Ok(self.0)
    }
}

#[durable]
async fn recording(path: String) -> Result<String> {
    let client = Client;
    let mut all = record!(read(&path)).await?;
    all += &record!("by name", boxed(&path)).await?;
    all += &record!("block", async { Ok(read(&path).await? + &boxed("x").await?) }).await?;
    all += &record!(client.get(&path)?.send()).await?;
    all += &record!(async move {
        let owned = Client;
        let sent = owned.get("x")?.send().await?;
        Ok(sent)
    })
    .await?;
    Ok(all)
}

fn main() {
    drop(recording(String::new()));
}
