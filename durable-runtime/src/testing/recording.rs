//! Listens to a function's requests on their way to the service, and makes each take as long as a network would.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::clock::{BoxFuture, Clock};
use crate::function::{Function, Invocation, InvocationOutcome};
use crate::service::{DurableService, ServiceError};
use crate::wire::{CheckpointRequest, CheckpointResponse, OperationUpdate, StatePage, StateRequest};

/// A checkpoint request that a function sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// The execution.
    pub arn: String,
    /// Which invocation of any function sent it, from 1.
    pub invocation: u32,
    /// Its updates; none when it asked for news.
    pub updates: Vec<OperationUpdate>,
}

/// What was heard so far.
#[derive(Default)]
pub(crate) struct Tape {
    pub(crate) invocations: u32,
    pub(crate) exchanges: Vec<Exchange>,
}

/// Shared by all functions of a runner.
#[derive(Clone)]
pub(crate) struct Recorder {
    tape: Arc<Mutex<Tape>>,
    clock: Arc<dyn Clock>,
    latency: Duration,
}

impl Recorder {
    pub(crate) fn new(clock: Arc<dyn Clock>, latency: Duration) -> Self {
        Self { tape: Arc::default(), clock, latency }
    }

    pub(crate) fn with_tape<R>(&self, look: impl FnOnce(&mut Tape) -> R) -> R {
        look(&mut self.tape.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// `function`, listened to.
    pub(crate) fn around(&self, function: Arc<dyn Function>) -> Arc<dyn Function> {
        Arc::new(Recorded { function, recorder: self.clone() })
    }
}

struct Recorded {
    function: Arc<dyn Function>,
    recorder: Recorder,
}

impl Function for Recorded {
    fn invoke(&self, mut invocation: Invocation) -> BoxFuture<'static, InvocationOutcome> {
        let number = self.recorder.with_tape(|tape| {
            tape.invocations += 1;
            tape.invocations
        });
        let service = Line { service: invocation.service.clone(), recorder: self.recorder.clone(), invocation: number };
        invocation.service = Arc::new(service);
        self.function.invoke(invocation)
    }
}

/// The line between one invocation and the service.
struct Line {
    service: Arc<dyn DurableService>,
    recorder: Recorder,
    invocation: u32,
}

impl Line {
    async fn travel(&self) {
        if !self.recorder.latency.is_zero() {
            let clock = &self.recorder.clock;
            clock.sleep_until(clock.now().plus(self.recorder.latency)).await;
        }
    }
}

impl DurableService for Line {
    fn checkpoint(&self, request: CheckpointRequest) -> BoxFuture<'_, Result<CheckpointResponse, ServiceError>> {
        Box::pin(async move {
            let exchange = Exchange {
                arn: request.durable_execution_arn.clone(),
                invocation: self.invocation,
                updates: request.updates.clone(),
            };
            self.recorder.with_tape(|tape| tape.exchanges.push(exchange));
            self.travel().await;
            self.service.checkpoint(request).await
        })
    }

    fn state(&self, request: StateRequest) -> BoxFuture<'_, Result<StatePage, ServiceError>> {
        Box::pin(async move {
            self.travel().await;
            self.service.state(request).await
        })
    }
}
