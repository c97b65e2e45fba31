//! What the logging layer writes, one rule per test, through the public surface.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use durable_runtime::logging::{self, FreshOnly, LogLayer};
use durable_runtime::plugin::{OperationInfo, Plugin};
use durable_runtime::prelude::*;
use durable_runtime::testing::{Run, Runner, virtual_time};
use serde_json::Value;
use tracing::{Instrument, Level, info, info_span, warn};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::Registry;

/// Keeps what is written.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Page {
    fn lines(&self) -> Vec<String> {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap().lines().map(str::to_owned).collect()
    }
}

/// Runs `act` with a layer as this thread's log, and gives the lines that it wrote.
fn logged<R>(layer: LogLayer, act: impl FnOnce() -> R) -> (R, Vec<String>) {
    let page = Page::default();
    let log = Registry::default().with(layer.write_to(page.clone())).with(LevelFilter::INFO);
    let result = tracing::subscriber::with_default(log, act);
    (result, page.lines())
}

/// The records of this test's own code.
fn records(lines: &[String]) -> Vec<Value> {
    let records = lines.iter().map(|line| serde_json::from_str::<Value>(line).unwrap());
    records.filter(|record| record["target"] == module_path!()).collect()
}

fn messages(records: &[Value]) -> Vec<&str> {
    records.iter().map(|record| record["message"].as_str().unwrap()).collect()
}

fn run<F, In, O>(handler: F, input: &impl serde::Serialize) -> Run
where
    F: Fn(In) -> O + Send + Sync + 'static,
    In: serde::de::DeserializeOwned + Send + 'static,
    O: Operation + 'static,
    O::Output: durable_runtime::Recordable,
{
    virtual_time(async { Runner::new().await?.run("function", handler, input).await }).unwrap()
}

#[step]
async fn greet(name: &str) -> Result<String> {
    info!("greeting {name}");
    Ok(format!("Hello, {name}!"))
}

#[durable]
async fn two_days(name: String) -> Result<String> {
    info!("the first day begins");
    let greeting = greet(&name).await?;
    info!(letters = greeting.len(), "the first day ends");
    sleep(days(1)).await?;
    info!("the second day");
    greet("the second day").await
}

#[test]
fn events_of_replayed_code_are_written_once() {
    let (_, lines) = logged(logging::json(), || run(two_days, &"Ada"));
    assert_eq!(
        messages(&records(&lines)),
        ["the first day begins", "greeting Ada", "the first day ends", "the second day", "greeting the second day"]
    );
}

#[test]
fn events_of_replayed_code_are_kept_on_request() {
    let (_, lines) = logged(logging::json().keep_replayed(), || run(two_days, &"Ada"));
    assert_eq!(
        messages(&records(&lines)),
        [
            "the first day begins",
            "greeting Ada",
            "the first day ends",
            "the first day begins",
            "the first day ends",
            "the second day",
            "greeting the second day"
        ]
    );
}

#[test]
fn the_events_to_keep_can_be_chosen_by_their_execution() {
    let of = |name: &'static str| move |execution: &Execution| execution.function_name() == name;
    let (_, lines) = logged(logging::json().keep_replayed_when(of("function")), || run(two_days, &"Ada"));
    assert_eq!(records(&lines).len(), 7);
    let (_, lines) = logged(logging::json().keep_replayed_when(of("another")), || run(two_days, &"Ada"));
    assert_eq!(records(&lines).len(), 5);
}

#[test]
fn a_record_says_where_in_which_execution_its_event_happened() {
    #[durable]
    async fn nested(name: String) -> Result<()> {
        info!("in the handler");
        child!("inside", async {
            warn!(answer = 42, exact = true, "in a child");
            greet(&name).await
        })
        .await?;
        Ok(())
    }
    let (run, lines) = logged(logging::json(), || run(nested, &"Ada"));
    let records = records(&lines);
    let arn = run.summary().arn.as_str();
    for record in &records {
        assert_eq!((record["executionArn"].as_str(), record["functionName"].as_str()), (Some(arn), Some("function")));
        assert!(record["requestId"].as_str().is_some_and(|id| !id.is_empty()));
        assert!(record["timestamp"].as_str().is_some_and(|time| time.ends_with('Z')));
    }
    let members = |record: &Value| {
        let names = ["level", "operationId", "operationName", "parentId", "attempt", "answer", "exact"];
        Value::from_iter(names.map(|name| record[name].clone()))
    };
    let expected = [
        serde_json::json!(["INFO", null, null, null, null, null, null]),
        serde_json::json!(["WARN", "1", "inside", null, null, 42, true]),
        serde_json::json!(["INFO", "1-1", "greet", "1", 1, null, null]),
    ];
    assert_eq!(records.iter().map(members).collect::<Vec<_>>(), expected);
}

