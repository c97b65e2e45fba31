//! What plugins see of executions, one rule per test, through the public surface.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use durable_runtime::App;
use durable_runtime::function::InvocationOutcome;
use durable_runtime::handler::{function, with_plugins};
use durable_runtime::plugin::{
    FunctionEnd, FunctionInfo, InvocationEnd, InvocationStart, OperationChange, OperationInfo, Plugin,
};
use durable_runtime::prelude::*;
use durable_runtime::service::ServiceError;
use durable_runtime::testing::{Run, Runner, virtual_time};
use tests::{Fault, Scripted};

/// Writes a line per hook, in the order of the calls.
#[derive(Default)]
struct Diary(Mutex<Vec<String>>);

impl Diary {
    fn write(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }

    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    /// The lines that begin with one of these words.
    fn of(&self, words: &[&str]) -> Vec<String> {
        self.lines().into_iter().filter(|line| words.iter().any(|word| line.starts_with(word))).collect()
    }
}

fn shown(operation: &OperationInfo<'_>) -> String {
    let replay = if operation.is_replay { " again" } else { "" };
    format!("{} {:?}{replay}", operation.name.unwrap_or("?"), operation.status)
}

impl Plugin for Diary {
    fn invocation_start(&self, start: &InvocationStart<'_>) {
        let (first, updated, all) = (start.invocation.is_first, start.updated.len(), start.operations.len());
        self.write(format!("invocation first={first} updated={updated} of {all}"));
    }

    fn invocation_end(&self, end: &InvocationEnd<'_>) {
        self.write(format!("answer {} after {} operations", end.status.as_str(), end.operations.len()));
    }

    fn operation_start(&self, operation: &OperationInfo<'_>) {
        self.write(format!("start {}", shown(operation)));
    }

    fn operation_end(&self, operation: &OperationInfo<'_>) {
        self.write(format!("end {}", shown(operation)));
    }

    fn operation_replay(&self, operation: &OperationInfo<'_>) {
        self.write(format!("replay {}", shown(operation)));
    }

    fn operation_change(&self, change: &OperationChange<'_>) {
        let mut updated: Vec<String> = change.updated.iter().map(|operation| shown(&operation)).collect();
        updated.sort();
        assert!(change.updated.iter().all(|operation| change.operations.get(operation.id).is_some()));
        self.write(format!("change {} of {}", updated.join(", "), change.operations.len()));
    }

    fn attempt_start(&self, attempt: &FunctionInfo<'_>) {
        self.write(format!("attempt {} {:?} begins", attempt.name, attempt.attempt));
    }

    fn attempt_end(&self, end: &FunctionEnd<'_>) {
        let error = end.error.and_then(|error| error.error_message.as_deref()).unwrap_or("no error");
        self.write(format!("attempt {} {:?} {}: {error}", end.function.name, end.function.attempt, end.outcome()));
    }

    fn function_start(&self, function: &FunctionInfo<'_>) {
        let parent = function.parent_id.unwrap_or("NONE");
        let again = if function.is_replay { " again" } else { "" };
        let children = if function.is_replaying_children { " for its result" } else { "" };
        self.write(format!("code {} {} in {parent} begins{again}{children}", function.sub_type, function.name));
    }

    fn function_end(&self, end: &FunctionEnd<'_>) {
        self.write(format!("code {} {}", end.function.name, end.outcome()));
    }
}

#[step]
async fn greet(name: &str) -> Result<String> {
    Ok(format!("Hello, {name}!"))
}

#[step(retry = fixed(delay = "1s", max_attempts = 2))]
async fn flaky(last_fails: bool) -> Result<String> {
    match StepInfo::current().unwrap().attempt() {
        1 => Err("busy")?,
        _ if last_fails => Err("still busy")?,
        attempt => Ok(format!("attempt {attempt}")),
    }
}

#[durable]
async fn greeting(name: String) -> Result<String> {
    greet(&name).await
}

