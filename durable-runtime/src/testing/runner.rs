//! Runs durable functions on an engine in memory, in virtual time.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::recording::Recorder;
use super::run::Run;
use super::virtual_clock::VirtualClock;
use crate::clock::Clock;
use crate::engine::{Arn, Engine, StartOptions};
use crate::error::BoxError;
use crate::handler::{function, with_plugins};
use crate::operation::{Operation, Recordable};
use crate::plugin::Plugin;

/// Runs `test` on a runtime of its own whose time skips to the next timer whenever there is nothing to do.
///
/// # Panics
/// Never by itself; a panic of `test` goes through.
pub fn virtual_time<R>(test: impl Future<Output = Result<R, BoxError>>) -> Result<R, BoxError> {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?.block_on(test)
}

/// Whether tokio's clock stands still: it shows the same time while the machine's goes on.
fn is_paused() -> bool {
    let (virtual_time, real_time) = (tokio::time::Instant::now(), std::time::Instant::now());
    while std::time::Instant::now() <= real_time {
        std::hint::spin_loop();
    }
    tokio::time::Instant::now() == virtual_time
}

/// An engine in memory, in virtual time, that keeps what functions ask of it.
pub struct Runner {
    engine: Engine,
    recorder: Recorder,
    plugins: Vec<Arc<dyn Plugin>>,
}

impl Runner {
    /// A runner whose requests take no time. Call it inside [`virtual_time`], or any other current-thread tokio
    /// runtime whose clock is paused.
    ///
    /// # Errors
    /// When the clock is not paused, or the engine cannot be opened.
    pub async fn new() -> Result<Self, BoxError> {
        Self::with_latency(Duration::ZERO).await
    }

    /// A runner whose every request takes `latency` of virtual time.
    ///
    /// # Errors
    /// When the clock is not paused, or the engine cannot be opened.
    pub async fn with_latency(latency: Duration) -> Result<Self, BoxError> {
        if !is_paused() {
            return Err("the runner needs a clock that is paused, or the test would really sleep: call it inside \
                        `virtual_time(async { … })`, or write `#[tokio::test(start_paused = true)]`"
                .into());
        }
        let clock: Arc<dyn Clock> = Arc::new(VirtualClock::new());
        let engine = Engine::options().clock(clock.clone()).open_in_memory().await?;
        Ok(Self { engine, recorder: Recorder::new(clock, latency), plugins: Vec::new() })
    }

    /// The engine, for everything that the runner has no word for.
    #[must_use]
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Adds a plugin to every function that is registered from now on.
    #[must_use]
    pub fn plugin(mut self, plugin: impl Plugin) -> Self {
        self.plugins.push(Arc::new(plugin));
        self
    }

    /// Makes a function known, for `run` and for other functions that invoke it.
    pub fn register<F, In, O>(&self, name: &str, handler: F)
    where
        F: Fn(In) -> O + Send + Sync + 'static,
        In: DeserializeOwned + Send + 'static,
        O: Operation + 'static,
        O::Output: Recordable,
    {
        self.engine.register(name, self.recorder.around(with_plugins(function(handler), self.plugins.clone())));
    }

    /// Registers `handler`, runs one execution of it to its end, and tells what happened.
    ///
    /// # Errors
    /// When the input does not serialize or the engine fails; a failed execution is a [`Run`] like any other.
    pub async fn run<F, In, O>(
        &self,
        name: &str,
        handler: F,
        input: &(impl Serialize + ?Sized),
    ) -> Result<Run, BoxError>
    where
        F: Fn(In) -> O + Send + Sync + 'static,
        In: DeserializeOwned + Send + 'static,
        O: Operation + 'static,
        O::Output: Recordable,
    {
        self.register(name, handler);
        let arn = self.start(name, input).await?;
        self.finish(&arn).await
    }

    /// Starts an execution of a registered function.
    ///
    /// # Errors
    /// When the input does not serialize, or no function has that name.
    pub async fn start(&self, name: &str, input: &(impl Serialize + ?Sized)) -> Result<Arn, BoxError> {
        let input = serde_json::to_string(input)?;
        Ok(self.engine.start(name, &input, StartOptions::default()).await?.arn)
    }

    /// Waits until an execution ends or is BLOCKED, and tells what happened.
    ///
    /// # Errors
    /// When the engine fails or does not know the execution.
    pub async fn finish(&self, arn: &Arn) -> Result<Run, BoxError> {
        let summary = self.engine.wait(arn).await?;
        let operations = self.engine.operations(arn).await?;
        let history = self.engine.history(arn).await?;
        let exchanges = self
            .recorder
            .with_tape(|tape| tape.exchanges.iter().filter(|exchange| exchange.arn == arn.as_str()).cloned().collect());
        Ok(Run::new(summary, operations, history, exchanges))
    }
}
