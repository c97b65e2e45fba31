//! The macros of `durable-runtime`, which re-exports them. Only the entry points are here: each attribute and each
//! block has a module, and none of them knows how operations are run.
//!
//! `#[durable]` rewrites the body of a function, `#[step]` wraps it, and `record!`, `child!`, `parallel!` and `race!`
//! build operations. The page `docs/expansion.md` shows what comes out.

mod arguments;
mod blocks;
mod closures;
mod diagnostics;
mod durable;
mod duration;
#[cfg(test)]
mod expansion;
mod foreign;
mod function;
mod retry;
mod rewrite;
mod runtime;
mod sleep;
mod step;

use proc_macro::TokenStream;

/// Makes an `async fn` durable: every `.await` in it is a checkpoint, and calling it gives an operation.
///
/// The function returns a `Result` whose two sides are serializable, and takes no `&mut`, `FnMut` or `IterMut`. (A struct,
/// an alias or an `FnOnce` with a `&mut` inside is beyond what a macro can see: what is changed through it is lost just
/// the same.) One that executions are started with has one owned parameter, which is read from JSON: `_: ()` when it needs
/// none, a struct or a tuple when it needs several, `String` rather than `&str`. Arguments:
///
/// * `name = "…"`: the operation's name, 1 to 256 printable ASCII characters; the function's name by default.
/// * `write_through`: every operation waits until it is recorded before the code behind it goes on.
/// * `crate = "path"`: where the runtime is, if not at `::durable_runtime`.
///
/// In the body, `EXPR.await` takes an operation: the call of a `#[step]` or `#[durable]` function, a block such as
/// [`parallel!`], or a function of the runtime such as `sleep`. A future that is not an operation does not compile:
/// record its result with [`record!`], or await it with `untracked(future)`.
#[proc_macro_attribute]
pub fn durable(arguments: TokenStream, item: TokenStream) -> TokenStream {
    durable::expand(arguments.into(), item.into()).into()
}

/// Makes a function a step: calling it gives an operation that runs the body and records its result.
///
/// The body is ordinary code. It may run more than once, each time on a clone of the arguments; its recorded result is
/// one. The function returns a `Result` whose two sides are serializable. Arguments:
///
/// * `retry = …`: `none`, `fixed(max_attempts = 3, delay = "5s")` (also as `every(…)`), `linear(max_attempts = 5,
///   first = "1s", increment = "2s", max = "30s", jitter = half)`, `exponential(max_attempts = 5, first = "1s",
///   max = "60s", factor = 2, jitter = full)`, or an expression of type `RetryPolicy`. Delays are whole seconds from
///   1 second to 366 days. Only `first`, `increment` and `delay` have to be given. Without `retry`, a step is tried as the
///   service would: 6 times, after 5 s at first, doubled up to 60 s, with full jitter. `exponential` alone is 3 attempts,
///   `fixed` 5, `linear` 6, up to 5 minutes apart.
/// * `retry_if = …`: a function of the error that says whether to try again.
/// * `timeout = "30s"`: an attempt that takes longer has failed with a `StepFailure`, from which the step's error
///   converts. Milliseconds or more; an expression of type `Duration` as well. Not for steps that are neither `async`
///   nor `blocking`.
/// * `at_most_once`: an attempt whose end is unknown is not repeated.
/// * `blocking`: the body, not `async`, runs on a thread of its own and takes owned arguments.
/// * `spawn`: the body runs in a task of its own and takes owned arguments.
/// * `name = "…"`: the operation's name, 1 to 256 printable ASCII characters; the function's name by default.
/// * `crate = "path"`: where the runtime is, if not at `::durable_runtime`.
#[proc_macro_attribute]
pub fn step(arguments: TokenStream, item: TokenStream) -> TokenStream {
    step::expand(arguments.into(), item.into()).into()
}

/// Records the result of any future as a step: `record!(fetch(&url))`, `record!("fetch", fetch(&url))`,
/// `record!("fetch", async { … })` or, with an error of its own, `record!(async || -> Result<T, E> { … })`.
///
/// The default name is the callee's last path segment. The future gives a `Result`: for one that cannot fail write
/// `record!(async { Ok(now().await) })`. In a durable function its error converts into the function's by `From`, so it need
/// not be serializable. The future may be made more than once.
///
/// A plain function can return it: `fn quote(city: String) -> impl Operation<Output = Result<u32>>` with the body
/// `record!(fetch(&city))`, which then owns what it uses. There the error has to be serializable, and a block says
/// `async || -> Result<T> { … }`, because nothing around it says its error type.
#[proc_macro]
pub fn record(tokens: TokenStream) -> TokenStream {
    blocks::alone("record", tokens.into()).into()
}

/// Makes an operation of a block with a context of its own: `child!(async { … })`, `child!("name", async move { … })`
/// or, with an error of its own, `child!(async || -> Result<T, E> { … })`.
///
/// Every `.await` in the block is a checkpoint. The block borrows from the function around it and cannot change it. A
/// block that uses a value up says `async move`, and owns everything that it mentions; inside a closure, such as that of
/// `parallel_map`, it owns what the closure has bound and borrows the rest. What a block owns is `Clone`.
///
/// A plain function can return it as `child!(async move { … })`, with the error of its last expression, or, where `?` is
/// used, as `child!(async move || -> Result<T> { … })`.
#[proc_macro]
pub fn child(tokens: TokenStream) -> TokenStream {
    blocks::alone("child", tokens.into()).into()
}

/// Runs 1 to 16 operations concurrently: `parallel!(a = operation, b = async { … })`, with a name in front if wanted:
/// `parallel!("prepare", a = …, b = …)`.
///
/// Branches may have different results and borrow from the function around them. Awaiting gives the tuple of their
/// values or the first failure. An arm has no `.await` of its own. In a plain function an `async` arm in which `?` is used
/// says its type: `a = async move || -> Result<T> { … }`.
#[proc_macro]
pub fn parallel(tokens: TokenStream) -> TokenStream {
    blocks::alone("parallel", tokens.into()).into()
}

/// The first of 2 to 8 operations to settle: `race!(paid = charge(&card) => |receipt| …, late = sleep(d) => |_| …)`, with
/// a name in front if wanted: `race!("payment", paid = …, late = …)`.
///
/// The arms are those of [`parallel!`]: any operation, or an `async` block. The first to come to its end decides, with
/// its value or with its error, which converts into the function's by `From`; the others are cancelled, step bodies
/// too. Replay takes the recorded winner. A race against `sleep` is how anything gets a deadline.
///
/// Behind `=>` stands what becomes of the value, as code of the function around it: it may `.await`, `return`, `break`
/// and use `?`. Such a race is awaited where it is written, `race!(…).await` or `race!(…).named("x").await`, and gives
/// `Result<V, E>` with the type that all handlers have. Without handlers awaiting gives the winner by position:
/// `Race2::A(value)` or `Race2::B(value)` for two arms, up to `Race8`.
#[proc_macro]
pub fn race(tokens: TokenStream) -> TokenStream {
    blocks::alone("race", tokens.into()).into()
}
