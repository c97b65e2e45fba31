//! The functions of suite `plugin`.

use durable_runtime::App;

pub fn register(app: App) -> App {
    app
}
