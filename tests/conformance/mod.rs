//! The official conformance requirements: the functions that they describe, and the runner that judges them.

mod actions;
mod endpoint;
pub mod functions;
mod in_process;
mod json_text;
pub mod logs;
mod matching;
mod place;
mod report;
mod requirement;
mod run;
mod variables;

pub use endpoint::Endpoint;
pub use report::{Report, Verdict};
pub use requirement::Requirement;
pub use run::{run, run_at};
