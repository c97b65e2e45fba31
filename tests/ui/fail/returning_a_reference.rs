use durable_runtime::prelude::*;

type Result<T, E = durable_runtime::Error> = std::result::Result<T, E>;

#[step]
async fn pick<'a>(text: &'a str) -> Result<&'a str> {
    Ok(text)
}

fn main() {}