/// One execution, with what a plugin saw of it.
fn watched<F, In, O>(handler: F, input: &impl serde::Serialize) -> (Run, Arc<Diary>)
where
    F: Fn(In) -> O + Send + Sync + 'static,
    In: serde::de::DeserializeOwned + Send + 'static,
    O: Operation + 'static,
    O::Output: durable_runtime::Recordable,
{
    let diary = Arc::new(Diary::default());
    let run = virtual_time(async {
        let runner = Runner::new().await?.plugin(diary.clone());
        runner.run("function", handler, input).await
    });
    (run.unwrap(), diary)
}

#[test]
fn every_hook_of_a_step_is_called_once_in_order() {
    let (_, diary) = watched(greeting, &"Ada");
    assert_eq!(
        diary.lines(),
        [
            "invocation first=true updated=0 of 0",
            "attempt greet Some(1) begins",
            "code Step greet in NONE begins",
            "code greet SUCCEEDED",
            "attempt greet Some(1) SUCCEEDED: no error",
            "start greet Started",
            "end greet Succeeded",
            "change greet Succeeded of 1",
            "answer SUCCEEDED after 1 operations",
        ]
    );
}

#[test]
fn attempts_are_told_with_their_number_and_error_and_the_operation_ends_once() {
    let (_, diary) = watched(flaky, &false);
    assert_eq!(
        diary.of(&["attempt"]),
        [
            "attempt flaky Some(1) begins",
            "attempt flaky Some(1) FAILED: busy",
            "attempt flaky Some(2) begins",
            "attempt flaky Some(2) SUCCEEDED: no error",
        ]
    );
    assert_eq!(diary.of(&["start", "end"]), ["start flaky Started", "end flaky Succeeded"]);
    let (_, diary) = watched(flaky, &true);
    assert_eq!(diary.of(&["attempt"]).last().unwrap(), "attempt flaky Some(2) FAILED: still busy");
    assert_eq!(diary.of(&["start", "end"]), ["start flaky Started", "end flaky Failed"]);
    assert_eq!(diary.of(&["answer"]), ["answer PENDING after 1 operations", "answer FAILED after 1 operations"]);
}

#[durable]
async fn greeting_after_a_pause(name: String) -> Result<String> {
    let greeting = greet(&name).await?;
    child!("pause", async {
        sleep(seconds(2)).await?;
        Ok(())
    })
    .await?;
    Ok(greeting)
}

#[test]
fn what_the_service_finished_meanwhile_is_news_and_the_rest_is_replay() {
    let (_, diary) = watched(greeting_after_a_pause, &"Ada");
    let lines = diary.lines();
    let second = lines.iter().rposition(|line| line.starts_with("invocation")).unwrap();
    assert_eq!(
        lines[second..],
        [
            "invocation first=false updated=1 of 3",
            "end sleep Succeeded",
            "replay greet Succeeded again",
            "start pause Started again",
            "code RunInChildContext pause in NONE begins again",
            "replay sleep Succeeded again",
            "code pause SUCCEEDED",
            "end pause Succeeded",
            "change pause Succeeded of 3",
            "answer SUCCEEDED after 3 operations",
        ]
    );
    for name in ["greet", "sleep", "pause"] {
        assert_eq!(diary.of(&[&format!("end {name}")]).len(), 1, "{name} ends once in all invocations together");
    }
}

/// Keeps what hooks said of the operation `greet`, as JSON.
#[derive(Default)]
struct Fields(Mutex<Vec<serde_json::Value>>);

impl Plugin for Fields {
    fn operation_start(&self, operation: &OperationInfo<'_>) {
        self.0.lock().unwrap().push(fields("start", operation));
    }

    fn operation_end(&self, operation: &OperationInfo<'_>) {
        self.0.lock().unwrap().push(fields("end", operation));
    }
}

