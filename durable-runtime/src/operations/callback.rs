//! `callback`: a result awaited from the outside. Creating it and reading it are two awaits.

use std::borrow::Cow;
use std::time::Duration;

use serde::de::DeserializeOwned;

use super::builder::naming;
use super::outcome;
use crate::core::{Claim, Context, Name, Spec};
use crate::error::{CallbackError, Error, FailureKind, StepFailure};
use crate::operation::Operation;
use crate::serdes::{self, Serdes, SerdesPlace};
use crate::wire::{
    Action, CallbackOptions, Operation as Record, OperationId, OperationStatus, OperationType, OperationUpdate,
    SubType, limits,
};

/// Reads the text that the outside sent.
type Read<T> = Box<dyn Fn(Option<&str>, SerdesPlace<'_>) -> Result<T, String> + Send + Sync>;

/// A callback before it is created: the service's CALLBACK. Made by [`callback`].
///
/// Awaiting it gives a [`CallbackHandle`], whose id is for the outside and whose result is for this function.
#[must_use = "an operation does nothing unless it is awaited in a `#[durable]` function"]
pub struct Callback<T> {
    name: Name,
    settings: CallbackSettings<T>,
}

/// What a callback and `wait_for_callback` have in common.
pub(super) struct CallbackSettings<T> {
    timeout: Option<Duration>,
    heartbeat: Option<Duration>,
    read: Read<T>,
}

impl<T: DeserializeOwned> CallbackSettings<T> {
    pub(super) fn json() -> Self {
        Self { timeout: None, heartbeat: None, read: Box::new(|text, _| serdes::decode(text)) }
    }
}

/// A created callback.
#[derive(Debug)]
pub struct CallbackHandle<T> {
    callback_id: String,
    place: Place<T>,
}

/// The await of a callback's result. Made by [`CallbackHandle::result`].
#[must_use = "an operation does nothing unless it is awaited in a `#[durable]` function"]
#[derive(Debug)]
pub struct CallbackResult<T>(Place<T>);

struct Place<T> {
    id: OperationId,
    name: String,
    /// The record, when the callback was over before this invocation.
    over: Option<Box<Record>>,
    read: Read<T>,
}

impl<T> std::fmt::Debug for Place<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.name, self.id)
    }
}

/// Creates a callback: somebody outside gets its id, and answers with JSON that reads as a `T`.
///
/// ```no_run
/// # use durable_runtime::prelude::*;
/// #[step]
/// async fn mail(callback_id: &str) -> Result<()> { Ok(()) }
///
/// #[durable]
/// async fn approve(_: ()) -> Result<bool> {
///     let approval = callback::<bool>("approval").timeout(days(3)).await?;
///     mail(approval.id()).await?;
///     Ok(approval.result().await?)
/// }
/// ```
pub fn callback<T: DeserializeOwned + Send>(name: impl Into<Cow<'static, str>>) -> Callback<T> {
    let mut given = Name::default_of("callback");
    given.set(name);
    Callback { name: given, settings: CallbackSettings::json() }
}

/// The builder methods of everything that creates a callback.
macro_rules! callback_settings {
    (impl [$($generics:tt)*] $operation:ident<$value:ident $(, $more:ident)*>) => {
        impl<$($generics)*> $operation<$value $(, $more)*> {
            /// How long the outside may take, in whole seconds (rounded up) from the callback's creation, at most
            /// 99,999,999. Without one it may take as long as the execution.
            pub fn timeout(mut self, timeout: std::time::Duration) -> Self {
                self.settings.set_timeout(timeout);
                self
            }

            /// How long the outside may be silent: every heartbeat that it sends begins the time anew. In whole seconds
            /// (rounded up), at most 99,999,999.
            pub fn heartbeat(mut self, timeout: std::time::Duration) -> Self {
                self.settings.set_heartbeat(timeout);
                self
            }
        }

        impl<$($generics)*> $operation<$value $(, $more)*> {
            /// Reads the answer with a serdes of your own instead of as JSON.
            pub fn serdes(mut self, serdes: impl crate::serdes::Serdes<$value>) -> Self {
                self.settings.read_with(serdes);
                self
            }
        }

        impl<$($more),*> $operation<String $(, $more)*> {
            /// Takes the answer as it was sent instead of reading it as JSON. No answer is the empty text.
            pub fn raw(mut self) -> Self {
                self.settings.take_raw();
                self
            }
        }
    };
}
pub(super) use callback_settings;

