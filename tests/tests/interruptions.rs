//! Any request may be lost, or its answer: the next invocation comes to the same result. Batches nested or flat, with and
//! without bounded concurrency, large results and polled conditions.

use std::time::Duration;

use durable_runtime::function::{Function, InvocationOutcome};
use durable_runtime::handler::function;
use durable_runtime::prelude::*;
use durable_runtime::service::ServiceError;
use durable_runtime::wire::InvocationStatus;
use tests::{Fault, Scripted};

/// Ends after a while that depends on the value, so that branches overtake each other.
#[step]
async fn number(value: u32) -> Result<u32> {
    tokio::time::sleep(Duration::from_millis(u64::from(value * 7 % 13))).await;
    Ok(value)
}

#[step(retry = none)]
async fn refused(value: u32) -> Result<u32> {
    Err(format!("{value} is refused"))?
}

#[step]
async fn large(value: u32) -> Result<String> {
    tokio::time::sleep(Duration::from_millis(u64::from(value * 5 % 7))).await;
    Ok(value.to_string().repeat(60_000))
}

/// How many items succeeded and failed, and the sum of their values.
#[durable]
async fn some_refused(slots: usize, flat: bool) -> Result<(usize, usize, u32)> {
    let batch = parallel_map([1, 0, 3, 4, 5, 6], |value, _| {
        child!(async move {
            number(value).await?;
            match value {
                0 => return refused(value).await,
                4 => sleep(seconds(1)).await?,
                _ => {}
            }
            number(value * 10).await
        })
    })
    .max_concurrency(slots)
    .tolerate_failures(2);
    let settled = if flat { batch.flat() } else { batch }.settled().await?;
    Ok((settled.succeeded_count(), settled.failed_count(), settled.values().sum()))
}

/// How long all texts are together, which is more than a batch may record.
#[durable]
async fn large_texts(slots: usize, flat: bool) -> Result<usize> {
    let batch = parallel_map(1..=5, |value, _| {
        child!(async move {
            sleep(seconds(1)).await?;
            large(value).await
        })
    })
    .max_concurrency(slots);
    let texts = if flat { batch.flat() } else { batch }.await?;
    sleep(seconds(1)).await?;
    Ok(texts.iter().map(String::len).sum())
}

/// What two conditions came to, polled beside each other.
#[durable]
async fn conditions(_: ()) -> Result<(u32, String)> {
    #[step]
    async fn longer(state: String) -> Result<String> {
        Ok(state + "x")
    }
    parallel!(
        count = wait_for_condition(0, |count| number(count + 1)).every(seconds(1)).until(|count| *count >= 3),
        text = async {
            sleep(seconds(2)).await?;
            wait_for_condition(String::new(), longer).every(seconds(1)).until(|text| text.len() == 2).await
        }
    )
    .await
}

#[durable]
async fn everything((slots, flat): (usize, bool)) -> Result<String> {
    let refused = some_refused(slots, flat).await?;
    let large = large_texts(slots, flat).await?;
    let conditions = conditions(()).await?;
    Ok(format!("{refused:?} {large} {conditions:?}"))
}

/// Invocations until one gives a result, whatever becomes of those before it.
async fn result(service: &Scripted, handler: &std::sync::Arc<dyn Function>) -> String {
    for _ in 0..100 {
        match service.invoke(handler).await {
            InvocationOutcome::Answered(response) if response.status == InvocationStatus::Pending => {
                service.time_passes();
            }
            InvocationOutcome::Answered(response) => return response.result.expect("it succeeds"),
            InvocationOutcome::Failed(_) => {}
            InvocationOutcome::Blocked(report) => panic!("{report}"),
        }
    }
    panic!("the function never ends");
}

#[tokio::test(start_paused = true)]
async fn no_lost_request_changes_the_result() {
    let handler = function(everything);
    for input in ["[2,false]", "[2,true]", "[9,false]", "[9,true]"] {
        let service = || Scripted::new(input).latency(Duration::from_millis(2));
        let undisturbed = service();
        let expected = result(&undisturbed, &handler).await;
        assert_eq!(expected, r#""(5, 1, 190) 300000 (3, \"xx\")""#);
        for number in 1..=undisturbed.requests().len() {
            for fault in [Fault::Refused, Fault::AnswerLost] {
                let disturbed = service().fault(number, fault(ServiceError::unavailable("gone")));
                assert_eq!(result(&disturbed, &handler).await, expected, "input {input}, request {number}");
            }
        }
    }
}
