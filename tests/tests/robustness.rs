//! Runs that once lost work, accused a correct program or hung. Each was found by attacking the replay core.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant, SystemTime};

use durable_runtime::clock::{BoxFuture, Clock, SystemClock};
use durable_runtime::function::{Function, HostFacts, Invocation, InvocationOutcome};
use durable_runtime::handler::function;
use durable_runtime::prelude::*;
use durable_runtime::service::{DurableService, ServiceError};
use durable_runtime::testing::{Runner, virtual_time};
use durable_runtime::wire::{
    CheckpointRequest, CheckpointResponse, InvocationResponse, InvocationStatus, OperationStatus, OperationType,
    StatePage, StateRequest, Timestamp,
};
use serde::{Deserialize, Serialize};
use tests::{Fault, Scripted};

fn answered(outcome: InvocationOutcome) -> InvocationResponse {
    match outcome {
        InvocationOutcome::Answered(response) => response,
        other => panic!("no answer but {other:?}"),
    }
}

#[step]
async fn number(value: u32) -> Result<u32> {
    Ok(value)
}

#[step]
async fn big(bytes: usize) -> Result<String> {
    Ok("x".repeat(bytes))
}

#[tokio::test(start_paused = true)]
async fn a_branch_with_a_refused_name_fails_its_batch_on_replay_too() {
    #[durable]
    async fn flow(bytes: usize) -> Result<String> {
        let batch =
            parallel_map(["a", "b", "na\u{ef}ve"], |name, _| child!(async move { big(bytes).await }).named(name)).await;
        let text = match batch {
            Ok(values) => format!("{} values", values.len()),
            Err(error) => error.type_name().to_owned(),
        };
        sleep(seconds(5)).await?;
        Ok(text)
    }
    for bytes in ["1", "300000"] {
        let response = answered(Scripted::new(bytes).run(&function(flow)).await);
        assert_eq!(response.result.as_deref(), Some("\"StepFailure.NameRefused\""), "{bytes} bytes");
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_that_does_not_read_back_is_a_failure_and_no_divergence() {
    #[derive(Debug, Serialize, Deserialize)]
    enum Measure {
        OutOfRange { value: f64 },
    }
    impl std::fmt::Display for Measure {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "{self:?}")
        }
    }
    impl std::error::Error for Measure {}
    #[step(retry = none)]
    async fn measure() -> Result<f64, Measure> {
        Err(Measure::OutOfRange { value: f64::NAN })
    }
    #[durable]
    async fn flow(_: ()) -> Result<String> {
        Ok(match measure().await {
            Ok(value) => value.to_string(),
            Err(error) => error.to_string(),
        })
    }
    let response = answered(Scripted::new("null").run(&function(flow)).await);
    assert_eq!(response.error.unwrap().error_type.as_deref(), Some("StepFailure.NotRecordable"));
}

#[tokio::test(start_paused = true)]
async fn a_large_branch_of_a_failed_batch_makes_its_result_again() {
    #[step(retry = none)]
    async fn fails() -> Result<u32> {
        tokio::time::sleep(Duration::from_millis(50)).await;
        Err("no")?
    }
    #[durable]
    async fn flow(_: ()) -> Result<String> {
        let batch = parallel!(
            bad = fails(),
            good = async {
                let text = big(300_000).await?;
                untracked(async {}).await;
                Ok(text)
            },
        )
        .await;
        sleep(seconds(5)).await?;
        Ok(batch.map_or_else(|error| error.to_string(), |_| "ok".to_owned()))
    }
    let response = answered(Scripted::new("null").run(&function(flow)).await);
    assert_eq!(response.result.as_deref(), Some("\"no\""));
}

