//! The functions of suite `wait_for_callback`.

use durable_runtime::App;

pub fn register(app: App) -> App {
    app
}