fn fields(hook: &str, operation: &OperationInfo<'_>) -> serde_json::Value {
    serde_json::json!({
        "hook": hook,
        "arn": operation.invocation.execution_arn.starts_with("arn:"),
        "function": operation.invocation.function_name,
        "id": operation.id,
        "name": operation.name,
        "type": operation.operation_type,
        "subType": operation.sub_type,
        "parent": operation.parent_id,
        "status": operation.status,
        "begun": operation.start.as_millis() > 0,
        "over": operation.end.map(|end| end >= operation.start),
        "result": operation.result,
        "error": operation.error.and_then(|error| error.error_message.clone()),
        "attempt": operation.attempt,
        "isReplay": operation.is_replay,
    })
}

#[durable]
async fn greeting_inside(name: String) -> Result<String> {
    child!("inside", async { greet(&name).await }).await
}

#[test]
fn operations_are_told_with_everything_that_is_recorded_of_them() {
    let seen = Arc::new(Fields::default());
    virtual_time(async {
        let runner = Runner::new().await?.plugin(seen.clone());
        runner.run("function", greeting_inside, &"Ada").await
    })
    .unwrap();
    let seen = seen.0.lock().unwrap();
    let greet: Vec<_> = seen.iter().filter(|fields| fields["name"] == "greet").collect();
    let expected = |hook: &str, status: &str, over: Option<bool>, result: Option<&str>| {
        serde_json::json!({
            "hook": hook, "arn": true, "function": "function", "id": "1-1", "name": "greet", "type": "STEP",
            "subType": "Step", "parent": "1", "status": status, "begun": true, "over": over, "result": result,
            "error": null, "attempt": 1, "isReplay": false,
        })
    };
    let result = "\"Hello, Ada!\"";
    assert_eq!(*greet[0], expected("start", "STARTED", None, None));
    assert_eq!(*greet[1], expected("end", "SUCCEEDED", Some(true), Some(result)));
    assert_eq!(greet.len(), 2);
    let inside = seen.iter().find(|fields| fields["name"] == "inside" && fields["hook"] == "end").unwrap();
    assert_eq!(
        (&inside["parent"], &inside["attempt"], &inside["result"]),
        (&serde_json::Value::Null, &serde_json::Value::Null, &result.into())
    );
}

#[durable]
async fn branches(count: u32) -> Result<Vec<u32>> {
    let numbers: Vec<u32> = (0..count).collect();
    parallel_map(&numbers, |number, _| {
        child!(async move { if *number == 1 { Err("one is refused")? } else { Ok(*number) } })
    })
    .max_concurrency(1)
    .await
}

#[test]
fn the_code_of_branches_is_told_with_its_batch_and_its_outcome() {
    let (_, diary) = watched(branches, &3);
    assert_eq!(
        diary.of(&["code"]),
        [
            "code MapIteration item-0 in 1 begins",
            "code item-0 SUCCEEDED",
            "code MapIteration item-1 in 1 begins",
            "code item-1 FAILED",
        ]
    );
}

#[durable]
async fn large(bytes: usize) -> Result<usize> {
    let text = child!("large", async {
        let letter = greet("x").await?;
        Ok(letter.repeat(bytes / letter.len()))
    })
    .await?;
    sleep(seconds(1)).await?;
    Ok(text.len())
}

#[test]
fn code_that_runs_only_to_make_its_result_again_is_told_as_that() {
    let (_, diary) = watched(large, &300_000);
    assert_eq!(
        diary.of(&["code RunInChildContext"]),
        [
            "code RunInChildContext large in NONE begins",
            "code RunInChildContext large in NONE begins again for its result",
        ]
    );
}

/// Counts the call, then panics, in every hook.
#[derive(Default)]
struct Faulty(AtomicU32);

impl Faulty {
    fn fail(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
        panic!("this plugin is faulty");
    }
}

