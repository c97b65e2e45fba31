//! The service's data model under its own JSON names. Knows nothing of how an operation runs.
//!
//! Values arrive with unknown keys, absent members and three encodings of time; everything here reads
//! all of them and writes one.

mod error_object;
mod event;
mod history;
mod id;
mod json_text;
mod operation;
mod timestamp;
mod update;

pub use error_object::ErrorObject;
pub use event::{InvocationEvent, InvocationResponse, InvocationStatus, StatePage};
pub use history::{HistoryDetails, HistoryError, HistoryEvent, HistoryPayload, RetryDetails};
pub use id::{InvalidOperationId, OperationId};
pub(crate) use json_text::escaped_bytes;
pub use operation::{
    CallbackDetails, ChainedInvokeDetails, ContextDetails, ExecutionDetails, Operation, OperationStatus, OperationType,
    Operations, StepDetails, SubType, WaitDetails,
};
pub use timestamp::Timestamp;
pub use update::{
    Action, CallbackOptions, ChainedInvokeOptions, CheckpointRequest, CheckpointResponse, ContextOptions,
    OperationUpdate, StateRequest, StepOptions, WaitOptions,
};

/// The service's limits that the runtime and the engine both hold to.
pub mod limits {
    /// Bytes of one STEP, CONTEXT, CHAINED_INVOKE or CALLBACK payload.
    pub const PAYLOAD_BYTES: usize = 1024 * 1024;
    /// Bytes of a context's result that are stored inline; a larger one replays its children.
    pub const INLINE_CONTEXT_BYTES: usize = 256 * 1024;
    /// Bytes of a handler's result that fit into the invocation's answer; a larger one is checkpointed.
    pub const RESPONSE_BYTES: usize = 6 * 1024 * 1024 - 50;
    /// Bytes of one error object as JSON.
    pub const ERROR_BYTES: usize = 32_768;
    /// Characters of an operation's name, printable ASCII.
    pub const NAME_CHARS: usize = 256;
    /// Seconds of one wait or one retry delay: 366 days.
    pub const DELAY_SECONDS: u64 = 31_622_400;
    /// Seconds of a callback's timeouts.
    pub const CALLBACK_SECONDS: u64 = 99_999_999;
    /// Updates in one checkpoint request.
    pub const BATCH_UPDATES: usize = 250;
    /// Bytes of one checkpoint request.
    pub const BATCH_BYTES: usize = 750 * 1024;
}
