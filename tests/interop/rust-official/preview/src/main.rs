//! The workflows of `workflows.json` on the official Rust preview: `interop-preview WORKFLOW` is a Lambda function.

use std::env;
use std::time::Duration;

use aws_durable_execution_sdk as durable;
use durable::builders::wait_for_condition::WaitDecision;
use durable::{BoxError, Branch, CallbackErrorKind, DurableContext, OperationErrorKind, RetryDecision};
use serde_json::{Value, json};

const ONE_SECOND: Duration = Duration::from_secs(1);

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    let name = env::args().nth(1).unwrap_or_default();
    match name.as_str() {
        "step" => durable::run(step).await,
        "wait" => durable::run(wait).await,
        "callback" => durable::run(callback).await,
        "callback_refused" => durable::run(callback_refused).await,
        "callback_late" => durable::run(callback_late).await,
        "wait_for_callback" => durable::run(wait_for_callback).await,
        "parallel" => durable::run(parallel).await,
        "map" => durable::run(map).await,
        "child" => durable::run(child).await,
        "child_failing" => durable::run(child_failing).await,
        "invoke" => durable::run(invoke).await,
        "invoke_failing" => durable::run(invoke_failing).await,
        "retry" => durable::run(retry).await,
        "poll" => durable::run(poll).await,
        "failure" => durable::run(failure).await,
        other => Err(format!("no workflow is called {other:?}").into()),
    }
}

async fn step(event: Value, context: DurableContext) -> Result<String, BoxError> {
    let name = event["name"].as_str().unwrap_or_default().to_owned();
    Ok(context.step(|_| async move { Ok(format!("Hello, {name}")) }).name("greet").await?)
}

async fn wait(_event: Value, context: DurableContext) -> Result<Vec<String>, BoxError> {
    let before = context.step(|_| async { Ok("before".to_owned()) }).name("before").await?;
    context.wait(ONE_SECOND).name("pause").await?;
    let after = context.step(|_| async { Ok("after".to_owned()) }).name("after").await?;
    Ok(vec![before, after])
}

async fn callback(_event: Value, context: DurableContext) -> Result<Value, BoxError> {
    let approval = context.create_callback::<Value>().name("approval").timeout(Duration::from_secs(300)).await?;
    Ok(approval.result().await?)
}

async fn callback_refused(_event: Value, context: DurableContext) -> Result<String, BoxError> {
    let approval = context.create_callback::<Value>().name("approval").await?;
    match approval.result().await {
        Ok(_) => Ok("not refused".to_owned()),
        Err(error) => {
            let said = error.wire().and_then(durable::WireError::error_message);
            Ok(format!("refused: {}", said.unwrap_or("without a message")))
        }
    }
}

async fn callback_late(_event: Value, context: DurableContext) -> Result<String, BoxError> {
    let approval = context.create_callback::<Value>().name("approval").timeout(ONE_SECOND).await?;
    match approval.result().await {
        Ok(_) => Ok("not timed out".to_owned()),
        Err(error) => match error.kind() {
            OperationErrorKind::Callback(callback) if matches!(callback.kind(), CallbackErrorKind::TimedOut { .. }) => {
                Ok("timed out".to_owned())
            }
            other => Ok(format!("another error: {other:?}")),
        },
    }
}

async fn wait_for_callback(_event: Value, context: DurableContext) -> Result<String, BoxError> {
    let submit = |_, callback_id: String| async move {
        println!("submitted {callback_id}");
        Ok(())
    };
    Ok(context.wait_for_callback::<String, _, _>(submit).name("shipment").await?)
}

