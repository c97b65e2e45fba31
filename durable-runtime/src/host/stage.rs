//! The life of one function process, as a table. Does nothing.

/// Where a process is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// It was started and has not asked for an event yet.
    Starting,
    /// It asks for an event.
    Idle,
    /// An event was chosen for it, and is not on its way yet.
    Offered,
    /// It was given an event and has not answered.
    Busy,
    /// It has answered, or its question was cut off, and it does not ask again yet.
    Returning,
    /// It was told to end, and gets no event any more.
    Ending,
}

/// What happens to a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Occasion {
    /// It asks for an event.
    Asks,
    /// An event is chosen for it.
    Offer,
    /// The chosen event is handed to its connection.
    Delivery,
    /// Its question was cut off before it has read an event.
    CutOff,
    /// It answers.
    Answer,
    /// It says that it cannot start.
    InitError,
    /// It takes too long, or the host is closed.
    End,
}

/// Whose invocation fails when a process is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blame {
    /// The one that has waited longest: it is what the process was started for.
    Oldest,
    /// The one that it was given.
    Own,
    /// None: what was chosen for it and not delivered goes to another process.
    Nobody,
}

/// What may follow what. Anything else is refused.
const TRANSITIONS: [(Stage, Occasion, Stage); 17] = [
    (Stage::Starting, Occasion::Asks, Stage::Idle),
    (Stage::Starting, Occasion::InitError, Stage::Ending),
    (Stage::Starting, Occasion::End, Stage::Ending),
    // Asking again on another connection takes the place of the first question.
    (Stage::Idle, Occasion::Asks, Stage::Idle),
    (Stage::Idle, Occasion::Offer, Stage::Offered),
    (Stage::Idle, Occasion::CutOff, Stage::Returning),
    (Stage::Idle, Occasion::End, Stage::Ending),
    (Stage::Offered, Occasion::Asks, Stage::Idle),
    (Stage::Offered, Occasion::Delivery, Stage::Busy),
    (Stage::Offered, Occasion::CutOff, Stage::Returning),
    (Stage::Offered, Occasion::End, Stage::Ending),
    (Stage::Busy, Occasion::Answer, Stage::Returning),
    (Stage::Busy, Occasion::CutOff, Stage::Returning),
    (Stage::Busy, Occasion::End, Stage::Ending),
    (Stage::Returning, Occasion::Asks, Stage::Idle),
    (Stage::Returning, Occasion::End, Stage::Ending),
    // The answer of a process that is being killed counts if it comes before its end.
    (Stage::Ending, Occasion::Answer, Stage::Ending),
];

impl Stage {
    /// The stage after `occasion`, if that may happen now.
    pub(super) fn after(self, occasion: Occasion) -> Option<Self> {
        let row = TRANSITIONS.iter().find(|(from, what, _)| *from == self && *what == occasion);
        row.map(|(_, _, next)| *next)
    }

    /// Whose invocation fails when the process ends here.
    pub(super) const fn blame(self) -> Blame {
        match self {
            Self::Starting => Blame::Oldest,
            Self::Busy => Blame::Own,
            Self::Idle | Self::Offered | Self::Returning | Self::Ending => Blame::Nobody,
        }
    }

    /// Whether the process will ask for an event without anybody's doing.
    pub(super) const fn is_coming(self) -> bool {
        matches!(self, Self::Starting | Self::Returning)
    }

    /// The stage's name in the messages of the Runtime API.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Starting => "Starting",
            Self::Idle => "Idle",
            Self::Offered => "Offered",
            Self::Busy => "Busy",
            Self::Returning => "Returning",
            Self::Ending => "Ending",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Blame, Occasion, Stage};

    #[test]
    fn an_event_is_never_given_to_a_process_that_has_one() {
        for occasion in [Occasion::Asks, Occasion::Offer, Occasion::Delivery] {
            assert_eq!(Stage::Busy.after(occasion), None);
            assert_eq!(Stage::Ending.after(occasion), None);
        }
    }

    #[test]
    fn only_a_delivered_event_fails_with_its_process() {
        assert_eq!(Stage::Busy.blame(), Blame::Own);
        for stage in [Stage::Idle, Stage::Offered, Stage::Returning] {
            assert_eq!(stage.blame(), Blame::Nobody, "{stage:?}");
        }
    }
}
