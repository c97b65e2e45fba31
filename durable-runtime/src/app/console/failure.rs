//! Why a command did not do what was asked: a text for people and an exit code. Says what to do next.

use super::exit::Exit;
use crate::engine::EngineError;

/// A command's failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// What happened, where, and what to do next.
    pub(super) text: String,
    /// The exit code to end with.
    pub(super) exit: Exit,
}

impl Failure {
    /// It was asked wrongly.
    pub(super) fn usage(text: impl Into<String>) -> Self {
        Self { text: text.into(), exit: Exit::Usage }
    }

    /// It could not be done.
    pub(super) fn failed(text: impl Into<String>) -> Self {
        Self { text: text.into(), exit: Exit::Failed }
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        let asked_wrongly = matches!(
            error,
            EngineError::UnknownFunction { .. }
                | EngineError::InvalidName { .. }
                | EngineError::InvalidInput { .. }
                | EngineError::AlreadyStarted { .. }
                | EngineError::NoSuchExecution { .. }
                | EngineError::NoSuchCallback { .. }
                | EngineError::Ambiguous { .. }
        );
        Self { text: error.to_string(), exit: if asked_wrongly { Exit::Usage } else { Exit::Failed } }
    }
}
