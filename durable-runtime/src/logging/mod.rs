//! Logs that know of executions: a `tracing` layer that leaves out what replay repeats, and says of every event where
//! in which execution it happened. Knows nothing of the replay core but what any code can ask for.
//!
//! Durable code logs with plain `tracing`. When it is replayed, its events come again; this layer drops them. Step
//! bodies only run live, so theirs always count.
//!
//! ```
//! use durable_runtime::logging;
//! use tracing::Level;
//!
//! # fn main() -> Result<(), durable_runtime::prelude::BoxError> {
//! logging::json().install(Level::INFO)?;
//! tracing::info!(order = 7, "not part of any execution");
//! # Ok(())
//! # }
//! ```
//!
//! Beside other layers of `tracing-subscriber` it is one among them; [`FreshOnly`] gives them the same rule.
//!
//! What an event belongs to is asked where it is emitted, and not kept in spans: no span is open across an await, and
//! branches that interleave in one task never mix.

mod record;

use std::io::{Write, stderr};
use std::sync::{Mutex, PoisonError};

use tracing::span::{Attributes, Id, Record as SpanRecord};
use tracing::subscriber::{SetGlobalDefaultError, set_global_default};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context, Filter, Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Registry};

use crate::{Execution, StepInfo};
use record::{Fields, Form, Record};

/// Lines of JSON, one per event, to the standard error unless [`write_to`](LogLayer::write_to) says otherwise.
///
/// Members, where they apply: `timestamp`, `level`, `message`, `executionArn`, `requestId`, `functionName`,
/// `operationId`, `operationName`, `parentId`, `attempt`, the event's own fields under their names, `target`, and
/// `spans` with the open spans from the outermost. A field of the event that has the name of one of these members
/// gives way to it.
#[must_use = "a layer does nothing unless it is installed"]
pub fn json() -> LogLayer {
    LogLayer::new(Form::Json)
}

/// Lines of text for people, one per event, to the standard error unless [`write_to`](LogLayer::write_to) says
/// otherwise. They say the same as [`json`] does.
#[must_use = "a layer does nothing unless it is installed"]
pub fn text() -> LogLayer {
    LogLayer::new(Form::Text)
}

/// A layer that writes events. Made by [`json`] and [`text`].
#[must_use = "a layer does nothing unless it is installed"]
pub struct LogLayer {
    form: Form,
    keeps_replayed: Option<KeepReplayed>,
    writer: Mutex<Box<dyn Write + Send>>,
}

/// Whether an execution's replayed events are written.
type KeepReplayed = Box<dyn Fn(&Execution) -> bool + Send + Sync>;

impl LogLayer {
    fn new(form: Form) -> Self {
        Self { form, keeps_replayed: None, writer: Mutex::new(Box::new(stderr())) }
    }

    /// Writes replayed events too.
    pub fn keep_replayed(self) -> Self {
        self.keep_replayed_when(|_| true)
    }

    /// Writes replayed events too, of those executions for which `keep` says so.
    pub fn keep_replayed_when(mut self, keep: impl Fn(&Execution) -> bool + Send + Sync + 'static) -> Self {
        self.keeps_replayed = Some(Box::new(keep));
        self
    }

    /// Where lines go. Each is one write, with its line feed; what cannot be written is lost.
    pub fn write_to(mut self, writer: impl Write + Send + 'static) -> Self {
        self.writer = Mutex::new(Box::new(writer));
        self
    }

    /// Makes this the process's log, for events of `level` and above.
    ///
    /// # Errors
    /// When the process has one already.
    pub fn install(self, level: Level) -> Result<(), SetGlobalDefaultError> {
        set_global_default(Registry::default().with(self).with(LevelFilter::from_level(level)))
    }
}

impl<S> Layer<S> for LogLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, cx: Context<'_, S>) {
        if let Some(span) = cx.span(id) {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            // Another layer of this kind keeps the same.
            span.extensions_mut().replace(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &SpanRecord<'_>, cx: Context<'_, S>) {
        if let Some(span) = cx.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, cx: Context<'_, S>) {
        if let Some(execution) = replayed()
            && !self.keeps_replayed.as_ref().is_some_and(|keep| keep(&execution))
        {
            return;
        }
        let mut record = Record::of(event);
        for span in cx.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            let fields = span.extensions().get::<Fields>().cloned().unwrap_or_default();
            record.add_span(span.name(), fields);
        }
        let line = record.line(self.form);
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        // A log that cannot be written must not stop what it tells of.
        let _ = writer.write_all(line.as_bytes()).and_then(|()| writer.flush());
    }
}

/// A filter for other layers that leaves out what replay repeats: `layer.with_filter(FreshOnly)`.
///
/// Spans are let through, because what happens inside may be live.
#[derive(Debug, Clone, Copy, Default)]
pub struct FreshOnly;

impl<S> Filter<S> for FreshOnly {
    fn enabled(&self, _metadata: &Metadata<'_>, _cx: &Context<'_, S>) -> bool {
        true
    }

    fn event_enabled(&self, _event: &Event<'_>, _cx: &Context<'_, S>) -> bool {
        replayed().is_none()
    }
}

/// The execution, when what runs ran before. A step's body never did: it runs only when its result is not on record.
fn replayed() -> Option<Execution> {
    if StepInfo::current().is_some() {
        return None;
    }
    Execution::current().filter(Execution::is_replaying)
}
