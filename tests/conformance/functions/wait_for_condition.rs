//! The functions of suite `wait_for_condition`.

use durable_runtime::App;

pub fn register(app: App) -> App {
    app
}
