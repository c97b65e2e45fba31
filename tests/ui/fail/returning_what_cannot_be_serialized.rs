use durable_runtime::prelude::*;

type Result<T, E = durable_runtime::Error> = std::result::Result<T, E>;

#[derive(Debug)]
struct Handle;

impl std::fmt::Display for Handle {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("handle")
    }
}

#[step]
async fn open() -> Result<Handle> {
    Ok(Handle)
}

#[step]
async fn fail() -> Result<u32, Handle> {
    Ok(1)
}

#[durable]
async fn workflow() -> Result<Handle> {
    open().await
}

fn main() {}
