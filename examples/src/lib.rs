//! What the example programs share. Each program in `src/bin` shows one pattern; `shop` is the world that the
//! checkout acts on and knows nothing of durable execution: steps call it like any other code.

pub mod program;
pub mod shop;
