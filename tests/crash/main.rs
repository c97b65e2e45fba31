//! The checkout as people run it: real processes, real files, real HTTP, the machine's clock.

// Clippy knows test functions, not their helpers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod checkout;
mod kill_at_random;
mod kill_each_step;
mod kill_suspended;
mod serve;
mod support;
mod unkilled;
