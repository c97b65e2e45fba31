//! The trait behind `.await` in durable code: an operation is to a durable function what a future is to an `async fn`.

use std::fmt::Display;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::clock::BoxFuture;
use crate::core::{Context, Name};

/// Something that a durable function can await: it is checkpointed when it runs and read back when it is replayed.
///
/// An operation does nothing until it is awaited inside a `#[durable]` function. Values of this trait come from
/// `#[step]` and `#[durable]` functions, from `record!`, `child!`, `parallel!` and `race!`, and from functions such as
/// [`sleep`](crate::sleep).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a durable operation",
    label = "only durable operations can be awaited in a `#[durable]` function",
    note = "mark the called function `#[step]` or `#[durable]`, or record the call with `record!(..)`",
    note = "`untracked(..)` awaits a future without recording it"
)]
pub trait Operation: Sized + Send {
    /// What awaiting it gives.
    type Output: Send;

    /// Runs or replays the operation in a context. `#[durable]` writes the call.
    fn run(self, cx: &Context) -> impl Future<Output = Self::Output> + Send;

    /// Runs the operation as the whole content of a context that exists already: a handler's or a branch's.
    #[doc(hidden)]
    fn run_as_content(self, cx: Context) -> impl Future<Output = Self::Output> + Send {
        async move { self.run(&cx).await }
    }

    /// The name that the caller gave the operation, for the branch that it is the content of.
    #[doc(hidden)]
    fn content_name(&self) -> Option<&Name> {
        None
    }

    /// Says that its setting is written out in the source, so that replay can compare it.
    #[doc(hidden)]
    #[must_use]
    fn literal(self) -> Self {
        self
    }

    /// Hides the operation's type, so that different operations fit one variable, a `Vec` or a recursive call. What it is
    /// called (`.named(..)`, `.key(..)`) and how it runs is said before.
    fn boxed<'a>(self) -> Boxed<'a, Self::Output>
    where
        Self: 'a,
    {
        Boxed(Box::new(self))
    }
}

/// What a step or a durable function may return: a result whose two sides can be written down and read back.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be recorded",
    label = "a step or a durable function returns `Result<T, E>` with owned, serializable `T` and `E`",
    note = "`T: Serialize + DeserializeOwned`, `E: Serialize + DeserializeOwned + Display`; \
            `durable_runtime::Error` takes any other error by `?`"
)]
pub trait Recordable: Send {
    /// The value.
    type Ok: Serialize + DeserializeOwned + Send;
    /// The error.
    type Err: Serialize + DeserializeOwned + Display + Send;

    #[doc(hidden)]
    fn into_result(self) -> Result<Self::Ok, Self::Err>;
    #[doc(hidden)]
    fn error(&self) -> Option<&Self::Err>;
    #[doc(hidden)]
    fn from_result(result: Result<Self::Ok, Self::Err>) -> Self;
}

#[diagnostic::do_not_recommend]
impl<T, E> Recordable for Result<T, E>
where
    T: Serialize + DeserializeOwned + Send,
    E: Serialize + DeserializeOwned + Display + Send,
{
    type Ok = T;
    type Err = E;

    fn into_result(self) -> Self {
        self
    }

    fn error(&self) -> Option<&E> {
        self.as_ref().err()
    }

    fn from_result(result: Self) -> Self {
        result
    }
}

/// Any operation with one output. Made by [`Operation::boxed`].
#[must_use = "an operation does nothing unless it is awaited in a `#[durable]` function"]
pub struct Boxed<'a, T>(Box<dyn Erased<T> + 'a>);

trait Erased<T>: Send {
    fn run<'c>(self: Box<Self>, cx: &'c Context) -> BoxFuture<'c, T>
    where
        Self: 'c;
    fn run_as_content<'c>(self: Box<Self>, cx: Context) -> BoxFuture<'c, T>
    where
        Self: 'c;
    fn content_name(&self) -> Option<&Name>;
}

impl<O: Operation> Erased<O::Output> for O {
    fn run<'c>(self: Box<Self>, cx: &'c Context) -> BoxFuture<'c, O::Output>
    where
        Self: 'c,
    {
        Box::pin(async move { Operation::run(*self, cx).await })
    }

    fn run_as_content<'c>(self: Box<Self>, cx: Context) -> BoxFuture<'c, O::Output>
    where
        Self: 'c,
    {
        Box::pin(async move { Operation::run_as_content(*self, cx).await })
    }

    fn content_name(&self) -> Option<&Name> {
        Operation::content_name(self)
    }
}

impl<T: Send> Operation for Boxed<'_, T> {
    type Output = T;

    async fn run(self, cx: &Context) -> T {
        self.0.run(cx).await
    }

    async fn run_as_content(self, cx: Context) -> T {
        self.0.run_as_content(cx).await
    }

    fn content_name(&self) -> Option<&Name> {
        self.0.content_name()
    }
}
