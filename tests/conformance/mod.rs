//! The official conformance requirements: the functions that they describe, and the runner that judges them. Without an
//! engine there are only the functions, for a host elsewhere to drive.

#[cfg(feature = "engine")]
mod actions;
#[cfg(feature = "engine")]
mod endpoint;
pub mod functions;
#[cfg(feature = "engine")]
mod in_process;
#[cfg(feature = "engine")]
mod json_text;
#[cfg(feature = "engine")]
mod log_records;
pub mod logs;
#[cfg(feature = "engine")]
mod matching;
#[cfg(feature = "engine")]
mod place;
#[cfg(feature = "engine")]
mod report;
#[cfg(feature = "engine")]
mod requirement;
#[cfg(feature = "engine")]
mod run;
#[cfg(feature = "engine")]
mod variables;

#[cfg(feature = "engine")]
pub use endpoint::Endpoint;
#[cfg(feature = "engine")]
pub use report::{Report, Verdict};
#[cfg(feature = "engine")]
pub use requirement::Requirement;
#[cfg(feature = "engine")]
pub use run::{run, run_at};
