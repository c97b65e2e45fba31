//! The report of a run that does not fit its history: where, what was recorded, what ran, and what to do.

use std::fmt::Write;

use super::context::{Context, Spec};
use crate::wire::{Operation, OperationId, OperationType};

/// What usually causes it, the likeliest first.
const CAUSES: &str = "\
  usual causes
    * the function was edited while this execution was running: deploy the build that it was started with, or one
      whose order and names of operations up to this point are the same
    * a decision on something that is not recorded: time, randomness, environment, the order of a hash map
    * an operation whose position depends on data: give it a name or a key that says which it is
";

/// The type of the error that a divergent run ends with, where it ends with one.
pub(crate) const DIVERGED: &str = "Diverged";

/// What kind of mismatch it is.
pub(crate) enum Mismatch<'a> {
    /// The recorded operation is another one.
    Other { recorded: &'a Operation },
    /// The same operation with another setting.
    Setting { recorded: String, ran: String },
    /// The function asks for an operation after its context was recorded as finished.
    BeyondTheEnd,
    /// The context came to its end with this operation still recorded.
    NeverReached { recorded: &'a Operation },
    /// A recorded value that today's types do not read.
    Unreadable { why: &'a str },
}

/// The report on an operation that ran in `context`.
pub(crate) fn report(context: &Context, id: &OperationId, ran: Option<&Spec<'_>>, mismatch: &Mismatch<'_>) -> String {
    let name = match (ran, mismatch) {
        (Some(spec), _) => Some(spec.name.to_owned()),
        (None, Mismatch::NeverReached { recorded }) => recorded.name.clone(),
        (None, _) => None,
    };
    let place = context.path_to(name.as_deref().unwrap_or("?"));
    let shown = ran.map_or_else(|| "the end of its context".to_owned(), |spec| shown(spec, context.recorded_parent()));
    let (recorded, ran) = match mismatch {
        Mismatch::Other { recorded } => (describe(recorded), shown),
        Mismatch::Setting { recorded, ran } => (recorded.clone(), ran.clone()),
        Mismatch::BeyondTheEnd => ("nothing: its context had finished".to_owned(), shown),
        Mismatch::NeverReached { recorded } => {
            (describe(recorded), "the end of its context, without reaching it".to_owned())
        }
        Mismatch::Unreadable { why } => ("a value of another shape".to_owned(), (*why).to_owned()),
    };
    let execution = context.execution_arn();
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        "this run does not fit the history of its execution\n  \
           execution  {execution}\n  \
           where      {place} (operation {id})\n  \
           recorded   {recorded}\n  \
           ran        {ran}\n{CAUSES}"
    );
    text
}

/// The report on an input that today's type does not read, in an execution that is under way.
pub(crate) fn unreadable_input(context: &Context, why: &str) -> String {
    format!(
        "this build does not read the input of an execution that is under way\n  \
           execution  {}\n  \
           where      the input of {}\n  \
           ran        {why}\n  \
           what to do: give new fields of the input a default (`#[serde(default)]`), or deploy the build that it was\n  \
           started with\n",
        context.execution_arn(),
        context.shared().execution.function_name,
    )
}

/// The report on durable code that waits for something that is not durable.
pub(crate) fn foreign_wait(context: &Context) -> String {
    format!(
        "durable code waits for something that is no durable operation\n  \
           execution  {}\n  \
           where      {}\n  \
           what to do: record the work with `record!(..)` or a `#[step]`, or await it inside `untracked(..)`\n",
        context.execution_arn(),
        context.path_to("?"),
    )
}

fn describe(operation: &Operation) -> String {
    let sub_type = operation.sub_type.as_ref().map_or("", |word| word.as_str());
    let status = serde_json::to_string(&operation.status).unwrap_or_default();
    let name = operation.name.as_deref().unwrap_or("without a name");
    let parent = parent_text(operation.parent_id.as_ref());
    format!("{} {sub_type} `{name}` {parent}, {}", kind(operation.operation_type), status.trim_matches('"'))
}

fn shown(spec: &Spec<'_>, parent: Option<&OperationId>) -> String {
    format!("{} {} `{}` {}", kind(spec.operation_type), spec.sub_type.as_str(), spec.name, parent_text(parent))
}

fn parent_text(parent: Option<&OperationId>) -> String {
    parent.map_or_else(|| "at the root".to_owned(), |parent| format!("in {parent}"))
}

fn kind(operation_type: OperationType) -> &'static str {
    match operation_type {
        OperationType::Execution => "EXECUTION",
        OperationType::Context => "CONTEXT",
        OperationType::Step => "STEP",
        OperationType::Wait => "WAIT",
        OperationType::Callback => "CALLBACK",
        OperationType::ChainedInvoke => "CHAINED_INVOKE",
        OperationType::Unknown => "an operation of unknown type",
    }
}
