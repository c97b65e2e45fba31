//! The embedded engine through its public surface: scripted functions send raw checkpoints, in virtual time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod backoff;
mod blocked;
mod callbacks;
mod damage;
mod fence;
mod invokes;
mod late;
mod lifecycle;
mod ownership;
mod pages;
mod scale;
mod shutdown;
mod steps;
mod store;
mod support;
mod tokens;
mod validation;
mod waits;
