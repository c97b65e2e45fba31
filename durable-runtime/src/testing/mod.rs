//! What users test durable functions with.

mod virtual_clock;

pub use virtual_clock::VirtualClock;
