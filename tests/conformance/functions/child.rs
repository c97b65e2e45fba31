//! The functions of suite `child`.

use durable_runtime::App;

pub fn register(app: App) -> App {
    app
}
