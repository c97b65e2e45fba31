//! What a durable function needs in scope: `use durable_runtime::prelude::*;`

pub use crate::durations::{days, hours, minutes, seconds};
pub use crate::error::{BoxError, Error, Result, StepFailure};
pub use crate::operation::Operation;
pub use crate::operations::{
    commit, current_time, new_uuid, parallel_all, parallel_map, random_value, sleep, sleep_until, untracked,
};
pub use crate::retry::{Jitter, RetryPolicy};
pub use crate::{Execution, StepInfo};
pub use durable_macros::{child, durable, parallel, record, step};
