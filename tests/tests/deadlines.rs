//! The end of an invocation as its host sets it: what the runtime does before it comes. In virtual time.

use std::sync::Arc;
use std::time::Duration;

use durable_runtime::clock::Clock;
use durable_runtime::function::{Function, HostFacts, Invocation, InvocationOutcome};
use durable_runtime::handler::function;
use durable_runtime::prelude::*;
use durable_runtime::testing::VirtualClock;
use durable_runtime::wire::{InvocationResponse, InvocationStatus, OperationStatus};
use tests::Scripted;

#[step]
async fn work() -> Result<u32> {
    tokio::time::sleep(Duration::from_secs(10)).await;
    Ok(10)
}

/// A step that takes ten seconds, beside a timer of three.
#[durable]
async fn ten_seconds_of_work(_: ()) -> Result<u32> {
    let (done, ()) = parallel!(work = work(), pause = sleep(seconds(3))).await?;
    Ok(done)
}

#[durable]
async fn nothing_but_a_timer(_: ()) -> Result<()> {
    sleep(seconds(60)).await?;
    Ok(())
}

/// How one invocation ends that the host gives `lasts`, and after how long.
async fn invoke(
    function: &Arc<dyn Function>,
    service: &Scripted,
    lasts: Option<Duration>,
) -> (InvocationOutcome, Duration) {
    let clock = VirtualClock::new();
    let begin = clock.now();
    let invocation = Invocation {
        event: service.event(),
        service: Arc::new(service.clone()),
        clock: Arc::new(clock),
        function_name: "flow".into(),
        request_id: "request".into(),
        plugins: Vec::new(),
        deadline: lasts.map(|lasts| begin.plus(lasts)),
        host: HostFacts::default(),
        on_divergence: None,
    };
    let outcome = function.invoke(invocation).await;
    (outcome, clock.now().since(begin))
}

fn empty_requests(service: &Scripted) -> usize {
    service.requests().iter().filter(|updates| updates.is_empty()).count()
}

#[tokio::test(start_paused = true)]
async fn a_body_that_runs_is_left_to_run_and_its_result_is_recorded() {
    let service = Scripted::new("null");
    let (outcome, took) = invoke(&function(ten_seconds_of_work), &service, Some(Duration::from_secs(5))).await;
    // The host would have ended it. Here it lives on, and what it did is not lost.
    assert!(took >= Duration::from_secs(10), "{took:?}");
    assert_eq!(outcome, InvocationOutcome::Answered(InvocationResponse::pending()));
    assert_eq!(service.named("work").unwrap().status, OperationStatus::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn a_request_without_an_answer_ends_the_invocation_shortly_before_its_time_is_over() {
    let service = Scripted::new("null").latency(Duration::from_secs(3600));
    let (outcome, took) = invoke(&function(nothing_but_a_timer), &service, Some(Duration::from_secs(5))).await;
    let InvocationOutcome::Failed(error) = outcome else { panic!("{outcome:?}") };
    assert_eq!(error.error_type.as_deref(), Some("InvocationDeadline"));
    assert_eq!(took, Duration::from_millis(4_800));
}

#[tokio::test(start_paused = true)]
async fn in_the_last_second_nobody_asks_for_news() {
    let unbounded = Scripted::new("null");
    invoke(&function(ten_seconds_of_work), &unbounded, None).await;
    assert!(empty_requests(&unbounded) > 1, "a timer that is due is asked for while a body runs");

    // The timer is due half a second before the end.
    let bounded = Scripted::new("null");
    let (outcome, _) = invoke(&function(ten_seconds_of_work), &bounded, Some(Duration::from_millis(3_500))).await;
    assert_eq!(empty_requests(&bounded), 0);
    let InvocationOutcome::Answered(response) = outcome else { panic!("{outcome:?}") };
    assert_eq!(response.status, InvocationStatus::Pending);
}

#[tokio::test(start_paused = true)]
async fn code_sees_how_much_time_is_left() {
    #[step]
    async fn look() -> Result<Vec<Option<u64>>> {
        let left = || Execution::current().and_then(|execution| execution.remaining_time()).map(|left| left.as_secs());
        let first = left();
        tokio::time::sleep(Duration::from_secs(3)).await;
        let second = left();
        tokio::time::sleep(Duration::from_secs(60)).await;
        Ok(vec![first, second, left()])
    }
    #[durable]
    async fn flow(_: ()) -> Result<Vec<Option<u64>>> {
        look().await
    }
    let service = Scripted::new("null");
    let (outcome, _) = invoke(&function(flow), &service, Some(Duration::from_secs(5))).await;
    let succeeded = InvocationResponse::succeeded("[5,2,0]".to_owned());
    assert_eq!(outcome, InvocationOutcome::Answered(succeeded));
}
