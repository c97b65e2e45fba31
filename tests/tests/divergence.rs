//! A run that does not fit its history stops with a report; a run that fits is never accused.

use std::sync::Arc;
use std::time::SystemTime;

use durable_runtime::function::{Function, InvocationOutcome};
use durable_runtime::handler::function;
use durable_runtime::prelude::*;
use durable_runtime::wire::{InvocationStatus, OperationType};
use tests::Scripted;

#[step]
async fn reserve(value: u32) -> Result<u32> {
    Ok(value)
}

#[step]
async fn charge(value: u32) -> Result<u32> {
    Ok(value * 10)
}

/// Runs `before` until it waits, then `after` on what it left.
async fn edited(before: Arc<dyn Function>, after: Arc<dyn Function>) -> InvocationOutcome {
    let service = Scripted::new("1");
    let InvocationOutcome::Answered(waits) = service.invoke(&before).await else { panic!("no answer") };
    assert_eq!(waits.status, InvocationStatus::Pending);
    service.time_passes();
    service.invoke(&after).await
}

async fn report(before: Arc<dyn Function>, after: Arc<dyn Function>) -> String {
    match edited(before, after).await {
        InvocationOutcome::Blocked(report) => report,
        other => panic!("not noticed: {other:?}"),
    }
}

#[durable]
async fn original(value: u32) -> Result<u32> {
    let reserved = reserve(value).await?;
    let charged = charge(value).await?;
    sleep(seconds(60)).await?;
    Ok(reserved + charged)
}

