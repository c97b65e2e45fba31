//! The macros of `durable-runtime`.
