//! The command line, driven as a person drives it: arguments in, output, messages and an exit code out. The functions
//! are scripts against the raw service, so that these tests need nothing of the replay core.

// Clippy knows test functions, not their helpers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod callbacks;
mod changed_code;
mod errors;
mod inspect;
mod running;
mod support;
