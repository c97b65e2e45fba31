//! The official conformance requirements: the functions that they describe, and the runner that judges them.

pub mod functions;
