//! What ends an invocation from inside, where user code cannot see it.

use crate::function::InvocationOutcome;
use crate::service::{ErrorClass, ServiceError};
use crate::wire::{ErrorObject, InvocationResponse};

/// The first of these that happens ends the invocation; the handler's future is dropped where it stands.
#[derive(Debug, Clone)]
pub(crate) enum Fatal {
    /// Today's code does not fit the recorded history. Holds the report.
    Diverged(String),
    /// A call to the service failed.
    Service(ServiceError),
    /// What stands between the record and the wire failed.
    Serdes(String),
    /// The service took updates and gave no token: the execution has ended without us.
    Ended,
}

impl From<Fatal> for InvocationOutcome {
    fn from(fatal: Fatal) -> Self {
        match fatal {
            Fatal::Diverged(report) => Self::Blocked(report),
            Fatal::Service(error) => {
                let object = ErrorObject::new(&*error.code, &*error.message);
                match error.class() {
                    ErrorClass::Terminal => Self::Answered(InvocationResponse::failed(Some(object))),
                    ErrorClass::StaleToken | ErrorClass::Retryable => Self::Failed(object),
                }
            }
            Fatal::Serdes(cause) => Self::Failed(ErrorObject::new("SerdesFailed", cause)),
            // The service ignores what is answered for an execution that has ended.
            Fatal::Ended => Self::Failed(ErrorObject::new("ExecutionEnded", "the execution ended during a checkpoint")),
        }
    }
}
