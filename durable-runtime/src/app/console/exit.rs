//! Exit codes: what a script learns without reading anything.

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It did what was asked; a followed execution succeeded.
    Succeeded,
    /// It could not, or a followed execution failed, timed out or was stopped.
    Failed,
    /// It was asked wrongly: nothing was done.
    Usage,
    /// A followed execution is BLOCKED: today's code does not fit its history. A mended build resumes it.
    Blocked,
    /// It was interrupted; followed executions are kept and can be resumed.
    Interrupted,
}

impl Exit {
    /// The process's exit code: 0, 1, 2, 3, and 130 as shells count an interrupted program.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Succeeded => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Blocked => 3,
            Self::Interrupted => 130,
        }
    }

    /// The exit of a command that followed several executions: the one that most needs a person wins.
    #[must_use]
    pub fn worst(self, other: Self) -> Self {
        const BY_NEED: [Exit; 5] = [Exit::Interrupted, Exit::Blocked, Exit::Usage, Exit::Failed, Exit::Succeeded];
        BY_NEED.into_iter().find(|exit| *exit == self || *exit == other).unwrap_or(self)
    }
}
