//! An operation's serdes behind its output's type, so that operations need not carry one more parameter.

use std::fmt::Display;

use super::{Serdes, SerdesPlace, decode, round_trip, unreadable, unrecordable};
use crate::error::{StepFailure, encode_error};
use crate::operation::Recordable;
use crate::wire::ErrorObject;

/// Records and reads outputs of type `R`. Without a bound, so that operations can hold one before it is known that their
/// output can be recorded.
pub(crate) trait Coding<R>: Send + Sync {
    /// What to record of an output, and the output that replay will read from it when it is a value.
    fn record(
        &self,
        output: R,
        place: SerdesPlace<'_>,
    ) -> Result<(Result<String, ErrorObject>, Option<R>), StepFailure>;
    /// The output of a recorded value. The error is for the divergence report.
    fn read(&self, text: Option<&str>, place: SerdesPlace<'_>) -> Result<R, String>;
}

/// JSON, without asking where.
pub(crate) struct Plain;

impl<R: Recordable> Coding<R> for Plain {
    fn record(&self, output: R, _: SerdesPlace<'_>) -> Result<(Result<String, ErrorObject>, Option<R>), StepFailure> {
        recorded(output, |value| round_trip(&value))
    }

    fn read(&self, text: Option<&str>, _: SerdesPlace<'_>) -> Result<R, String> {
        decode(text).map(|value| R::from_result(Ok(value)))
    }
}

/// A serdes that somebody chose.
pub(crate) struct Typed<S>(pub(crate) S);

impl<R: Recordable, S: Serdes<R::Ok>> Coding<R> for Typed<S> {
    fn record(
        &self,
        output: R,
        place: SerdesPlace<'_>,
    ) -> Result<(Result<String, ErrorObject>, Option<R>), StepFailure> {
        let failed = |what: &str, cause: &dyn Display| unrecordable::<R::Ok>(what, cause);
        recorded(output, |value| {
            let text = self.0.serialize(&value, place).map_err(|cause| failed("serialize", &cause))?;
            let back = self.0.deserialize(&text, place);
            Ok((text, back.map_err(|cause| failed("read back from its own record", &cause))?))
        })
    }

    fn read(&self, text: Option<&str>, place: SerdesPlace<'_>) -> Result<R, String> {
        let value = match text {
            Some(text) => self.0.deserialize(text, place).map_err(|cause| unreadable::<R::Ok>(&cause)),
            // No text is no value: never the serdes's business.
            None => decode(None),
        };
        value.map(|value| R::from_result(Ok(value)))
    }
}

fn recorded<R: Recordable>(
    output: R,
    round_trip: impl FnOnce(R::Ok) -> Result<(String, R::Ok), StepFailure>,
) -> Result<(Result<String, ErrorObject>, Option<R>), StepFailure> {
    match output.into_result() {
        Ok(value) => round_trip(value).map(|(text, value)| (Ok(text), Some(R::from_result(Ok(value))))),
        Err(error) => encode_error(&error).map(|object| (Err(object), None)),
    }
}
