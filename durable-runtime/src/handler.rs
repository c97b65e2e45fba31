//! A durable function behind its types: JSON goes in, an outcome comes out.

use std::marker::PhantomData;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::clock::BoxFuture;
use crate::core::{Context, Ended, Root, drive};
use crate::error::{StepFailure, encode_error, shortened};
use crate::function::{Function, Invocation, InvocationOutcome};
use crate::operation::{Operation, Recordable};
use crate::plugin::Plugin;
use crate::wire::ErrorObject;

/// Of what is wrong with an input this much is told, for which an error has room however it is escaped.
const CAUSE_BYTES: usize = 4096;

struct Handler<F, In> {
    function: Arc<F>,
    input: PhantomData<fn(In)>,
}

/// Makes a host's [`Function`] of a `#[durable]` function, or of a closure that returns an operation.
///
/// The input is deserialized from the execution's JSON input; no input counts as `null`. So does `{}` where the type does
/// not read it: that is what AWS Lambda makes of an invocation without a payload.
pub fn function<F, In, O>(handler: F) -> Arc<dyn Function>
where
    F: Fn(In) -> O + Send + Sync + 'static,
    In: DeserializeOwned + Send + 'static,
    O: Operation + 'static,
    O::Output: Recordable,
{
    Arc::new(Handler { function: Arc::new(handler), input: PhantomData })
}

impl<F, In, O> Function for Handler<F, In>
where
    F: Fn(In) -> O + Send + Sync + 'static,
    In: DeserializeOwned + Send + 'static,
    O: Operation + 'static,
    O::Output: Recordable,
{
    fn invoke(&self, invocation: Invocation) -> BoxFuture<'static, InvocationOutcome> {
        let function = self.function.clone();
        let start = move |context: Context, input: String| -> BoxFuture<'static, Ended> {
            Box::pin(async move {
                let input: In = match read_input(&input) {
                    Ok(input) => input,
                    // An edit of the input's type must not destroy an execution that is under way.
                    Err(cause) if context.has_history() => return context.unreadable_input(&cause.to_string()).await,
                    Err(cause) => return Err(unreadable_input(&context, &cause)),
                };
                let output = function(input).run_as_content(context.clone()).await;
                context.check_end().await;
                ended(output)
            })
        };
        Box::pin(drive(invocation, Root { start: Box::new(start) }))
    }
}

/// A host's [`Function`] that plugins listen to. They are called after those that it has already.
///
/// [`App::plugin`](crate::App::plugin) does this for all functions of a program.
pub fn with_plugins(
    function: Arc<dyn Function>,
    plugins: impl IntoIterator<Item = Arc<dyn Plugin>>,
) -> Arc<dyn Function> {
    let plugins: Vec<_> = plugins.into_iter().collect();
    if plugins.is_empty() { function } else { Arc::new(Observed { function, plugins }) }
}

struct Observed {
    function: Arc<dyn Function>,
    plugins: Vec<Arc<dyn Plugin>>,
}

impl Function for Observed {
    fn invoke(&self, mut invocation: Invocation) -> BoxFuture<'static, InvocationOutcome> {
        // The innermost wrapper is the function's own and was made first.
        let outer = std::mem::replace(&mut invocation.plugins, self.plugins.clone());
        invocation.plugins.extend(outer);
        self.function.invoke(invocation)
    }
}

fn ended<R: Recordable>(output: R) -> Ended {
    let failed = |failure: StepFailure| failure.to_object();
    match output.into_result() {
        Ok(value) => crate::serdes::round_trip(&value).map(|(text, _)| text).map_err(failed),
        Err(error) => Err(encode_error(&error).unwrap_or_else(failed)),
    }
}

fn read_input<In: DeserializeOwned>(json: &str) -> Result<In, serde_json::Error> {
    const NO_PAYLOAD: &str = "{}";
    let read = serde_json::from_str(json);
    if json.trim() != NO_PAYLOAD {
        read
    } else {
        read.or_else(|unread| serde_json::from_str("null").map_err(|_| unread))
    }
}

fn unreadable_input(context: &Context, cause: &serde_json::Error) -> ErrorObject {
    let name = &context.shared().execution.function_name;
    // It quotes the input, which may be larger than an error may be.
    let cause = shortened(cause.to_string(), CAUSE_BYTES);
    ErrorObject::new("InvalidInput", format!("the input of `{name}` does not read as what the function takes: {cause}"))
}
