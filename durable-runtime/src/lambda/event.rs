//! The event as AWS Lambda delivers it, read in one pass: a durable one, or one that no durable function can answer.

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::wire::{ErrorObject, InvocationEvent, OperationId, StatePage};

/// What a function was invoked with.
#[derive(Debug)]
pub(super) enum Event {
    Durable(Box<InvocationEvent>),
    /// Without what a durable invocation always has. Holds what is missing.
    Plain(&'static str),
}

impl Event {
    /// The event of a durable invocation of `function`.
    ///
    /// # Errors
    /// When it is another one: says what to do about it.
    pub(super) fn durable(self, function: &str) -> Result<InvocationEvent, ErrorObject> {
        match self {
            Self::Durable(event) => Ok(*event),
            Self::Plain(missing) => Err(ErrorObject::new(
                "NotADurableInvocation",
                format!(
                    "`{function}` was invoked as a plain function: its event has no `{missing}`. Give the function a \
                     durable configuration (DurableConfig with an ExecutionTimeout, which AWS Lambda takes only when a \
                     function is created), invoke it by a version, an alias or $LATEST (`{function}:$LATEST`), and \
                     allow its role lambda:CheckpointDurableExecution and lambda:GetDurableExecutionState"
                ),
            )),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Members {
    durable_execution_arn: Option<String>,
    checkpoint_token: Option<String>,
    initial_execution_state: Option<StatePage>,
    updated_operation_ids: Option<Vec<OperationId>>,
}

impl From<Members> for Event {
    fn from(members: Members) -> Self {
        let Some(durable_execution_arn) = members.durable_execution_arn else {
            return Self::Plain("DurableExecutionArn");
        };
        let Some(checkpoint_token) = members.checkpoint_token else { return Self::Plain("CheckpointToken") };
        Self::Durable(Box::new(InvocationEvent {
            durable_execution_arn,
            checkpoint_token,
            initial_execution_state: members.initial_execution_state.unwrap_or_default(),
            updated_operation_ids: members.updated_operation_ids,
        }))
    }
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyEvent)
    }
}

/// Takes any JSON: people test functions with a text or a list, and are to be told what is wrong with that.
struct AnyEvent;

const NOT_DURABLE: Event = Event::Plain("DurableExecutionArn");

impl<'de> Visitor<'de> for AnyEvent {
    type Value = Event;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an event")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Event, A::Error> {
        Members::deserialize(MapAccessDeserializer::new(map)).map(Event::from)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Event, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(NOT_DURABLE)
    }

    fn visit_unit<E>(self) -> Result<Event, E> {
        Ok(NOT_DURABLE)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Event, E> {
        Ok(NOT_DURABLE)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Event, E> {
        Ok(NOT_DURABLE)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Event, E> {
        Ok(NOT_DURABLE)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Event, E> {
        Ok(NOT_DURABLE)
    }

    fn visit_str<E>(self, _: &str) -> Result<Event, E> {
        Ok(NOT_DURABLE)
    }
}

#[cfg(test)]
mod tests {
    use super::Event;

    fn read(json: &str) -> Event {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_durable_event_is_read_whatever_else_it_holds() {
        let event = read(
            r#"{"DurableExecutionArn": "arn", "CheckpointToken": "t", "Later": {"a": [1]}, "InitialExecutionState": null}"#,
        );
        let event = event.durable("f").unwrap();
        assert_eq!((event.durable_execution_arn.as_str(), event.checkpoint_token.as_str()), ("arn", "t"));
        assert!(event.initial_execution_state.operations.is_empty());
    }

    #[test]
    fn any_other_json_is_told_what_makes_an_invocation_durable() {
        for json in ["null", "true", "1", "-1", "1.5", "\"text\"", "[1, {\"a\": 2}]", "{}", "{\"key\": {\"b\": []}}"] {
            let error = read(json).durable("checkout").unwrap_err();
            assert_eq!(error.error_type.as_deref(), Some("NotADurableInvocation"));
            let message = error.error_message.unwrap();
            for part in
                ["`DurableExecutionArn`", "DurableConfig", "checkout:$LATEST", "lambda:CheckpointDurableExecution"]
            {
                assert!(message.contains(part), "{json}: {message}");
            }
        }
        let message = read(r#"{"DurableExecutionArn": "arn"}"#).durable("f").unwrap_err().error_message.unwrap();
        assert!(message.contains("`CheckpointToken`"), "{message}");
    }
}
