//! What ends an invocation from inside, where user code cannot see it.

use super::divergence::DIVERGED;
use crate::function::{Divergence, InvocationOutcome};
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
    /// The host is about to end the invocation, and a request has no answer.
    OutOfTime,
}

impl Fatal {
    /// What the host is told. `on_divergence` is what it wants to hear of a divergent run.
    pub(crate) fn outcome(self, on_divergence: Option<Divergence>) -> InvocationOutcome {
        let failed_execution = |error| InvocationOutcome::Answered(InvocationResponse::failed(Some(error)));
        let failed_invocation = |kind: &str, message: &str| InvocationOutcome::Failed(ErrorObject::new(kind, message));
        match self {
            Self::Diverged(report) => {
                tracing::error!(report, "this run does not fit its history");
                match on_divergence {
                    None => InvocationOutcome::Blocked(report),
                    Some(Divergence::FailExecution) => failed_execution(ErrorObject::new(DIVERGED, report)),
                    Some(Divergence::FailInvocation) => failed_invocation(DIVERGED, &report),
                }
            }
            Self::Service(error) => {
                // Without an answer there is no code either, and an error has to be called something.
                let code = if error.code.is_empty() { "ServiceUnreachable" } else { &*error.code };
                let object = ErrorObject::new(code, &*error.message);
                match error.class() {
                    ErrorClass::Terminal => failed_execution(object),
                    ErrorClass::StaleToken | ErrorClass::Retryable => InvocationOutcome::Failed(object),
                }
            }
            Self::Serdes(cause) => failed_invocation("SerdesFailed", &cause),
            Self::OutOfTime => failed_invocation(
                "InvocationDeadline",
                "the invocation's time was over before the service answered a request; the next one finds what was recorded",
            ),
            // The service ignores what is answered for an execution that has ended.
            Self::Ended => failed_invocation("ExecutionEnded", "the execution ended during a checkpoint"),
        }
    }
}