impl Plugin for Faulty {
    fn invocation_start(&self, _: &InvocationStart<'_>) {
        self.fail();
    }
    fn invocation_end(&self, _: &InvocationEnd<'_>) {
        self.fail();
    }
    fn operation_start(&self, _: &OperationInfo<'_>) {
        self.fail();
    }
    fn operation_end(&self, _: &OperationInfo<'_>) {
        self.fail();
    }
    fn operation_replay(&self, _: &OperationInfo<'_>) {
        self.fail();
    }
    fn operation_change(&self, _: &OperationChange<'_>) {
        self.fail();
    }
    fn attempt_start(&self, _: &FunctionInfo<'_>) {
        self.fail();
    }
    fn attempt_end(&self, _: &FunctionEnd<'_>) {
        self.fail();
    }
    fn function_start(&self, _: &FunctionInfo<'_>) {
        self.fail();
    }
    fn function_end(&self, _: &FunctionEnd<'_>) {
        self.fail();
    }
}

#[test]
fn a_plugin_that_panics_disturbs_neither_the_function_nor_another_plugin() {
    let (alone, expected) = watched(greeting_after_a_pause, &"Ada");
    let (faulty, healthy) = (Arc::new(Faulty::default()), Arc::new(Diary::default()));
    let run = virtual_time(async {
        let runner = Runner::new().await?.plugin(faulty.clone()).plugin(healthy.clone());
        runner.run("function", greeting_after_a_pause, &"Ada").await
    })
    .unwrap();
    assert_eq!(run.result::<String>().unwrap(), alone.result::<String>().unwrap());
    let events = |run: &Run| run.history().iter().map(|event| event.event_type.to_string()).collect::<Vec<_>>();
    assert_eq!(events(&run), events(&alone));
    assert_eq!(healthy.lines(), expected.lines());
    assert_eq!(faulty.0.load(Ordering::Relaxed) as usize, expected.lines().len());
}

#[tokio::test(start_paused = true)]
async fn an_invocation_that_the_host_repeats_ends_as_retrying() {
    let diary = Arc::new(Diary::default());
    let plugin: Arc<dyn Plugin> = diary.clone();
    let watched = with_plugins(function(greeting), [plugin]);
    let service = Scripted::new("\"Ada\"").fault(1, Fault::Refused(ServiceError::unavailable("busy")));
    assert!(matches!(service.invoke(&watched).await, InvocationOutcome::Failed(_)));
    service.run(&watched).await;
    assert_eq!(diary.of(&["answer"]), ["answer RETRYING after 0 operations", "answer SUCCEEDED after 1 operations"]);
}

#[test]
fn executions_that_run_at_once_are_told_apart_by_their_arn() {
    #[derive(Default)]
    struct Arns(Mutex<Vec<(String, String)>>);
    impl Plugin for Arns {
        fn operation_end(&self, operation: &OperationInfo<'_>) {
            let arn = operation.invocation.execution_arn.clone();
            self.0.lock().unwrap().push((arn, operation.result.unwrap_or_default().to_owned()));
        }
    }
    let seen = Arc::new(Arns::default());
    let arns = virtual_time(async {
        let runner = Runner::with_latency(Duration::from_millis(10)).await?.plugin(seen.clone());
        runner.register("greeting", greeting);
        let (one, two) = (runner.start("greeting", "one").await?, runner.start("greeting", "two").await?);
        tokio::try_join!(runner.finish(&one), runner.finish(&two))?;
        Ok([one.as_str().to_owned(), two.as_str().to_owned()])
    })
    .unwrap();
    let seen = seen.0.lock().unwrap();
    for (arn, name) in arns.iter().zip(["one", "two"]) {
        let of: Vec<_> = seen.iter().filter(|(of, _)| of == arn).map(|(_, result)| result.as_str()).collect();
        assert_eq!(of, [format!("\"Hello, {name}!\"")]);
    }
}

