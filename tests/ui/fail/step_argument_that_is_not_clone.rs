use durable_runtime::prelude::*;

type Result<T, E = durable_runtime::Error> = std::result::Result<T, E>;

struct Connection;

impl Connection {
    async fn put(&self, n: u32) -> Result<u32> {
        Ok(n)
    }
}

#[step]
async fn save(connection: Connection, n: u32) -> Result<u32> {
    connection.put(n).await
}

#[step]
async fn generic<T: Send + Sync>(value: T) -> Result<()> {
    drop(value);
    Ok(())
}

fn main() {}
