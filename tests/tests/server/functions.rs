//! Functions for the server: some that answer at once, and one that hands its invocations to the test.

use std::sync::Arc;

use durable_runtime::clock::BoxFuture;
use durable_runtime::function::{Function, Invocation, InvocationOutcome};
use durable_runtime::wire::{ErrorObject, InvocationResponse};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use crate::client::{Reply, Served, execution};

struct Plain<F>(F);

impl<F: Fn(String) -> InvocationOutcome + Send + Sync + 'static> Function for Plain<F> {
    fn invoke(&self, invocation: Invocation) -> BoxFuture<'static, InvocationOutcome> {
        let first = &invocation.event.initial_execution_state.operations[0];
        let input = first.execution_details.clone().unwrap().input_payload.unwrap();
        let outcome = (self.0)(input);
        Box::pin(async { outcome })
    }
}

/// Answers its input.
pub(crate) fn echo() -> Arc<dyn Function> {
    Arc::new(Plain(|input| InvocationOutcome::Answered(InvocationResponse::succeeded(input))))
}

/// Fails with an error that has all members.
pub(crate) fn fails() -> Arc<dyn Function> {
    Arc::new(Plain(|_| {
        let error = ErrorObject {
            error_data: Some("{\"code\":51}".into()),
            stack_trace: Some(vec!["at till".into()]),
            ..ErrorObject::new("CardDeclined", "insufficient funds")
        };
        InvocationOutcome::Answered(InvocationResponse::failed(Some(error)))
    }))
}

/// Does not fit its history.
pub(crate) fn blocks() -> Arc<dyn Function> {
    Arc::new(Plain(|_| InvocationOutcome::Blocked("at `ship`: a step is recorded, a wait ran".into())))
}

/// One invocation of a remote function: the event as a process would get it.
pub(crate) struct Invoked {
    pub(crate) event: Value,
    answer: oneshot::Sender<InvocationOutcome>,
}

/// The invocations of a remote function.
pub(crate) type Calls = mpsc::UnboundedReceiver<Invoked>;

struct Remote(mpsc::UnboundedSender<Invoked>);

impl Function for Remote {
    fn invoke(&self, invocation: Invocation) -> BoxFuture<'static, InvocationOutcome> {
        let (answer, answered) = oneshot::channel();
        let event = serde_json::to_value(&invocation.event).unwrap();
        self.0.send(Invoked { event, answer }).unwrap();
        Box::pin(async { answered.await.unwrap_or_else(|_| outcome(&json!({"Status": "PENDING"}))) })
    }
}

/// A function that lives in the test: what it does about its execution it does by HTTP alone.
pub(crate) fn remote() -> (Arc<dyn Function>, Calls) {
    let (sender, calls) = mpsc::unbounded_channel();
    (Arc::new(Remote(sender)), calls)
}

fn outcome(response: &Value) -> InvocationOutcome {
    InvocationOutcome::Answered(serde_json::from_value(response.clone()).unwrap())
}

impl Invoked {
    pub(crate) fn arn(&self) -> &str {
        self.event["DurableExecutionArn"].as_str().unwrap()
    }

    pub(crate) fn token(&self) -> &str {
        self.event["CheckpointToken"].as_str().unwrap()
    }

    /// The operations of the event.
    pub(crate) fn operations(&self) -> &Vec<Value> {
        self.event["InitialExecutionState"]["Operations"].as_array().unwrap()
    }

    /// A checkpoint with a token.
    pub(crate) async fn checkpoint_with(&self, served: &Served, token: &str, updates: Value) -> Reply {
        let body = json!({"CheckpointToken": token, "Updates": updates});
        served.post(&execution(self.arn(), "/checkpoint"), body).await
    }

    /// The first checkpoint, which is accepted; returns its answer.
    pub(crate) async fn checkpoint(&self, served: &Served, updates: Value) -> Value {
        self.checkpoint_with(served, self.token(), updates).await.ok()
    }

    /// The function's answer.
    pub(crate) fn answer(self, response: &Value) {
        self.answer.send(outcome(response)).unwrap();
    }

    pub(crate) fn pending(self) {
        self.answer(&json!({"Status": "PENDING"}));
    }

    pub(crate) fn succeed(self, result: &str) {
        self.answer(&json!({"Status": "SUCCEEDED", "Result": result}));
    }
}

/// An operation of an answer, by its id.
#[track_caller]
pub(crate) fn operation<'a>(operations: &'a Value, id: &str) -> &'a Value {
    let found = operations.as_array().unwrap().iter().find(|operation| operation["Id"] == id);
    found.unwrap_or_else(|| panic!("no operation {id}: {operations}"))
}

/// A callback of an execution of its own that is open, with its id. The invocation goes on.
pub(crate) async fn open_callback(served: &Served, calls: &mut Calls, name: &str, options: Value) -> (String, Invoked) {
    let _ = served.begin("remote", name).await;
    let call = calls.recv().await.unwrap();
    let start =
        json!([{"Id": "1", "Type": "CALLBACK", "SubType": "Callback", "Action": "START", "CallbackOptions": options}]);
    let answer = call.checkpoint(served, start).await;
    let callback = operation(&answer["NewExecutionState"]["Operations"], "1");
    (callback["CallbackDetails"]["CallbackId"].as_str().unwrap().to_owned(), call)
}
