//! Shared by the tests: a service that is as simple as can be, strict about tokens, and fails on request.

mod scripted;

pub use scripted::{Fault, Scripted, durable_execution};
