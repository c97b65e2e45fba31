//! The operations of the DSL, one file each. They know the replay core, and nothing of hosts or transports.

mod batch;
mod batch_record;
mod batch_settings;
mod branch;
mod builder;
mod callback;
mod child;
mod collection;
mod commit;
mod invoke;
mod outcome;
mod parallel;
mod recorded_values;
mod settled;
mod sleep;
mod step;
mod step_body;
mod untracked;
mod wait_for_callback;

pub use callback::{Callback, CallbackHandle, CallbackResult, callback};
pub use child::{Child, ChildBody};
pub use collection::{Collection, parallel_all, parallel_map};
pub use commit::{Commit, commit};
pub use invoke::{Invoke, invoke};
pub use parallel::{Branch, Parallel};
pub use recorded_values::{CurrentTime, NewUuid, RandomKind, RandomValue, current_time, new_uuid, random_value};
pub use settled::{BatchResult, Outcome, Settled};
pub use sleep::{Sleep, sleep, sleep_until};
pub use step::Step;
pub use step_body::StepBody;
pub use untracked::{Untracked, untracked};
pub use wait_for_callback::{WaitForCallback, wait_for_callback};
