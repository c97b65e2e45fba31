//! The functions of suite `map`.

use durable_runtime::App;

pub fn register(app: App) -> App {
    app
}
