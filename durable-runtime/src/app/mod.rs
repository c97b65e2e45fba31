//! The command line over the embedded engine: what a binary with durable functions is when it does not run on AWS.
//! Knows nothing of the types of functions, and of the engine only its public surface.

mod callback;
mod callback_path;
mod command;
mod exit;
mod failure;
mod follow;
mod help;
mod input;
mod inspect;
mod painter;
mod program;
mod progress;
mod render;
mod run;
mod stop;
mod suggest;
mod table;
mod terminal;
mod text;
mod tree;
mod typed;

pub use exit::Exit;
pub use program::{App, InputCheck};
pub use terminal::Terminal;
pub use typed::run;

use crate::error::BoxError;