#[tokio::test(start_paused = true)]
async fn two_swapped_steps_are_noticed_and_the_report_says_where_and_what() {
    #[durable]
    async fn swapped(value: u32) -> Result<u32> {
        let charged = charge(value).await?;
        let reserved = reserve(value).await?;
        sleep(seconds(60)).await?;
        Ok(reserved + charged)
    }
    let report = report(function(original), function(swapped)).await;
    for part in ["scripted / charge", "operation 1", "STEP Step `reserve` at the root, SUCCEEDED", "`charge`", "causes"]
    {
        assert!(report.contains(part), "{part} is missing from:\n{report}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_changed_literal_duration_is_noticed_and_a_computed_one_is_not() {
    #[durable]
    async fn longer(value: u32) -> Result<u32> {
        let reserved = reserve(value).await?;
        let charged = charge(value).await?;
        sleep(seconds(90)).await?;
        Ok(reserved + charged)
    }
    let report = report(function(original), function(longer)).await;
    assert!(report.contains("a wait of 60 s") && report.contains("90 s"), "{report}");

    #[durable]
    async fn computed(value: u32) -> Result<u32> {
        let reserved = reserve(value).await?;
        let charged = charge(value).await?;
        let time = seconds(90 * u64::from(value));
        sleep(time).await?;
        Ok(reserved + charged)
    }
    let outcome = edited(function(original), function(computed)).await;
    assert!(matches!(outcome, InvocationOutcome::Answered(_)), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn a_removed_operation_is_noticed_at_the_end_of_its_context() {
    #[durable]
    async fn shorter(value: u32) -> Result<u32> {
        reserve(value).await
    }
    let report = report(function(original), function(shorter)).await;
    assert!(report.contains("without reaching it") && report.contains("`charge`"), "{report}");
}

#[tokio::test(start_paused = true)]
async fn an_operation_of_another_kind_is_noticed() {
    #[durable]
    async fn other_kind(value: u32) -> Result<u32> {
        let reserved = child!("reserve", async { reserve(value).await }).await?;
        sleep(seconds(60)).await?;
        Ok(reserved)
    }
    let report = report(function(original), function(other_kind)).await;
    assert!(report.contains("CONTEXT RunInChildContext `reserve`"), "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_result_that_no_longer_decodes_is_a_divergence_and_never_user_data() {
    #[step]
    async fn reserve(value: u32) -> Result<String> {
        Ok(value.to_string())
    }
    #[durable]
    async fn retyped(value: u32) -> Result<u32> {
        if reserve(value).await.is_err() {
            return Ok(0);
        }
        sleep(seconds(60)).await?;
        Ok(1)
    }
    let report = report(function(original), function(retyped)).await;
    assert!(report.contains("does not read as"), "{report}");
}

#[durable]
async fn mapped(count: u32) -> Result<u32> {
    let values = parallel_map(0..count + 2, |value, _| {
        child!(async move {
            let value = reserve(value).await?;
            sleep(seconds(5)).await?;
            Ok(value)
        })
    })
    .await?;
    Ok(values.iter().sum())
}

#[tokio::test(start_paused = true)]
async fn fewer_branches_than_recorded_are_noticed_and_ids_outside_the_batch_do_not_shift() {
    #[durable]
    async fn fewer(count: u32) -> Result<u32> {
        let values = parallel_map(0..count + 1, |value, _| {
            child!(async move {
                let value = reserve(value).await?;
                sleep(seconds(5)).await?;
                Ok(value)
            })
        })
        .await?;
        Ok(values.iter().sum())
    }
    let report = report(function(mapped), function(fewer)).await;
    assert!(report.contains("item-2"), "{report}");

    #[durable]
    async fn then_step(count: u32) -> Result<u32> {
        let values = parallel_map(0..count, |value, _| reserve(value)).await?;
        charge(values.len() as u32).await
    }
    for count in [1, 500] {
        let service = Scripted::new(&count.to_string());
        service.run(&function(then_step)).await;
        assert_eq!(service.named("charge").unwrap().id.as_str(), "2", "with {count} branches");
    }
}

#[tokio::test(start_paused = true)]
async fn an_operation_recorded_under_another_parent_is_noticed() {
    #[durable]
    async fn flow(value: u32) -> Result<u32> {
        let value = child!("block", async {
            let value = reserve(value).await?;
            sleep(seconds(5)).await?;
            Ok(value)
        })
        .await?;
        Ok(value)
    }
    let service = Scripted::new("1");
    service.invoke(&function(flow)).await;
    service.time_passes();
    service.edit(|operations| {
        let step = operations.iter_mut().find(|operation| operation.name.as_deref() == Some("reserve")).unwrap();
        step.parent_id = None;
    });
    let InvocationOutcome::Blocked(report) = service.invoke(&function(flow)).await else { panic!("not noticed") };
    assert!(report.contains("`reserve` at the root") && report.contains("`reserve` in 1"), "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_key_tells_operations_of_one_name_apart() {
    #[durable]
    async fn forwards(_: u32) -> Result<()> {
        for sku in ["a", "b"] {
            reserve(1).key(sku).await?;
        }
        sleep(seconds(1)).await
    }
    #[durable]
    async fn backwards(_: u32) -> Result<()> {
        for sku in ["b", "a"] {
            reserve(1).key(sku).await?;
        }
        sleep(seconds(1)).await
    }
    let report = report(function(forwards), function(backwards)).await;
    assert!(report.contains("`reserve[a]`") && report.contains("`reserve[b]`"), "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_time_that_has_passed_is_no_wait_and_that_is_recorded() {
    #[durable]
    async fn flow(_: u32) -> Result<u32> {
        sleep_until(SystemTime::UNIX_EPOCH).await?;
        sleep(seconds(1)).await?;
        sleep_until(SystemTime::UNIX_EPOCH).await?;
        reserve(3).await
    }
    let service = Scripted::new("1");
    let outcome = service.run(&function(flow)).await;
    assert!(matches!(outcome, InvocationOutcome::Answered(answer) if answer.result.as_deref() == Some("3")));
    let kinds = service.operations();
    let kinds: Vec<_> = kinds.iter().skip(1).map(|operation| operation.operation_type).collect();
    assert_eq!(kinds, [OperationType::Step, OperationType::Wait, OperationType::Step, OperationType::Step]);
}

#[tokio::test(start_paused = true)]
async fn a_foreign_future_awaited_behind_a_hand_made_operation_is_reported() {
    struct Foreign;
    impl Operation for Foreign {
        type Output = Result<()>;
        async fn run(self, _: &durable_runtime::Context) -> Result<()> {
            tokio::time::sleep(seconds(1)).await;
            Ok(())
        }
    }
    #[durable]
    async fn flow(_: u32) -> Result<()> {
        Foreign.await
    }
    let service = Scripted::new("1");
    let InvocationOutcome::Blocked(report) = service.run(&function(flow)).await else { panic!("not noticed") };
    assert!(report.contains("no durable operation"), "{report}");
}
