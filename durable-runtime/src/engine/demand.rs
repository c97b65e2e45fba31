//! What one process may ask of the owner of a store: as a row of the inbox says it, and how the owner does it. Knows
//! neither who asks nor how the row travels.

use std::sync::Arc;

use super::arn::Arn;
use super::error::EngineError;
use super::outside::check_answer;
use super::shared::Shared;
use super::store::{Reader, Request};
use crate::wire::ErrorObject;

// The words are part of the store's format: asker and owner may be of different builds.
const STOP: &str = "stop";
const SUCCEED: &str = "callback-succeed";
const FAIL: &str = "callback-fail";
const HEARTBEAT: &str = "callback-heartbeat";

/// What is asked for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Demand {
    /// To stop an execution.
    Stop { arn: Arn, error: Option<ErrorObject> },
    /// To answer a callback, with text (empty: no result) or with an error.
    Answer { callback: String, outcome: Result<String, ErrorObject> },
    /// To let a callback's heartbeat timeout begin anew.
    Heartbeat { callback: String },
}

impl Demand {
    /// An answer to a callback, refused when the service would not take it.
    pub(crate) fn answer(callback: &str, outcome: Result<Vec<u8>, ErrorObject>) -> Result<Self, EngineError> {
        Ok(Self::Answer { callback: callback.to_owned(), outcome: check_answer(outcome)? })
    }

    /// Refuses what cannot be done, as far as the store tells.
    pub(crate) fn check(&self, reader: &Reader) -> Result<(), EngineError> {
        match self {
            Self::Stop { arn, .. } => reader.describe(arn).map(|_| ()),
            Self::Answer { callback, .. } | Self::Heartbeat { callback } => reader.open_callback(callback).map(|_| ()),
        }
    }

    /// Does it, as the owner.
    pub(crate) async fn apply(self, shared: &Arc<Shared>) -> Result<(), EngineError> {
        match self {
            Self::Stop { arn, error } => shared.stop(&arn, error).await.map(|_| ()),
            Self::Answer { callback, outcome } => {
                shared.complete_callback(&callback, outcome.map(String::into_bytes)).await
            }
            Self::Heartbeat { callback } => shared.heartbeat(&callback).await,
        }
    }

    /// The row that asks for it.
    pub(crate) fn request(&self) -> Request {
        let json = |error: &ErrorObject| serde_json::to_string(error).ok();
        let (kind, target, payload) = match self {
            Self::Stop { arn, error } => (STOP, arn.as_str(), error.as_ref().and_then(json)),
            Self::Answer { callback, outcome: Ok(text) } => (SUCCEED, callback.as_str(), Some(text.clone())),
            Self::Answer { callback, outcome: Err(error) } => (FAIL, callback.as_str(), json(error)),
            Self::Heartbeat { callback } => (HEARTBEAT, callback.as_str(), None),
        };
        Request { kind: kind.to_owned(), target: target.to_owned(), payload }
    }

    /// What a row asks for.
    pub(crate) fn read(request: Request) -> Result<Self, EngineError> {
        let Request { kind, target, payload } = request;
        let error = || payload.as_deref().and_then(|json| serde_json::from_str::<ErrorObject>(json).ok());
        match kind.as_str() {
            STOP => Ok(Self::Stop { arn: Arn::stored(target), error: error() }),
            SUCCEED => Ok(Self::Answer { callback: target, outcome: Ok(payload.unwrap_or_default()) }),
            FAIL => Ok(Self::Answer { callback: target, outcome: Err(error().unwrap_or_default()) }),
            HEARTBEAT => Ok(Self::Heartbeat { callback: target }),
            _ => Err(EngineError::UnknownRequest { kind }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_all_that_was_asked_for() {
        let (arn, callback) = (Arn::stored("arn:x/y/z".to_owned()), "Zm9v".to_owned());
        let error = ErrorObject::new("Declined", "no");
        let demands = [
            Demand::Stop { arn: arn.clone(), error: None },
            Demand::Stop { arn, error: Some(error.clone()) },
            Demand::Answer { callback: callback.clone(), outcome: Ok(String::new()) },
            Demand::Answer { callback: callback.clone(), outcome: Ok("{\"a\": 1}".to_owned()) },
            Demand::Answer { callback: callback.clone(), outcome: Err(error) },
            Demand::Heartbeat { callback },
        ];
        for demand in demands {
            assert_eq!(Demand::read(demand.request()).unwrap(), demand);
        }
    }

    #[test]
    fn a_request_of_a_newer_build_is_refused_by_its_name() {
        let request = Request { kind: "dance".to_owned(), target: String::new(), payload: None };
        assert_eq!(Demand::read(request).unwrap_err(), EngineError::UnknownRequest { kind: "dance".to_owned() });
    }
}
