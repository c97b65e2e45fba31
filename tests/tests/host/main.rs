//! Functions in other processes: a custom runtime over raw HTTP, in every way in which a process can come and go.

mod command_line;
mod crashes;
mod endpoints;
mod invocations;
mod processes;
mod restarts;
mod support;
