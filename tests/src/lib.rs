//! Shared by the tests: a service that is as simple as can be, strict about tokens, and fails on request.

// Test code: it panics where a test would.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod scripted;

pub use scripted::{Fault, Scripted, durable_execution};
