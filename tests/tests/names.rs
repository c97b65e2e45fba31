//! Names and keys of operations: what a programmer writes is checked, what comes from data is made to fit.

use durable_runtime::engine::ExecutionStatus;
use durable_runtime::prelude::*;
use durable_runtime::testing::{Run, Runner, virtual_time};

#[step]
async fn reserve(item: &str) -> Result<String> {
    Ok(item.to_owned())
}

#[durable]
async fn keyed(items: Vec<String>) -> Result<Vec<String>> {
    let mut reserved = Vec::new();
    for item in &items {
        reserved.push(reserve(item).key(item).await?);
        sleep(seconds(1)).key(item).await?;
    }
    Ok(reserved)
}

#[durable]
async fn named_last(items: Vec<String>) -> Result<usize> {
    for (index, item) in items.iter().enumerate() {
        reserve(item).key(index).named("book").await?;
    }
    let branches = parallel_map(&items, |item, index| child!(async { reserve(item).await }).key(index).named("each"));
    Ok(branches.await?.len())
}

#[durable]
async fn badly_named(name: String) -> Result<String> {
    reserve("tea").named(name).key(1).await
}

fn run<In, O>(name: &str, function: impl Fn(In) -> O + Send + Sync + 'static, input: &impl serde::Serialize) -> Run
where
    In: serde::de::DeserializeOwned + Send + 'static,
    O: Operation + 'static,
    O::Output: durable_runtime::Recordable,
{
    virtual_time(async { Runner::new().await?.run(name, function, input).await }).unwrap()
}

#[test]
fn no_key_fails_an_operation_and_all_are_the_same_on_replay() {
    let items = [String::new(), "Größe\n".to_owned(), "日本語 [1]".repeat(200), "x".repeat(5_000)];
    // Every sleep suspends the function: the keys are compared again in the next invocation.
    let run = run("keyed", keyed, &items);
    assert_eq!(run.result::<Vec<String>>().unwrap(), items);
    assert!(run.operation("keyed / reserve[Gr\\u{f6}\\u{df}e\\n]").is_some(), "{:?}", run.operations());
}

#[test]
fn a_name_that_is_given_behind_a_key_keeps_the_key() {
    let run = run("named_last", named_last, &["tea", "pot"]);
    assert_eq!(run.result::<usize>().unwrap(), 2);
    for path in ["book[0]", "book[1]", "map / each[0]", "map / each[1] / reserve"] {
        assert!(run.operation(&format!("named_last / {path}")).is_some(), "{path} is missing: {:?}", run.operations());
    }
}

#[test]
fn a_name_that_the_service_refuses_is_refused_with_a_key_as_well() {
    for name in ["", "Größe", &"n".repeat(257)] {
        let run = run("badly_named", badly_named, &name);
        assert_eq!(run.status(), ExecutionStatus::Failed, "{name}");
        assert!(run.error().unwrap().error_message.as_ref().unwrap().contains("cannot name an operation"));
        assert!(run.operations().is_empty());
    }
}
