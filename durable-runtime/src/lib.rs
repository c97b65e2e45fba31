//! Durable functions for Rust: ordinary async functions whose every `.await` is a checkpoint.
//!
//! A `#[durable] async fn` is to [`Operation`] what an `async fn` is to `Future`: inert until it is awaited inside
//! another `#[durable]` function, where `.await` means *checkpoint it, or replay it*. Anything else that is awaited
//! there does not compile.
//!
//! ```no_run
//! use durable_runtime::prelude::*;
//!
//! #[step(retry = exponential(max_attempts = 5, first = "1s"))]
//! async fn reserve(item: &str) -> Result<String> {
//!     Ok(format!("reserved {item}"))
//! }
//!
//! #[durable]
//! async fn order(items: Vec<String>) -> Result<Vec<String>> {
//!     let reserved = parallel_map(&items, |item, _| reserve(item)).max_concurrency(8).await?;
//!     sleep(hours(1)).await?;
//!     Ok(reserved)
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), BoxError> {
//!     durable_runtime::run(order).await
//! }
//! ```
//!
//! What is promised, everywhere: an operation's *recorded result* happens exactly once; a step's *body* runs at least
//! once, or at most once per attempt on request.

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
pub mod app;
mod batched;
pub mod clock;
mod completion;
mod core;
mod durations;
#[cfg(feature = "engine")]
pub mod engine;
mod error;
pub mod function;
pub mod handler;
#[cfg(feature = "server")]
pub mod host;
#[cfg(feature = "aws")]
mod lambda;
#[cfg(feature = "logging")]
pub mod logging;
mod operation;
mod operations;
pub mod plugin;
pub mod prelude;
mod retry;
mod serdes;
#[cfg(feature = "server")]
pub mod server;
pub mod service;
#[cfg(feature = "testing")]
pub mod testing;
pub mod wire;

pub use crate::app::{App, run};
pub use crate::batched::Batched;
pub use crate::completion::{CompletionReason, Progress, Verdict};
pub use crate::core::{Context, Execution, StepInfo};
pub use crate::durations::{days, hours, minutes, seconds};
pub use crate::error::{BoxError, CallbackError, Error, FailureKind, InvokeError, Result, StepFailure};
pub use crate::operation::{Boxed, Operation, Recordable};
pub use crate::operations::{
    After, BatchResult, Branch, Callback, CallbackHandle, CallbackResult, Child, ChildBody, Collection, Commit,
    Compensations, CurrentTime, Invoke, NewUuid, Outcome, Parallel, Race, Race2, Race3, Race4, Race5, Race6, Race7,
    Race8, RandomKind, RandomValue, Retrying, Saga, Settled, Sleep, Step, StepBody, UntilCondition, Untracked,
    WaitForCallback, WaitForCondition, callback, commit, current_time, invoke, invoke_with, new_uuid, parallel_all,
    parallel_map, random_value, retrying, sleep, sleep_until, untracked, wait_for_callback, wait_for_condition,
};
pub use crate::retry::{Jitter, RetryPolicy};
#[cfg(feature = "encryption")]
pub use crate::serdes::Encrypting;
pub use crate::serdes::{Codec, FileOverflow, Json, Serdes, SerdesPlace};
#[cfg(feature = "aws")]
pub use aws_sdk_lambda;
pub use durable_macros::{child, durable, parallel, race, record, step};
