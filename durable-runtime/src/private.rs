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

/// `.await` inside other macros, where only tokens can be rewritten: the same as `Operation::run`, as a method.
pub trait OperationInMacro: crate::Operation {
    #[doc(hidden)]
    fn __run(self, cx: &crate::Context) -> impl Future<Output = Self::Output> + Send {
        self.run(cx)
    }
}

impl<O: crate::Operation> OperationInMacro for O {}

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
