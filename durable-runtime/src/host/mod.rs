//! Functions in other processes: runs any program with a Lambda runtime in it, in any language, and speaks the Lambda
//! Runtime API to it. Knows nothing of what a durable function does: to the engine each is one more
//! [`Function`](crate::function::Function).
//!
//! [`FunctionHost`] is one function: a command that is started when it is needed, in as many processes as there are
//! invocations at a time up to a maximum, each of which gets one event after the other; or the address of a Lambda
//! Invoke endpoint. [`InvokeServer`] serves such functions to others, without executions of its own.

mod assignment;
mod call;
mod capture;
mod connection;
mod endpoint;
mod environment;
mod function;
mod logs;
mod options;
mod outcome;
mod pool;
mod process;
mod roster;
mod runtime_api;
mod stage;
mod supervisor;
mod trace;

pub use assignment::{Assignment, InvalidAssignment, Target};
pub use call::{Call, Reply};
pub use function::FunctionHost;
pub use logs::{LogLine, LogPage, Logs};
pub use options::HostOptions;
