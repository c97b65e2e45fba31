//! Durable functions for Rust.

#[cfg(feature = "engine")]
pub mod app;
pub mod clock;
#[cfg(feature = "engine")]
pub mod engine;
pub mod function;
pub mod service;
#[cfg(feature = "testing")]
pub mod testing;
pub mod wire;