#[tokio::test]
async fn a_plugin_of_the_program_listens_to_all_its_functions_after_their_own() {
    let (own, all) = (Arc::new(Diary::default()), Arc::new(Diary::default()));
    let plugin: Arc<dyn Plugin> = own.clone();
    let app = App::named("greeter")
        .register_function("with", with_plugins(function(greeting), [plugin]))
        .register("without", greeting)
        .plugin(all.clone());
    let store = std::env::temp_dir().join(format!("durable-plugins-{}.db", std::process::id()));
    for name in ["with", "without"] {
        let arguments = ["start", "\"Ada\"", "--function", name, "--store", store.to_str().unwrap()];
        let mut terminal = durable_runtime::app::Terminal::new(std::io::empty(), std::io::sink(), std::io::sink());
        let exit = app.execute(arguments.map(Into::into), &mut terminal).await;
        assert_eq!(exit.code(), 0);
    }
    let _ = std::fs::remove_file(store);
    assert_eq!((own.of(&["answer"]).len(), all.of(&["answer"]).len()), (1, 2));
}

#[durable]
async fn checked(_: ()) -> Result<u32> {
    wait_for_condition(0, |count: u32| record!("count", async move { Ok(count + 1) }))
        .every(seconds(5))
        .until(|count| *count == 2)
        .await
}

#[test]
fn checks_of_a_condition_are_attempts() {
    let (_, diary) = watched(checked, &());
    let name = "wait_for_condition";
    assert_eq!(
        diary.of(&["attempt"]),
        [
            format!("attempt {name} Some(1) begins"),
            format!("attempt {name} Some(1) SUCCEEDED: no error"),
            format!("attempt {name} Some(2) begins"),
            format!("attempt {name} Some(2) SUCCEEDED: no error"),
        ]
    );
}

#[test]
fn a_plugin_can_ask_for_the_execution_and_is_no_repetition() {
    #[derive(Default)]
    struct Asks(Mutex<Vec<(String, bool)>>);
    impl Plugin for Asks {
        fn operation_replay(&self, operation: &OperationInfo<'_>) {
            let execution = Execution::current().filter(|own| own.arn() == operation.invocation.execution_arn).unwrap();
            self.0.lock().unwrap().push((operation.name.unwrap().to_owned(), execution.is_replaying()));
        }
    }
    #[durable]
    async fn asked(name: String) -> Result<bool> {
        let first = Execution::current().unwrap().is_replaying();
        greet(&name).await?;
        greet(&name).named("again").await?;
        sleep(seconds(1)).await?;
        Ok(first)
    }
    let asks = Arc::new(Asks::default());
    let run = virtual_time(async {
        let runner = Runner::new().await?.plugin(asks.clone());
        runner.run("asked", asked, "Ada").await
    })
    .unwrap();
    assert!(run.result::<bool>().unwrap(), "the function itself is repeated in its last invocation");
    let seen = asks.0.lock().unwrap();
    assert_eq!(*seen, ["greet", "again", "sleep"].map(|name| (name.to_owned(), false)));
}

#[test]
fn a_panic_in_a_body_is_an_attempt_that_failed() {
    #[step(retry = none)]
    async fn panics() -> Result<u32> {
        panic!("out of paper")
    }
    #[durable]
    async fn printed(_: ()) -> Result<u32> {
        panics().await
    }
    let (_, diary) = watched(printed, &());
    let end = diary.of(&["attempt"]).pop().unwrap();
    assert!(end.starts_with("attempt panics Some(1) FAILED") && end.contains("out of paper"), "{end}");
    assert_eq!(diary.of(&["end"]), ["end panics Failed"]);
}

#[test]
fn code_that_is_dropped_where_it_stands_has_no_end() {
    let (_, diary) = watched(greeting_after_a_pause, &"Ada");
    let first: Vec<_> = diary.lines().into_iter().take_while(|line| !line.starts_with("answer")).collect();
    let pause = |line: &&String| line.starts_with("code") && line.contains("pause");
    assert_eq!(first.iter().filter(pause).collect::<Vec<_>>(), ["code RunInChildContext pause in NONE begins"]);
}
