//! What the expansions of the macros need and nobody else.

pub use crate::core::Name;

/// Carries names that a closure bound into a block by value: a struct, because a `Copy` name would be borrowed again.
#[derive(Clone)]
pub struct Owned<T>(pub T);

impl<T> Owned<T> {
    /// What is carried.
    pub fn take(self) -> T {
        self.0
    }
}

/// `.await` inside other macros, where only tokens can be rewritten: the same as `Operation::run`, as a method. It
/// exists on every type, so that the error for one that is no operation says that.
pub trait OperationInMacro: Sized {
    #[doc(hidden)]
    fn __run(self, cx: &crate::Context) -> impl Future<Output = Self::Output> + Send
    where
        Self: crate::Operation,
    {
        self.run(cx)
    }
}

impl<O> OperationInMacro for O {}

/// Marks a setting that is written out in the source, so that replay can compare it.
pub fn literal<O: crate::Operation>(operation: O) -> O {
    operation.literal()
}

/// The two sides of a function's result, through any alias.
pub trait ResultLike {
    /// The value.
    type Ok;
    /// The error.
    type Err;
}

impl<T, E> ResultLike for Result<T, E> {
    type Ok = T;
    type Err = E;
}

/// The error type of a result type.
pub type ErrorOf<R> = <R as ResultLike>::Err;

/// What `record!` takes: something to await.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a future",
    label = "`record!` takes a future",
    note = "a step or a durable function is recorded already: await it without `record!`",
    note = "for a value that needs no await, write `record!(\"name\", async {{ Ok(…) }})`"
)]
pub trait Awaitable<Future> {
    /// Itself as a future.
    fn future(self) -> Future;
}

#[diagnostic::do_not_recommend]
impl<F: IntoFuture> Awaitable<F::IntoFuture> for F {
    fn future(self) -> F::IntoFuture {
        self.into_future()
    }
}

/// The future that `record!` awaits.
pub fn future<F: Awaitable<Fut>, Fut: Future>(future: F) -> Fut {
    future.future()
}

/// What a future that `record!` takes gives: a result, whose error becomes the durable function's.
#[diagnostic::on_unimplemented(
    message = "`record!` records a `Result`, and this future gives `{Self}`",
    label = "gives `{Self}`",
    note = "write `record!(async {{ Ok(future.await) }})`"
)]
pub trait Ended<T, E> {
    /// Itself, with the durable function's error.
    fn converted(self) -> Result<T, E>;
}

impl<T, F: Into<E>, E> Ended<T, E> for Result<T, F> {
    fn converted(self) -> Result<T, E> {
        self.map_err(Into::into)
    }
}

/// The end of a recorded future with the durable function's error.
pub fn converted<E, T>(ended: impl Ended<T, E>) -> Result<T, E> {
    ended.converted()
}

/// An argument that every attempt of a step can have a clone of.
#[diagnostic::on_unimplemented(
    message = "this step takes `{Self}` by value, which is not `Clone`: every attempt runs on a clone of the arguments",
    label = "borrow it, take an `Arc`, or implement `Clone`"
)]
pub trait Again: Clone {}

#[diagnostic::do_not_recommend]
impl<T: Clone> Again for T {}

/// Checks an argument of a step where it is declared.
pub fn again<T: Again>(_argument: &T) {}

/// A step's body as every attempt runs it: on a clone.
#[diagnostic::on_unimplemented(
    message = "the body of this step cannot run again",
    label = "it changes a variable of the code around it, or owns a value that is not `Clone`",
    note = "every attempt of a step runs on a clone of what it captures: return the new value, borrow, or implement `Clone`"
)]
pub trait Attempt: Clone {}

#[diagnostic::do_not_recommend]
impl<F: Clone> Attempt for F {}

/// A block that owns what it uses. `Clone` is asked for although the block is entered once: no other bound tells values
/// from `&mut`.
#[diagnostic::on_unimplemented(
    message = "this block cannot own what it captures",
    label = "it takes a `&mut`, or a value that is not `Clone`",
    note = "a block that says `move`, or uses the names of a closure around it, owns what it captures; that this is \
            `Clone` is what tells it from a change through `&mut`, which a replay would lose",
    note = "return the new value; borrow, without `move`; put the value into an `Arc`; or pass it to a `#[durable]` \
            function, which takes any value"
)]
pub trait Captures: Clone {}

#[diagnostic::do_not_recommend]
impl<F: Clone> Captures for F {}
