//! The durable functions of the requirements, one module per suite, each function registered under its requirement's
//! id. Written as a user would write them: they know nothing of the runner.

pub mod callback;
pub mod child;
pub mod invoke;
pub mod map;
pub mod parallel;
pub mod plugin;
pub mod step;
pub mod targets;
pub mod wait;
pub mod wait_for_callback;
pub mod wait_for_condition;

use durable_runtime::App;

/// The functions whose requirements ask for the events of replayed code too.
pub const KEEP_REPLAYED: [&str; 2] = ["3-11", "3-17"];

/// The program with all of them, as the binary `conformance-functions` runs it.
#[must_use]
pub fn app() -> App {
    let suites: [fn(App) -> App; 10] = [
        step::register,
        wait::register,
        child::register,
        callback::register,
        invoke::register,
        wait_for_condition::register,
        wait_for_callback::register,
        parallel::register,
        map::register,
        plugin::register,
    ];
    suites.into_iter().fold(App::new(), |app, register| register(app))
}
