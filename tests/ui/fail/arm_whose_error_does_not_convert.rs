use durable_runtime::prelude::*;

type Result<T, E = durable_runtime::Error> = std::result::Result<T, E>;

#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct PayError;

impl std::fmt::Display for PayError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("pay")
    }
}

#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct TopError;

impl std::fmt::Display for TopError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("top")
    }
}

#[step]
async fn pay() -> Result<u32, PayError> {
    Ok(1)
}

async fn fetch() -> Result<u32, PayError> {
    Ok(1)
}

#[durable]
async fn workflow() -> Result<u32, TopError> {
    let (a, b) = parallel!(a = pay(), b = pay()).await?;
    Ok(a + b)
}

#[durable]
async fn recording() -> Result<u32, TopError> {
    record!(fetch()).await
}

fn main() {}
