//! The functions of suite `wait`.

use durable_runtime::App;

pub fn register(app: App) -> App {
    app
}
