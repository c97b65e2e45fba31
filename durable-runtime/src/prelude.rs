//! What a durable function needs in scope: `use durable_runtime::prelude::*;`

pub use crate::batched::Batched;
pub use crate::durations::{days, hours, minutes, seconds};
pub use crate::error::{BoxError, CallbackError, Error, InvokeError, Result, StepFailure};
pub use crate::operation::Operation;
pub use crate::operations::{
    callback, commit, current_time, invoke, new_uuid, parallel_all, parallel_map, random_value, retrying, saga, sleep,
    sleep_until, untracked, wait_for_callback, wait_for_condition,
};
pub use crate::retry::{Jitter, RetryPolicy};
pub use crate::{Execution, StepInfo};
pub use durable_macros::{child, durable, parallel, race, record, step};
