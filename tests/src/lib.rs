//! Shared by the tests: a service that is as simple as can be, strict about tokens, and fails on request.

#[cfg(feature = "engine")]
mod callbacks;
#[path = "../conformance/mod.rs"]
pub mod conformance;
mod pages;
#[cfg(feature = "engine")]
pub mod runtime;
mod scripted;

#[cfg(feature = "engine")]
pub use callbacks::callback_id;
pub use pages::PAGES;
pub use scripted::{Fault, Scripted, durable_execution};

/// The example of the README is compiled like any other.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;

/// The examples of the pages are, too.
#[cfg(doctest)]
#[doc = include_str!("../../docs/plugins.md")]
pub struct Plugins;

/// See [`Plugins`].
#[cfg(doctest)]
#[doc = include_str!("../../docs/logging.md")]
pub struct Logging;
