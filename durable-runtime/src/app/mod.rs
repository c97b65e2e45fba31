//! The program that a user's `main` runs, and its command line over the embedded engine: what a binary with durable
//! functions is when it does not run on AWS. Knows nothing of the types of functions, and of the engine only its public
//! surface.

#[cfg(feature = "engine")]
mod callback;
#[cfg(feature = "engine")]
mod callback_path;
#[cfg(feature = "engine")]
mod command;
#[cfg(feature = "engine")]
mod console;
#[cfg(feature = "engine")]
mod exit;
#[cfg(feature = "engine")]
mod failure;
#[cfg(feature = "engine")]
mod follow;
#[cfg(feature = "engine")]
mod help;
#[cfg(feature = "server")]
mod host;
#[cfg(feature = "engine")]
mod input;
#[cfg(feature = "engine")]
mod inspect;
#[cfg(feature = "engine")]
mod painter;
mod program;
#[cfg(feature = "engine")]
mod progress;
#[cfg(feature = "engine")]
mod render;
#[cfg(feature = "engine")]
mod run;
#[cfg(feature = "server")]
mod serve;
#[cfg(feature = "engine")]
mod stop;
#[cfg(feature = "engine")]
mod suggest;
#[cfg(feature = "engine")]
mod table;
#[cfg(feature = "engine")]
mod terminal;
#[cfg(feature = "engine")]
mod text;
#[cfg(feature = "engine")]
mod tree;
mod typed;

#[cfg(feature = "engine")]
pub use exit::Exit;
pub use program::{App, InputCheck};
#[cfg(feature = "engine")]
pub use terminal::Terminal;
pub use typed::run;
