//! The functions of suite `parallel`.

use durable_runtime::App;

pub fn register(app: App) -> App {
    app
}