#[test]
fn the_attempt_is_the_one_that_emits() {
    #[step(retry = fixed(delay = "1s", max_attempts = 3))]
    async fn flaky() -> Result<u32> {
        info!("trying");
        match StepInfo::current().unwrap().attempt() {
            3 => Ok(3),
            _ => Err("busy")?,
        }
    }
    #[durable]
    async fn insistent(_: ()) -> Result<u32> {
        flaky().await
    }
    let (_, lines) = logged(logging::json(), || run(insistent, &()));
    let attempts: Vec<_> = records(&lines).iter().map(|record| record["attempt"].as_u64().unwrap()).collect();
    assert_eq!(attempts, [1, 2, 3]);
}

#[test]
fn branches_that_interleave_never_mix_their_fields() {
    #[step]
    async fn talk(name: &str, pause: u64) -> Result<()> {
        for word in 0..5 {
            info!(word, "{name} talks");
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        Ok(())
    }
    #[durable]
    async fn conversation(_: ()) -> Result<()> {
        parallel!(
            ada = async {
                talk("ada", 20).await?;
                info!("ada is done");
                Ok(())
            },
            bob = async {
                talk("bob", 30).await?;
                info!("bob is done");
                Ok(())
            },
        )
        .await?;
        Ok(())
    }
    let (_, lines) = logged(logging::json(), || run(conversation, &()));
    let records = records(&lines);
    let speakers: Vec<_> = records.iter().map(|record| &record["message"].as_str().unwrap()[..3]).collect();
    assert!(speakers.windows(2).filter(|pair| pair[0] != pair[1]).count() > 3, "they do interleave: {speakers:?}");
    assert_eq!(records.len(), 12);
    for record in &records {
        let message = record["message"].as_str().unwrap();
        let branch = if message.starts_with("ada") { "1-1" } else { "1-2" };
        if message.ends_with("done") {
            assert_eq!((&record["operationId"], &record["operationName"]), (&branch.into(), &message[..3].into()));
            assert!(record["attempt"].is_null());
        } else {
            assert_eq!(
                (&record["operationId"], &record["operationName"]),
                (&format!("{branch}-1").into(), &"talk".into())
            );
            assert_eq!((&record["parentId"], &record["attempt"]), (&branch.into(), &1.into()));
        }
    }
}

#[test]
fn work_on_other_threads_and_tasks_is_logged_as_the_steps_own() {
    #[step(blocking)]
    fn block(name: String) -> Result<()> {
        info!("{name}");
        Ok(())
    }
    #[step(spawn)]
    async fn spawn(name: String) -> Result<()> {
        info!("{name}");
        Ok(())
    }
    #[durable]
    async fn elsewhere(_: ()) -> Result<()> {
        block("block".to_owned()).await?;
        spawn("spawn".to_owned()).await
    }
    let page = Page::default();
    let log = Registry::default().with(logging::json().write_to(page.clone()));
    // Another thread has no default of its own, so its work is given this one.
    let dispatch = tracing::Dispatch::new(log);
    let inner = dispatch.clone();
    tracing::dispatcher::with_default(&dispatch, || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .on_thread_start(move || std::mem::forget(tracing::dispatcher::set_default(&inner)))
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let engine = durable_runtime::engine::Engine::open_in_memory().await.unwrap();
            engine.register("elsewhere", durable_runtime::handler::function(elsewhere));
            let arn = engine.start("elsewhere", "null", Default::default()).await.unwrap().arn;
            engine.wait(&arn).await.unwrap();
        });
    });
    let records = records(&page.lines());
    let seen: Vec<_> =
        records.iter().map(|record| (record["message"].as_str(), record["operationName"].as_str())).collect();
    assert_eq!(seen, [(Some("block"), Some("block")), (Some("spawn"), Some("spawn"))]);
}

#[test]
fn events_outside_of_executions_are_written_without_one() {
    let ((), lines) = logged(logging::json(), || info!(executionArn = "mine", count = 3, "alone"));
    let record: Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!(
        (&record["message"], &record["count"], &record["executionArn"]),
        (&"alone".into(), &3.into(), &"mine".into())
    );
}

#[test]
fn a_field_of_an_event_cannot_pass_for_the_executions_own() {
    #[durable]
    async fn pretender(_: ()) -> Result<()> {
        info!(executionArn = "another", level = "none", target = "x", spans = "y", mine = 1, "pretending");
        Ok(())
    }
    let (run, lines) = logged(logging::json(), || run(pretender, &()));
    let record = &records(&lines)[0];
    assert_eq!(record["executionArn"], run.summary().arn.as_str());
    assert_eq!((&record["level"], &record["mine"], record.get("spans")), (&"INFO".into(), &1.into(), None));
}

