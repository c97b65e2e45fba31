//! The official conformance requirements: the functions that they describe, and the runner that judges them.

mod actions;
pub mod functions;
mod json_text;
pub mod logs;
mod matching;
mod report;
mod requirement;
mod run;
mod variables;

pub use report::{Report, Verdict};
pub use requirement::Requirement;
pub use run::run;
