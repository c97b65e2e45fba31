//! What an answer in bytes means to an execution: of a durable function the service's envelope, of a plain one a result.
//! Knows nothing of who answered.

use super::call::Reply;
use crate::function::InvocationOutcome;
use crate::wire::{ErrorObject, InvocationResponse, Operation, StatePage};

/// The type of the error that ends an execution whose function's answer is none.
const INVALID_RESPONSE: &str = "InvalidFunctionResponse";
/// Characters of an answer that an error shows.
const SHOWN_CHARS: usize = 200;

/// The outcome of a durable function. An answer that is none ends the execution: the function would give it again.
pub(super) fn durable(function: &str, reply: Reply) -> InvocationOutcome {
    let payload = match reply {
        Reply::Payload(payload) => payload,
        Reply::Error { error, .. } => return InvocationOutcome::Failed(error),
    };
    let answered = serde_json::from_slice::<InvocationResponse>(&payload);
    InvocationOutcome::Answered(answered.unwrap_or_else(|error| {
        let text = String::from_utf8_lossy(&payload);
        let shown: String = text.chars().take(SHOWN_CHARS).collect();
        let more = if shown.len() < text.len() { "…" } else { "" };
        let message = format!(
            "the function `{function}` answered `{shown}{more}`, which is no answer of a durable function ({error}): use a \
             durable execution SDK in it, or run it as a plain function"
        );
        failed(ErrorObject::new(INVALID_RESPONSE, message))
    }))
}

/// The outcome of a plain function: its payload is the result, and its error ends the execution.
pub(super) fn plain(function: &str, reply: Reply) -> InvocationOutcome {
    InvocationOutcome::Answered(match reply {
        Reply::Payload(payload) => match String::from_utf8(payload) {
            Ok(result) => InvocationResponse::succeeded(result),
            Err(_) => {
                let message = format!("the function `{function}` answered bytes that are no UTF-8 text");
                failed(ErrorObject::new(INVALID_RESPONSE, message))
            }
        },
        Reply::Error { error, .. } => failed(error),
    })
}

/// The event of a plain function: the execution's input. `first` is the state's page with the EXECUTION operation.
pub(super) fn plain_payload(first: StatePage) -> Vec<u8> {
    let input = first.operations.into_iter().next().and_then(input);
    input.unwrap_or_else(|| "{}".to_owned()).into_bytes()
}

fn input(execution: Box<Operation>) -> Option<String> {
    execution.execution_details?.input_payload
}

fn failed(error: ErrorObject) -> InvocationResponse {
    InvocationResponse::failed(Some(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::InvocationStatus;

    fn status(payload: &str) -> (InvocationStatus, String) {
        match durable("ship", Reply::Payload(payload.into())) {
            InvocationOutcome::Answered(answer) => {
                (answer.status, answer.error.and_then(|error| error.error_message).unwrap_or_default())
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_envelope_is_read_and_what_is_unknown_in_it_is_ignored() {
        assert_eq!(status(r#"{"Status":"PENDING","Extra":1}"#).0, InvocationStatus::Pending);
        assert_eq!(status(r#"{"Status":"SUCCEEDED","Result":"1"}"#).0, InvocationStatus::Succeeded);
    }

    #[test]
    fn what_is_no_envelope_ends_the_execution_with_the_reason() {
        for payload in ["hello", "{}", "[1]", r#"{"Status":"DONE"}"#, r#"{"Status":"SUCCEEDED","Result":1}"#] {
            let (status, message) = status(payload);
            assert_eq!(status, InvocationStatus::Failed, "{payload}");
            assert!(message.contains(payload) && message.contains("plain function"), "{message}");
        }
    }

    #[test]
    fn an_error_of_a_plain_function_ends_the_execution_verbatim() {
        let reply = Reply::reported(br#"{"errorType":"Oops","errorMessage":"no"}"#.to_vec(), None);
        let InvocationOutcome::Answered(answer) = plain("ship", reply) else { panic!("not answered") };
        assert_eq!(answer.error, Some(ErrorObject::new("Oops", "no")));
    }
}
