//! Defects seen in other SDKs and emulators, by the numbers of our list: those of hosts, batches and large values.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use durable_runtime::clock::{BoxFuture, Clock};
use durable_runtime::engine::{Engine, ExecutionStatus, StartOptions};
use durable_runtime::function::{Function, Invocation, InvocationOutcome};
use durable_runtime::handler::function;
use durable_runtime::prelude::*;
use durable_runtime::service::{DurableService, ServiceError};
use durable_runtime::testing::{Run, Runner, VirtualClock, virtual_time};
use durable_runtime::wire::{CheckpointRequest, CheckpointResponse, ErrorObject, StatePage, StateRequest};
use tests::{Scripted, callback_id};

fn invocations(run: &Run) -> usize {
    run.history().iter().filter(|event| event.event_type == "InvocationCompleted").count()
}

#[test]
fn defect_07_batches_of_items_leave_none_out() {
    #[step]
    async fn lengths(words: &[String]) -> Result<Vec<usize>> {
        Ok(words.iter().map(String::len).collect())
    }
    #[durable]
    async fn flow(words: Vec<String>) -> Result<Vec<usize>> {
        let batches = words.batched(4, 40);
        let counted = parallel_map(batches, |words, _| lengths(words)).max_concurrency(2).await?;
        sleep(seconds(1)).await?;
        Ok(counted.concat())
    }
    let words: Vec<String> = (0..25).map(|length| "x".repeat(length)).collect();
    let run = virtual_time(async { Runner::new().await?.run("flow", flow, &words).await }).unwrap();
    assert_eq!(run.result::<Vec<usize>>().unwrap(), (0..25).collect::<Vec<_>>());
}

#[durable]
async fn beside_work(target: String) -> Result<String> {
    #[durable]
    async fn outside(target: &str) -> Result<String> {
        if target == "callback" {
            let answer: String = callback("answer").await?.result().await?;
            return Ok(answer);
        }
        Ok(invoke::<String>(target, "hello").await?)
    }
    let (outside, ()) = parallel!(
        outside = outside(&target),
        work = record!("work", async {
            tokio::time::sleep(Duration::from_secs(30)).await;
            Ok(())
        }),
    )
    .await?;
    Ok(outside)
}

#[test]
fn defect_13_callbacks_and_invokes_go_on_inside_the_invocation_while_a_sibling_works() {
    #[durable]
    async fn echo(word: String) -> Result<String> {
        sleep(seconds(2)).await?;
        Ok(word)
    }
    let invoked = virtual_time(async {
        let runner = Runner::new().await?;
        runner.register("echo", echo);
        runner.run("flow", beside_work, "echo").await
    })
    .unwrap();
    assert_eq!((invoked.result::<String>().unwrap().as_str(), invocations(&invoked)), ("hello", 1));
    let answered = virtual_time(async {
        let runner = Runner::new().await?;
        runner.register("flow", beside_work);
        let arn = runner.start("flow", "callback").await?;
        let id = callback_id(&runner, &arn).await;
        tokio::time::sleep(Duration::from_secs(3)).await;
        runner.engine().complete_callback(&id, Ok(b"\"yes\"".to_vec())).await?;
        runner.finish(&arn).await
    })
    .unwrap();
    assert_eq!((answered.result::<String>().unwrap().as_str(), invocations(&answered)), ("yes", 1));
    let resumed = answered.history().iter().position(|event| event.event_type == "ContextSucceeded").unwrap();
    let worked = answered.history().iter().position(|event| event.event_type == "StepSucceeded").unwrap();
    assert!(resumed < worked, "the answered branch did not wait for the working one");
}

#[durable]
async fn echo_length(text: String) -> Result<usize> {
    sleep(seconds(1)).await?;
    Ok(text.len())
}

#[test]
fn defect_16_an_input_that_displaces_the_first_page_is_found_on_the_next() {
    let text = "x".repeat(5_900_000);
    let run = virtual_time(async { Runner::new().await?.run("flow", echo_length, &text).await }).unwrap();
    assert_eq!(run.result::<usize>().unwrap(), text.len());
}

#[test]
fn defect_16_large_results_of_handlers_and_steps_are_results() {
    #[durable]
    async fn flow(_: ()) -> Result<String> {
        let text = record!("large", async { Ok("y".repeat(900_000)) }).await?;
        sleep(seconds(1)).await?;
        Ok(text.repeat(8))
    }
    let run = virtual_time(async { Runner::new().await?.run("flow", flow, &()).await }).unwrap();
    assert_eq!(run.result::<String>().unwrap().len(), 7_200_000);
}

