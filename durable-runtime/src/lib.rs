//! Durable functions for Rust.

pub mod clock;
pub mod function;
pub mod service;
pub mod wire;
