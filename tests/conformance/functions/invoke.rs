//! The functions of suite `invoke`.

use durable_runtime::App;

pub fn register(app: App) -> App {
    app
}