#[test]
fn a_panic_with_a_long_text_is_a_failed_attempt_like_any_other() {
    #[step(retry = none)]
    async fn long(text: &str) -> Result<u32> {
        panic!("{}", text.repeat(40_000))
    }
    #[durable]
    async fn flow(text: String) -> Result<String> {
        let (kind, three) = parallel!(
            kind = async {
                match long(&text).await {
                    Ok(_) => Ok("none".to_owned()),
                    Err(error) => Ok(format!("{:?}", error.failure().map(StepFailure::kind))),
                }
            },
            three = number(3),
        )
        .await?;
        Ok(format!("{kind} {three}"))
    }
    // Control characters travel as six each.
    for text in ["x", "\u{1}", "\u{e9}"] {
        let run = virtual_time(async { Runner::new().await?.run("flow", flow, text).await }).unwrap();
        assert_eq!(run.result::<String>().unwrap(), "Some(Panicked) 3", "{text:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_edited_input_type_blocks_an_execution_and_does_not_destroy_it() {
    #[derive(Deserialize)]
    struct Before {
        id: u32,
    }
    #[derive(Deserialize)]
    struct After {
        id: u32,
        note: String,
    }
    #[durable]
    async fn before(order: Before) -> Result<u32> {
        number(order.id).await?;
        sleep(seconds(5)).await?;
        Ok(order.id)
    }
    #[durable]
    async fn after(order: After) -> Result<u32> {
        number(order.id).await?;
        sleep(seconds(5)).await?;
        Ok(order.id + order.note.len() as u32)
    }
    let service = Scripted::new(r#"{"id":7}"#);
    answered(service.invoke(&function(before)).await);
    service.time_passes();
    let InvocationOutcome::Blocked(report) = service.invoke(&function(after)).await else { panic!("not noticed") };
    assert!(report.contains("the input of scripted") && report.contains("missing field `note`"), "{report}");
    assert_eq!(answered(service.invoke(&function(before)).await).result.as_deref(), Some("7"));
    let fresh = answered(Scripted::new(r#"{"id":7}"#).invoke(&function(after)).await);
    assert_eq!(fresh.error.unwrap().error_type.as_deref(), Some("InvalidInput"), "a first run simply fails");
}

#[test]
fn a_body_that_gives_way_lets_others_run() {
    #[durable]
    async fn flow(_: ()) -> Result<u32> {
        record!("spin", async {
            let done = Arc::new(AtomicBool::new(false));
            let set = done.clone();
            tokio::spawn(async move { set.store(true, Ordering::SeqCst) });
            let mut polls = 0_u32;
            std::future::poll_fn(|cx| {
                polls += 1;
                assert!(polls < 20_000_000, "starved");
                if done.load(Ordering::SeqCst) {
                    return std::task::Poll::Ready(());
                }
                cx.waker().wake_by_ref();
                std::task::Poll::Pending
            })
            .await;
            Ok(polls)
        })
        .retry(RetryPolicy::none())
        .await
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let outcome = runtime.block_on(async { Scripted::new("null").run(&function(flow)).await });
    assert_eq!(answered(outcome).status, InvocationStatus::Succeeded);
}

#[test]
fn a_body_that_uses_up_the_budget_of_tokio_goes_on() {
    #[durable]
    async fn flow(_: ()) -> Result<u32> {
        record!("drain", async {
            let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
            for value in 0..1000_u32 {
                sender.send(value)?;
            }
            drop(sender);
            let mut count = 0;
            while receiver.recv().await.is_some() {
                count += 1;
            }
            Ok(count)
        })
        .await
    }
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        sender.send(runtime.block_on(async { Scripted::new("null").run(&function(flow)).await })).unwrap();
    });
    let outcome = receiver.recv_timeout(Duration::from_secs(30)).expect("the run hangs");
    assert_eq!(answered(outcome).result.as_deref(), Some("1000"));
}

#[tokio::test(start_paused = true)]
async fn a_success_whose_result_is_made_again_never_becomes_an_error() {
    #[durable]
    async fn flow(calls: Arc<AtomicUsize>) -> Result<usize> {
        let calls = &calls;
        let text = child!(async {
            let text = big(300_000).await?;
            if untracked(async { calls.fetch_add(1, Ordering::SeqCst) }).await > 0 {
                Err("the second time")?;
            }
            Ok(text)
        })
        .await;
        sleep(seconds(5)).await?;
        Ok(text?.len())
    }
    let calls: Arc<AtomicUsize> = Arc::default();
    let outcome = Scripted::new("null").run(&function(move |(): ()| flow(calls.clone()))).await;
    assert!(matches!(outcome, InvocationOutcome::Blocked(_)), "{outcome:?}");
}

/// A clock that stands still.
struct At(SystemTime);

impl Clock for At {
    fn now(&self) -> Timestamp {
        self.0.into()
    }

    fn sleep_until(&self, _: Timestamp) -> BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }
}

const DAY: Duration = Duration::from_secs(86_400);

#[tokio::test(start_paused = true)]
async fn a_time_is_compared_with_the_clock_once() {
    #[durable]
    async fn far(_: ()) -> Result<String> {
        let time = SystemTime::UNIX_EPOCH + DAY * 2367;
        let text = if sleep_until(time).await.is_ok() { "slept" } else { "refused" };
        sleep(hours(48)).await?;
        number(1).await?;
        Ok(text.to_owned())
    }
    let (handler, service) = (function(far), Scripted::new("null"));
    let now = SystemTime::UNIX_EPOCH + DAY * 2000;
    answered(service.invoke_at(&handler, Arc::new(At(now))).await);
    service.time_passes();
    // Two days later the same time would be near enough to wait for.
    let response = answered(service.invoke_at(&handler, Arc::new(At(now + DAY * 2))).await);
    assert_eq!(response.result.as_deref(), Some("\"refused\""));

    #[durable]
    async fn passed(_: ()) -> Result<usize> {
        let time = SystemTime::UNIX_EPOCH + DAY;
        let text = child!(async {
            let text = big(300_000).await?;
            sleep_until(time).await?;
            Ok(text)
        })
        .await?;
        sleep(seconds(5)).await?;
        Ok(text.len())
    }
    let (handler, service) = (function(passed), Scripted::new("null"));
    answered(service.invoke_at(&handler, Arc::new(At(SystemTime::UNIX_EPOCH + DAY * 2))).await);
    service.time_passes();
    // The next host's clock is behind.
    let response = answered(service.invoke_at(&handler, Arc::new(At(SystemTime::UNIX_EPOCH))).await);
    assert_eq!(response.result.as_deref(), Some("300000"));
}

#[tokio::test(start_paused = true)]
async fn a_divergence_records_what_is_known_before_it_blocks() {
    #[step(at_most_once, retry = none)]
    async fn pay(runs: &AtomicUsize) -> Result<usize> {
        tokio::time::sleep(Duration::from_millis(20)).await;
        Ok(runs.fetch_add(1, Ordering::SeqCst) + 1)
    }
    #[durable]
    async fn flow(runs: Arc<AtomicUsize>, edited: bool) -> Result<String> {
        let runs = &runs;
        let (paid, _) = parallel!(
            paid = async {
                sleep(seconds(1)).await?;
                match pay(runs).await {
                    Ok(count) => Ok(format!("paid {count}")),
                    Err(error) => Ok(format!("{:?}", error.failure().map(StepFailure::kind))),
                }
            },
            other = async {
                untracked(tokio::time::sleep(Duration::from_millis(20))).await;
                if edited {
                    number(1).named("other").await?;
                } else {
                    sleep(seconds(1)).await?;
                }
                Ok(1)
            },
        )
        .await?;
        Ok(paid)
    }
    let runs: Arc<AtomicUsize> = Arc::default();
    let handler = |edited| {
        let runs = runs.clone();
        function(move |(): ()| flow(runs.clone(), edited))
    };
    let service = Scripted::new("null");
    answered(service.invoke(&handler(false)).await);
    service.time_passes();
    assert!(matches!(service.invoke(&handler(true)).await, InvocationOutcome::Blocked(_)));
    assert_eq!(answered(service.run(&handler(false)).await).result.as_deref(), Some("\"paid 1\""));
}

#[tokio::test(start_paused = true)]
async fn fewer_branches_than_a_large_batch_had_are_noticed() {
    #[durable]
    async fn three(_: ()) -> Result<usize> {
        let values = parallel_map(0..3, |_, _| big(100_000)).await?;
        sleep(seconds(5)).await?;
        Ok(values.len())
    }
    #[durable]
    async fn two(_: ()) -> Result<usize> {
        let values = parallel_map(0..2, |_, _| big(100_000)).await?;
        sleep(seconds(5)).await?;
        Ok(values.len())
    }
    let service = Scripted::new("null");
    answered(service.invoke(&function(three)).await);
    service.time_passes();
    let outcome = service.invoke(&function(two)).await;
    assert!(matches!(outcome, InvocationOutcome::Blocked(_)), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn a_removed_operation_behind_one_without_a_record_is_noticed() {
    #[durable]
    async fn before(_: ()) -> Result<u32> {
        number(1).await?;
        let _ = number(2).named("").await;
        number(2).named("charge").await?;
        sleep(seconds(5)).await?;
        Ok(1)
    }
    #[durable]
    async fn after(_: ()) -> Result<u32> {
        number(1).await
    }
    let service = Scripted::new("null");
    answered(service.invoke(&function(before)).await);
    service.time_passes();
    let InvocationOutcome::Blocked(report) = service.invoke(&function(after)).await else { panic!("not noticed") };
    assert!(report.contains("`charge`"), "{report}");
}

/// A transport with a bug.
struct Panics(Scripted);

impl DurableService for Panics {
    fn checkpoint(&self, _: CheckpointRequest) -> BoxFuture<'_, std::result::Result<CheckpointResponse, ServiceError>> {
        Box::pin(async { panic!("a bug in the transport") })
    }

    fn state(&self, request: StateRequest) -> BoxFuture<'_, std::result::Result<StatePage, ServiceError>> {
        DurableService::state(&self.0, request)
    }
}

fn invocation(service: &Scripted, line: Arc<dyn DurableService>) -> Invocation {
    Invocation {
        event: service.event(),
        service: line,
        clock: Arc::new(SystemClock),
        function_name: "scripted".into(),
        request_id: "request".into(),
        deadline: None,
        host: HostFacts::default(),
        on_divergence: None,
        plugins: Vec::new(),
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_the_transport_ends_the_invocation() {
    #[durable]
    async fn flow(_: ()) -> Result<u32> {
        number(1).await
    }
    let service = Scripted::new("null");
    let run = function(flow).invoke(invocation(&service, Arc::new(Panics(service.clone()))));
    let outcome = tokio::time::timeout(Duration::from_secs(3600), run).await.expect("the invocation hangs");
    assert!(matches!(outcome, InvocationOutcome::Failed(_)), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn floats_are_recorded_exactly() {
    #[durable]
    async fn flow(_: ()) -> Result<u32> {
        let mut changed = 0;
        for number in 0..300_u64 {
            let value = f64::from_bits(0x3ff0_0000_0000_0000 + number * 0x1234_5678_9abc + number);
            let recorded = record!("float", async { Ok(value) }).key(number).await?;
            changed += u32::from(recorded.to_bits() != value.to_bits());
        }
        Ok(changed)
    }
    assert_eq!(answered(Scripted::new("null").run(&function(flow)).await).result.as_deref(), Some("0"));
}

#[tokio::test(start_paused = true)]
async fn data_added_to_a_failure_survives_the_next_record() {
    #[step(retry = none)]
    async fn boom() -> Result<u32> {
        panic!("boom")
    }
    #[durable]
    async fn flow(_: ()) -> Result<Option<String>> {
        let result = child!(async { boom().await.map_err(|error| error.with_data("order 7")) }).await;
        Ok(result.unwrap_err().data::<String>())
    }
    let response = answered(Scripted::new("null").run(&function(flow)).await);
    assert_eq!(response.result.as_deref(), Some("\"order 7\""));
}

#[tokio::test(start_paused = true)]
async fn a_result_that_panics_while_it_is_serialized_fails_alone() {
    struct Touchy;
    impl Serialize for Touchy {
        fn serialize<S: serde::Serializer>(&self, _: S) -> std::result::Result<S::Ok, S::Error> {
            panic!("do not look at me")
        }
    }
    impl<'de> Deserialize<'de> for Touchy {
        fn deserialize<D: serde::Deserializer<'de>>(_: D) -> std::result::Result<Self, D::Error> {
            Ok(Self)
        }
    }
    #[step]
    async fn slow(done: &AtomicUsize) -> Result<u32> {
        tokio::time::sleep(Duration::from_millis(50)).await;
        done.fetch_add(1, Ordering::SeqCst);
        Ok(1)
    }
    #[durable]
    async fn flow(done: Arc<AtomicUsize>) -> Result<String> {
        let done = &done;
        let batch = parallel!(
            slow = slow(done),
            touchy = async {
                number(1).await?;
                Ok(Touchy)
            },
        )
        .await;
        Ok(batch.map_or_else(|error| error.to_string(), |_| "ok".to_owned()))
    }
    let done: Arc<AtomicUsize> = Arc::default();
    let seen = done.clone();
    let response = answered(Scripted::new("null").run(&function(move |(): ()| flow(seen.clone()))).await);
    assert_eq!(response.result.as_deref(), Some("\"do not look at me\""));
    assert_eq!(done.load(Ordering::SeqCst), 1, "the sibling's body came to its end");
}

/// Answers after a moment, and some timers have ended by then.
struct WithNews(Scripted, AtomicU64);

impl DurableService for WithNews {
    fn checkpoint(
        &self,
        request: CheckpointRequest,
    ) -> BoxFuture<'_, std::result::Result<CheckpointResponse, ServiceError>> {
        Box::pin(async move {
            let mut seed = self.1.load(Ordering::Relaxed);
            let mut dice = move || {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                seed >> 33
            };
            tokio::time::sleep(Duration::from_micros(dice() % 50)).await;
            let mut response = self.0.checkpoint(request).await?;
            self.0.edit(|operations| {
                for operation in operations {
                    let waits = operation.operation_type == OperationType::Wait && !operation.status.is_terminal();
                    if waits && dice().is_multiple_of(3) {
                        operation.status = OperationStatus::Succeeded;
                        response.new_execution_state.operations.push(Box::new(operation.clone()));
                    }
                }
            });
            self.1.store(dice() ^ (dice() << 31), Ordering::Relaxed);
            Ok(response)
        })
    }

    fn state(&self, request: StateRequest) -> BoxFuture<'_, std::result::Result<StatePage, ServiceError>> {
        DurableService::state(&self.0, request)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn news_that_arrive_while_a_record_is_claimed_are_not_lost() {
    #[durable]
    async fn flow(_: ()) -> Result<usize> {
        let (naps, ()) = parallel!(
            naps = parallel_map(0..100_u64, |index, _| child!(async move {
                untracked(async { tokio::time::sleep(Duration::from_micros(index * 40)).await }).await;
                sleep(seconds(1)).await?;
                Ok(index)
            })),
            ticks = async {
                for value in 0..100 {
                    number(value).await?;
                }
                Ok(())
            },
        )
        .await?;
        Ok(naps.len())
    }
    // Before it was mended this failed within a hundred runs.
    let handler: Arc<dyn Function> = function(flow);
    let begun = Instant::now();
    for run in 1..100 {
        if begun.elapsed() > Duration::from_secs(10) {
            break;
        }
        let service = Scripted::new("null").fault(60, Fault::Refused(ServiceError::unavailable("gone")));
        if !matches!(service.invoke(&handler).await, InvocationOutcome::Failed(_)) {
            continue;
        }
        let line = Arc::new(WithNews(service.clone(), AtomicU64::new(run)));
        let outcome = tokio::spawn(handler.invoke(invocation(&service, line))).await.unwrap();
        if matches!(&outcome, InvocationOutcome::Answered(answer) if answer.status == InvocationStatus::Pending) {
            let open = service.operations();
            let open = open
                .iter()
                .filter(|operation| operation.operation_type == OperationType::Wait && !operation.status.is_terminal());
            assert!(open.count() > 0, "run {run}: PENDING, and every timer has ended and was told");
        }
    }
}
