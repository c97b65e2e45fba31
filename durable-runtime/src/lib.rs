//! Durable functions for Rust.

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
pub mod clock;
mod core;
mod durations;
#[cfg(feature = "engine")]
pub mod engine;
mod error;
pub mod function;
pub mod handler;
mod operation;
mod operations;
pub mod prelude;
mod retry;
mod serdes;
pub mod service;
#[cfg(feature = "testing")]
pub mod testing;
pub mod wire;

pub use crate::core::{Context, Execution, StepInfo};
pub use crate::durations::{days, hours, minutes, seconds};
pub use crate::error::{BoxError, Error, FailureKind, Result, StepFailure};
pub use crate::operation::{Boxed, Operation, Recordable};
pub use crate::operations::{
    Branch, Child, ChildBody, Collection, Commit, CurrentTime, NewUuid, Parallel, RandomKind, RandomValue, Sleep, Step,
    StepBody, Untracked, commit, current_time, new_uuid, parallel_all, parallel_map, random_value, sleep, sleep_until,
    untracked,
};
pub use crate::retry::{Jitter, RetryPolicy};
pub use durable_macros::{child, durable, parallel, record, step};
