//! The service's state machine for one execution: pure, without I/O. Time and identities come as arguments; what is
//! to be written is collected and handed to the store by the caller.

mod apply;
mod checkpoint;
mod execution;
mod history;
mod lifecycle;
mod pages;
mod records;
mod shape;
mod transitions;
mod validation;

pub(crate) use checkpoint::{Registry, Surroundings};
pub(crate) use execution::{Execution, Held, NewExecution, OpenInvocation, Parent, WriteSet, WrittenExecution};
pub(crate) use history::execution_started;
pub(crate) use lifecycle::{Next, RetryPolicy, Settlement};
pub(crate) use pages::PageSize;
pub(crate) use records::{CallbackTimes, Extra, Invoke, Record};