callback_settings!(impl [T] Callback<T>);

impl<T> CallbackSettings<T> {
    pub(super) fn set_timeout(&mut self, timeout: Duration) {
        self.timeout = Some(timeout);
    }

    pub(super) fn set_heartbeat(&mut self, timeout: Duration) {
        self.heartbeat = Some(timeout);
    }

    pub(super) fn read_with(&mut self, serdes: impl Serdes<T>) {
        self.read = Box::new(move |text, place| {
            serdes.deserialize(text.unwrap_or_default(), place).map_err(|cause| cause.to_string())
        });
    }

    fn options(&self) -> Result<CallbackOptions, StepFailure> {
        let seconds = |timeout: Option<Duration>| match timeout.map(super::course::whole_seconds) {
            Some(seconds) if seconds > limits::CALLBACK_SECONDS => {
                let limit = limits::CALLBACK_SECONDS;
                let text = format!("a callback's timeout of {seconds} s is over the service's limit of {limit} s");
                Err(StepFailure::new(FailureKind::SettingRefused, text))
            }
            seconds => Ok(seconds),
        };
        Ok(CallbackOptions {
            timeout_seconds: seconds(self.timeout)?,
            heartbeat_timeout_seconds: seconds(self.heartbeat)?,
        })
    }
}

impl CallbackSettings<String> {
    pub(super) fn take_raw(&mut self) {
        self.read = Box::new(|text, _| Ok(text.unwrap_or_default().to_owned()));
    }
}

naming!(impl [T] Callback<T>);

/// Creates a callback in `cx`, or finds the one that was created before.
pub(super) async fn create<T>(
    cx: &Context,
    name: &Name,
    settings: CallbackSettings<T>,
) -> Result<CallbackHandle<T>, StepFailure> {
    let options = name.validate().and_then(|()| settings.options()).inspect_err(|_| cx.skip())?;
    let spec = Spec { operation_type: OperationType::Callback, sub_type: SubType::CALLBACK, name: name.as_str() };
    let Claim { id, recorded } = cx.claim(&spec).await;
    let mut place = Place { id, name: name.as_str().to_owned(), over: None, read: settings.read };
    let callback_id =
        |record: &Record| record.callback_details.as_ref().and_then(|details| details.callback_id.clone());
    let found = match recorded {
        Some(record) => {
            let found = callback_id(&record);
            if record.status.is_terminal() {
                place.over = Some(record);
            } else {
                cx.watch(record);
            }
            found
        }
        None => {
            let update = OperationUpdate { callback_options: Some(options), ..cx.update(id, &spec, Action::Start) };
            let start = cx.start_watched(update).await;
            // The service makes the id: it comes with the acknowledgement.
            cx.acknowledged(start).await;
            cx.latest(&id, callback_id)
        }
    };
    match found {
        Some(callback_id) => Ok(CallbackHandle { callback_id, place }),
        None => cx.unreadable(&id, &spec, "a callback without an id").await,
    }
}

impl<T: DeserializeOwned + Send> Operation for Callback<T> {
    type Output = Result<CallbackHandle<T>, Error>;

    async fn run(self, cx: &Context) -> Result<CallbackHandle<T>, Error> {
        Ok(create(cx, &self.name, self.settings).await?)
    }
}

impl<T> CallbackHandle<T> {
    /// The id that the outside answers to: base64 text of at most 1,024 characters.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.callback_id
    }

    /// The answer. Awaiting it gives the value, or a [`CallbackError`].
    pub fn result(self) -> CallbackResult<T> {
        CallbackResult(self.place)
    }
}

impl<T: Send> Operation for CallbackResult<T> {
    type Output = Result<T, CallbackError>;

    async fn run(self, cx: &Context) -> Result<T, CallbackError> {
        let Place { id, name, over, read } = self.0;
        let record = match over {
            Some(record) => record,
            None => cx.moved(id, None).await,
        };
        let details = record.callback_details.unwrap_or_default();
        if record.status != OperationStatus::Succeeded {
            return Err(CallbackError::of(record.status == OperationStatus::TimedOut, details.error));
        }
        match outcome::caught(|| read(details.result.as_deref(), cx.place(&id))) {
            Ok(value) => Ok(value),
            // What the outside sent is the outside's: an answer of the wrong shape is a failure, not a divergence.
            Err(why) => Err(CallbackError::Failed(outcome::unreadable_answer(&name, &why))),
        }
    }
}
