//! The program that a user's `main` runs: on AWS Lambda, or as a command line over the embedded engine. Knows nothing of
//! what functions do.

#[cfg(feature = "engine")]
mod console;
mod program;
mod typed;

#[cfg(feature = "engine")]
pub use console::{Exit, Terminal};
pub use program::{App, InputCheck};
pub use typed::run;
