//! The checkout as people run it: real processes, real files, real HTTP, the machine's clock.

mod checkout;
mod kill;
mod support;