#[test]
fn every_record_is_one_line_whatever_it_says() {
    let nasty = "one\ntwo \"three\"\r\u{1b}[31m\t\u{2028}";
    let ((), lines) = logged(logging::json(), || {
        info!(field = nasty, ratio = f64::NAN, "{nasty}");
    });
    assert_eq!(lines.len(), 1);
    let record: Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!((&record["message"], &record["field"], &record["ratio"]), (&nasty.into(), &nasty.into(), &"NaN".into()));
    let ((), lines) = logged(logging::text(), || info!(field = nasty, "{nasty}"));
    assert_eq!(lines.len(), 1);
    assert!(!lines[0].contains('\u{1b}'), "{lines:?}");
}

#[test]
fn text_says_the_same_for_people() {
    let (run, lines) = logged(logging::text(), || run(two_days, &"Ada"));
    let arn = run.summary().arn.as_str();
    let line = lines.iter().find(|line| line.contains("greeting Ada")).unwrap();
    assert!(line.contains(" INFO "), "{line}");
    assert!(line.contains(&format!("{}: greeting Ada", module_path!())), "{line}");
    assert!(line.contains(&format!("executionArn={arn}")), "{line}");
    assert!(line.ends_with("operationId=1 operationName=greet attempt=1"), "{line}");
    assert!(lines.iter().any(|line| line.contains("the first day ends letters=11")), "{lines:?}");
}

#[test]
fn open_spans_are_written_with_their_fields_from_the_outermost() {
    #[step]
    async fn traced() -> Result<()> {
        let inner = async {
            tokio::task::yield_now().await;
            tracing::Span::current().record("late", "now");
            info!("inside");
        };
        let outer = async { inner.instrument(info_span!("inner", late = tracing::field::Empty)).await };
        outer.instrument(info_span!("outer", n = 1)).await;
        Ok(())
    }
    #[durable]
    async fn spans(_: ()) -> Result<()> {
        traced().await
    }
    let (_, lines) = logged(logging::json(), || run(spans, &()));
    let record = &records(&lines)[0];
    assert_eq!(record["spans"], serde_json::json!([{"name": "outer", "n": 1}, {"name": "inner", "late": "now"}]));
}

#[test]
fn other_layers_can_leave_out_what_replay_repeats() {
    struct Counts(Arc<Mutex<u32>>);
    impl<S: tracing::Subscriber> Layer<S> for Counts {
        fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
            if event.metadata().target() == module_path!() {
                *self.0.lock().unwrap() += 1;
            }
        }
    }
    let (all, fresh) = (Arc::default(), Arc::default());
    let log =
        Registry::default().with(Counts(Arc::clone(&all))).with(Counts(Arc::clone(&fresh)).with_filter(FreshOnly));
    tracing::subscriber::with_default(log, || run(two_days, &"Ada"));
    assert_eq!((*all.lock().unwrap(), *fresh.lock().unwrap()), (7, 5));
}

#[test]
fn events_of_a_plugin_are_never_taken_for_a_repetition() {
    struct Tells;
    impl Plugin for Tells {
        fn operation_replay(&self, operation: &OperationInfo<'_>) {
            info!(id = operation.id, "a plugin tells of {}", operation.name.unwrap_or_default());
        }
    }
    let (_, lines) = logged(logging::json(), || {
        virtual_time(async { Runner::new().await?.plugin(Tells).run("function", two_days, "Ada").await }).unwrap()
    });
    let records = records(&lines);
    let told: Vec<_> =
        records.iter().filter(|record| record["message"].as_str().unwrap().starts_with("a plugin")).collect();
    assert_eq!(told.len(), 2, "the greeting and the sleep: {told:?}");
    assert!(told.iter().all(|record| record["executionArn"].is_string()));
}

#[test]
fn a_plugin_that_panics_is_reported() {
    struct Faulty;
    impl Plugin for Faulty {
        fn operation_end(&self, _: &OperationInfo<'_>) {
            panic!("this plugin is faulty");
        }
    }
    let (run, lines) = logged(logging::json(), || {
        virtual_time(async { Runner::new().await?.plugin(Faulty).run("function", two_days, "Ada").await }).unwrap()
    });
    let report = lines.iter().find(|line| line.contains("a plugin panicked")).unwrap();
    let report: Value = serde_json::from_str(report).unwrap();
    assert_eq!((&report["level"], &report["hook"]), (&"ERROR".into(), &"operation_end".into()));
    assert_eq!(report["executionArn"], run.summary().arn.as_str());
    assert!(report["report"].as_str().unwrap().contains("this plugin is faulty"));
}

#[test]
fn a_log_is_installed_once_per_process() {
    let page = Page::default();
    logging::json().write_to(page.clone()).install(Level::WARN).unwrap();
    info!("below the level");
    warn!("at the level");
    assert!(logging::text().install(Level::INFO).is_err());
    let records = records(&page.lines());
    assert!(messages(&records).contains(&"at the level") && !messages(&records).contains(&"below the level"));
}
