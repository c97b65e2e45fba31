//! The HTTP API over the embedded engine: raw requests against a server on a port of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod bodies;
mod callbacks;
mod client;
mod data_plane;
mod events;
mod executions;
mod functions;
mod guards;
mod history;
mod invoke;
mod list;
mod paths;
mod shutdown;
