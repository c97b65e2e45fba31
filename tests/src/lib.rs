//! Shared by the tests: a service that is as simple as can be, strict about tokens, and fails on request.

mod callbacks;
#[path = "../conformance/mod.rs"]
pub mod conformance;
mod pages;
mod scripted;

pub use callbacks::callback_id;
pub use pages::PAGES;
pub use scripted::{Fault, Scripted, durable_execution};

/// The example of the README is compiled like any other.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