async fn parallel(_event: Value, context: DurableContext) -> Result<Vec<String>, BoxError> {
    let branches = vec![
        Branch::new("left", |branch: DurableContext| async move {
            Ok(branch.step(|_| async { Ok("left".to_owned()) }).name("left").await?)
        }),
        Branch::new("middle", |branch: DurableContext| async move {
            branch.wait(ONE_SECOND).name("pause").await?;
            Ok(branch.step(|_| async { Ok("middle".to_owned()) }).name("middle").await?)
        }),
        Branch::new("right", |branch: DurableContext| async move {
            Ok(branch.step(|_| async { Ok("right".to_owned()) }).name("right").await?)
        }),
    ];
    Ok(context.parallel(branches).name("sides").await?)
}

async fn map(event: Value, context: DurableContext) -> Result<Vec<i64>, BoxError> {
    let items: Vec<i64> = serde_json::from_value(event["items"].clone())?;
    let square = |item_context: DurableContext, item: i64, _index| async move {
        Ok(item_context.step(move |_| async move { Ok(item * item) }).name("square").await?)
    };
    Ok(context.map(items, square).name("squares").max_concurrency(2).await?)
}

async fn child(_event: Value, context: DurableContext) -> Result<String, BoxError> {
    let outer = |outer: DurableContext| async move {
        let first = outer.step(|_| async { Ok("outer".to_owned()) }).name("first").await?;
        outer.wait(ONE_SECOND).name("pause").await?;
        let inner = |inner: DurableContext| async move {
            Ok(inner.step(|_| async { Ok("inner".to_owned()) }).name("second").await?)
        };
        let second: String = outer.run_in_child_context(inner).name("inner").await?;
        Ok(format!("{first}({second})"))
    };
    Ok(context.run_in_child_context(outer).name("outer").await?)
}

async fn child_failing(_event: Value, context: DurableContext) -> Result<String, BoxError> {
    let search = |inner: DurableContext| async move {
        Ok(inner.step(missing).name("find").retry_strategy(|_, _| RetryDecision::Stop).await?)
    };
    match context.run_in_child_context(search).name("search").await {
        Ok(found) => Ok(found),
        Err(error) if matches!(error.kind(), OperationErrorKind::ChildContext(_)) => Ok("caught".to_owned()),
        Err(error) => Ok(format!("another error: {error}")),
    }
}

async fn invoke(event: Value, context: DurableContext) -> Result<Value, BoxError> {
    let target = event["target"].as_str().unwrap_or_default();
    let answer = context.invoke::<Value, _>(target, event["payload"].clone()).name("ask").await?;
    Ok(json!({ "answer": answer }))
}

async fn invoke_failing(event: Value, context: DurableContext) -> Result<String, BoxError> {
    let target = event["target"].as_str().unwrap_or_default();
    match context.invoke::<Value, _>(target, event["payload"].clone()).name("ask").await {
        Ok(_) => Ok("not caught".to_owned()),
        Err(_) => Ok("caught".to_owned()),
    }
}

async fn retry(_event: Value, context: DurableContext) -> Result<String, BoxError> {
    let flaky = |step: durable::StepContext| async move {
        match step.attempt() {
            attempt @ 1..3 => Err(format!("attempt {attempt} failed").into()),
            attempt => Ok(format!("attempt {attempt}")),
        }
    };
    let again = |_error: &_, _attempt| RetryDecision::Retry { delay: ONE_SECOND };
    Ok(context.step(flaky).name("flaky").retry_strategy(again).await?)
}

async fn poll(_event: Value, context: DurableContext) -> Result<i64, BoxError> {
    let until_three = |state: i64, _attempt| match state {
        ..3 => WaitDecision::continue_with(ONE_SECOND),
        _ => WaitDecision::complete(),
    };
    let count = |_, state: i64| async move { Ok(state + 1) };
    Ok(context.wait_for_condition(count, 0).wait_strategy_fn(until_three).name("count").await?)
}

async fn failure(_event: Value, context: DurableContext) -> Result<String, BoxError> {
    Ok(context.step(missing).name("find").retry_strategy(|_, _| RetryDecision::Stop).await?)
}

/// A step body that fails.
async fn missing(_: durable::StepContext) -> Result<String, BoxError> {
    Err("no such order".into())
}