#[tokio::test(start_paused = true)]
async fn defect_18_pages_of_an_answer_are_asked_for_once_each_and_nothing_from_the_beginning() {
    #[step]
    async fn number(value: u32) -> Result<u32> {
        Ok(value)
    }
    #[durable]
    async fn flow(rounds: u32) -> Result<u32> {
        let mut sum = 0;
        for round in 0..rounds {
            sum += parallel_map(0..5, |value, _| number(value)).key(round).await?.iter().sum::<u32>();
        }
        Ok(sum)
    }
    let service = Scripted::new("4").paged(2);
    let InvocationOutcome::Answered(response) = service.run(&function(flow)).await else { panic!("no answer") };
    assert_eq!(response.result.as_deref(), Some("40"));
    // An answer of n changed operations takes its own page of 2 and (n - 1) / 2 more; state grows, the pages do not.
    let changed = |updates: &Vec<durable_runtime::wire::OperationUpdate>| {
        updates.iter().map(|update| update.id).collect::<std::collections::BTreeSet<_>>().len()
    };
    let pages: usize = service.requests().iter().map(|updates| changed(updates).saturating_sub(1) / 2).sum();
    assert_eq!(service.state_calls().len(), pages);
}

/// Counts what each answer holds.
struct Counting(Arc<dyn DurableService>, Arc<Mutex<Vec<usize>>>);

impl DurableService for Counting {
    fn checkpoint(
        &self,
        request: CheckpointRequest,
    ) -> BoxFuture<'_, std::result::Result<CheckpointResponse, ServiceError>> {
        Box::pin(async move {
            let response = self.0.checkpoint(request).await?;
            self.1.lock().unwrap().push(response.new_execution_state.operations.len());
            Ok(response)
        })
    }

    fn state(&self, request: StateRequest) -> BoxFuture<'_, std::result::Result<StatePage, ServiceError>> {
        self.0.state(request)
    }
}

struct Counted(Arc<dyn Function>, Arc<Mutex<Vec<usize>>>);

impl Function for Counted {
    fn invoke(&self, mut invocation: Invocation) -> BoxFuture<'static, InvocationOutcome> {
        invocation.service = Arc::new(Counting(invocation.service.clone(), self.1.clone()));
        self.0.invoke(invocation)
    }
}

#[test]
fn defect_19_the_local_engine_answers_with_what_changed_however_long_the_execution_is() {
    #[step]
    async fn number(value: u32) -> Result<u32> {
        Ok(value)
    }
    #[durable]
    async fn flow(count: u32) -> Result<u32> {
        for value in 0..count {
            number(value).key(value).await?;
        }
        Ok(count)
    }
    let answers: Arc<Mutex<Vec<usize>>> = Arc::default();
    let counted = Arc::new(Counted(function(flow), answers.clone()));
    virtual_time(async {
        let runner = Runner::new().await?;
        runner.engine().register("flow", counted);
        let arn = runner.start("flow", &1000).await?;
        runner.finish(&arn).await
    })
    .unwrap();
    let answers = answers.lock().unwrap();
    assert_eq!(answers.len(), 1000);
    assert!(answers.iter().all(|operations| *operations <= 2), "the most was {:?}", answers.iter().max());
}

#[test]
fn defect_19_the_local_engine_knows_failing_callbacks_and_invoked_functions() {
    #[durable]
    async fn flow(_: ()) -> Result<String> {
        let answer = callback::<String>("answer").await?.result().await;
        let invoked = invoke::<String>("nobody", &1).await;
        Ok(format!("{} / {}", answer.unwrap_err(), invoked.is_err()))
    }
    let run = virtual_time(async {
        let runner = Runner::new().await?;
        runner.register("flow", flow);
        let arn = runner.start("flow", &()).await?;
        let id = callback_id(&runner, &arn).await;
        runner.engine().complete_callback(&id, Err(ErrorObject::new("No", "not today"))).await?;
        runner.finish(&arn).await
    })
    .unwrap();
    assert_eq!(run.result::<String>().unwrap(), "not today / true");
}

#[tokio::test(start_paused = true)]
async fn defect_20_wake_ups_survive_the_end_of_the_process_that_scheduled_them() {
    let folder = std::env::temp_dir().join(format!("durable-wake-ups-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let store = folder.join("store.db");
    let clock = VirtualClock::new();
    let open = async || {
        let engine = Engine::options().clock(Arc::new(clock)).open(&store).await.unwrap();
        engine.register("flow", function(echo_length));
        engine
    };
    let engine = open().await;
    let arn = engine.start("flow", "\"four\"", StartOptions::default()).await.unwrap().arn;
    tokio::time::sleep(Duration::from_millis(500)).await;
    engine.close().await.unwrap();
    drop(engine);
    tokio::time::sleep(Duration::from_secs(60)).await;
    let engine = open().await;
    engine.resume().await.unwrap();
    let summary = engine.wait(&arn).await.unwrap();
    assert_eq!((summary.status, summary.result.as_deref()), (ExecutionStatus::Succeeded, Some("4")));
    assert!(summary.ended.unwrap() <= clock.now());
    engine.close().await.unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
}
