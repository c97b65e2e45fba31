//! `child!`, calling a `#[durable]` function: a context of its own, recorded as one operation.

use std::sync::Arc;

use super::branch::{Setting, Standing, run_content};
use super::builder::naming;
use super::outcome::{self, End};
use crate::__private::Captures;
use crate::clock::BoxFuture;
use crate::core::{Claim, Context, Name, Spec};
use crate::operation::{Operation, Recordable};
use crate::serdes::{Codec, Coding, Plain, Serdes, Typed};
use crate::wire::{OperationType, SubType};

/// The body of a [`Child`], named so that `#[durable]` can write a return type.
pub trait ChildBody: Send {
    /// What the body gives.
    type Output: Send;
    /// Begins the body in a context.
    fn enter(self, cx: Context) -> impl Future<Output = Self::Output> + Send;
}

/// A body that is entered once.
pub struct Entered<F>(F);

impl<F, Fut> ChildBody for Entered<F>
where
    F: FnOnce(Context) -> Fut + Send,
    Fut: Future + Send,
    Fut::Output: Send,
{
    type Output = Fut::Output;

    fn enter(self, cx: Context) -> impl Future<Output = Fut::Output> + Send {
        (self.0)(cx)
    }
}

/// A child context: the service's CONTEXT.
///
/// Its operations are numbered in its own namespace, and its result is recorded as one. A result over 256 KiB is not
/// stored: replay makes it again from the recorded operations inside.
#[must_use = "an operation does nothing unless it is awaited in a `#[durable]` function"]
pub struct Child<B: ChildBody> {
    name: Name,
    body: B,
    write_through: bool,
    codec: Option<Arc<dyn Codec>>,
    coding: Option<Box<dyn Coding<B::Output>>>,
}

impl Child<Placeholder> {
    /// A block that borrows from the function around it. `child!` and the arms of `parallel!` write the call.
    #[allow(clippy::new_ret_no_self)]
    pub fn new<F, Fut>(name: &'static str, body: F) -> Child<Entered<F>>
    where
        F: AsyncFn(Context) -> Fut::Output + FnOnce(Context) -> Fut + Send,
        Fut: Future + Send,
        Fut::Output: Send,
    {
        Child::of(name, Entered(body))
    }

    /// A block that owns what it uses.
    pub fn owned<F, Fut>(name: &'static str, body: F) -> Child<Entered<F>>
    where
        F: FnOnce(Context) -> Fut + Captures + Send,
        Fut: Future + Send,
        Fut::Output: Send,
    {
        Child::of(name, Entered(body))
    }

    /// A function's body. `#[durable]` writes the call.
    pub fn function<F, Fut>(name: &'static str, body: F) -> Child<Entered<F>>
    where
        F: FnOnce(Context) -> Fut + Send,
        Fut: Future + Send,
        Fut::Output: Recordable,
    {
        Child::of(name, Entered(body))
    }
}

/// Stands where a constructor of [`Child`] has no body type yet.
#[doc(hidden)]
pub enum Placeholder {}

impl ChildBody for Placeholder {
    type Output = ();

    async fn enter(self, _: Context) {
        match self {}
    }
}

impl<B: ChildBody> Child<B> {
    fn of(name: &'static str, body: B) -> Self {
        Self { name: Name::default_of(name), body, write_through: false, codec: None, coding: None }
    }

    /// How the result is recorded; as JSON unless told otherwise.
    pub fn serdes<T>(mut self, serdes: impl Serdes<T>) -> Self
    where
        B::Output: Recordable<Ok = T>,
    {
        self.coding = Some(Box::new(Typed(serdes)));
        self
    }

    /// What stands between everything that is recorded inside and the wire: the default of a function and all that it
    /// calls.
    pub fn codec(mut self, codec: impl Codec) -> Self {
        self.codec = Some(Arc::new(codec));
        self
    }

    /// Every operation inside waits until it is recorded before the next line runs.
    /// `#[durable(write_through)]` writes the call.
    pub fn write_through(mut self) -> Self {
        self.write_through = true;
        self
    }
}

naming!(impl [B: ChildBody] Child<B>);

impl<B> Operation for Child<B>
where
    B: ChildBody,
    B::Output: Recordable,
{
    type Output = B::Output;

    async fn run(self, cx: &Context) -> B::Output {
        let Self { name, body, write_through, codec, coding } = self;
        let spec = Spec {
            operation_type: OperationType::Context,
            sub_type: SubType::RUN_IN_CHILD_CONTEXT,
            name: name.as_str(),
        };
        if let Err(refused) = name.validate() {
            return B::Output::from_result(Err(outcome::refuse(cx, refused).await));
        }
        let Claim { id, recorded } = cx.claim(&spec).await;
        let coding = coding.as_deref().unwrap_or(&Plain);
        let end = match Standing::of(recorded) {
            Standing::Over(ended) => (ended, None),
            Standing::Runs(runs) => {
                let setting = Setting { write_through, gate: None, codec };
                // Boxed: it keeps deep nesting within the compiler's limits and handler futures small.
                let content: BoxFuture<'_, End<B::Output>> =
                    Box::pin(run_content(cx, (id, &spec), (runs, setting), coding, |inside| body.enter(inside)));
                content.await
            }
        };
        outcome::output(cx, &id, &spec, end, coding).await
    }

    /// A child that is all that a branch or a handler does needs no context beside theirs.
    async fn run_as_content(self, cx: Context) -> B::Output {
        cx.set(self.write_through, self.codec);
        self.body.enter(cx).await
    }

    fn content_name(&self) -> Option<&Name> {
        self.name.is_explicit().then_some(&self.name)
    }
}
