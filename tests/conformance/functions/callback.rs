//! The functions of suite `callback`.

use durable_runtime::App;

pub fn register(app: App) -> App {
    app
}
