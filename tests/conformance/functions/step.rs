//! The functions of suite `step`.

use durable_runtime::App;
use durable_runtime::prelude::*;

#[step]
async fn greet(name: &str) -> Result<String> {
    Ok(format!("Hello, {name}!"))
}

#[durable]
async fn basic(name: String) -> Result<String> {
    greet(&name).await
}

pub fn register(app: App) -> App {
    app.register("1-1", basic)
}
