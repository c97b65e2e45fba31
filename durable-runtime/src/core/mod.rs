//! The replay core: what is recorded, what is due, what waits. It does no I/O and reads no clock; the outside
//! comes in through [`DurableService`](crate::service::DurableService) and [`Clock`](crate::clock::Clock).

mod alarm;
mod ambient;
mod body;
mod checkpointer;
mod contained;
mod context;
mod divergence;
mod driver;
mod fatal;
mod gate;
mod ids;
mod journal;
mod name;
mod observer;
mod outbox;
mod parked;
mod shared;
mod supervise;
mod waits;
mod wakers;

pub use ambient::{Execution, StepInfo};
pub(crate) use ambient::{carried, carried_call, now};
pub(crate) use body::{Live, run_body, run_untracked};
pub(crate) use contained::Contained;
pub use context::Context;
pub(crate) use context::{Claim, Spec};
pub(crate) use divergence::Mismatch;
pub(crate) use driver::{Ended, Root, drive};
pub(crate) use gate::Gate;
pub(crate) use ids::operation_id;
pub use name::Name;
pub(crate) use observer::{FunctionRun, Observed};
pub(crate) use supervise::supervise;
pub(crate) use wakers::{Noticing, sanctioned};
