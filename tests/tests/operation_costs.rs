//! What each operation costs in requests and leaves in the history, as its page in `docs/operations` says it.
//!
//! The figures stand on the pages alone, in lines `* Costs: 2 requests for …`. Every such line is measured here, in
//! virtual time with bodies that end within one poll and requests that take no time, unless the line says otherwise.
//! `--nocapture` shows what was measured.

use std::ffi::OsString;
use std::time::{Duration, SystemTime};

use durable_runtime::engine::Arn;
use durable_runtime::testing::{Run, Runner, virtual_time};
use durable_runtime::wire::HistoryEvent;
use durable_runtime::{Encrypting, Recordable, Serdes, SerdesPlace, prelude::*};
use tests::{PAGES, callback_id};

#[step]
async fn reserve(item: &str) -> Result<String> {
    Ok(format!("{item} reserved"))
}

#[step]
async fn number(value: u32) -> Result<u32> {
    Ok(value)
}

#[step(retry = none)]
async fn refused(_item: &str) -> Result<String> {
    Err("sold out")?
}

#[step(retry = fixed(max_attempts = 3, delay = "10s"))]
async fn at_the_second_attempt() -> Result<u32> {
    let attempt = StepInfo::current().map_or(0, |step| step.attempt());
    if attempt < 2 { Err("busy")? } else { Ok(attempt) }
}

#[step]
async fn slow(millis: u64) -> Result<u32> {
    tokio::time::sleep(Duration::from_millis(millis)).await;
    Ok(7)
}

#[step]
async fn hand_out(_callback_id: &str) -> Result<()> {
    Ok(())
}

#[step]
async fn ask(_callback_id: String) -> Result<()> {
    Ok(())
}

#[step]
async fn release(_reservation: String) -> Result<()> {
    Ok(())
}

#[step]
async fn next(state: u32) -> Result<u32> {
    Ok(state + 1)
}

struct Hexadecimal;

impl Serdes<u32> for Hexadecimal {
    fn serialize(&self, value: &u32, _: SerdesPlace<'_>) -> Result<String, BoxError> {
        Ok(format!("{value:x}"))
    }

    fn deserialize(&self, text: &str, _: SerdesPlace<'_>) -> Result<u32, BoxError> {
        Ok(u32::from_str_radix(text, 16)?)
    }
}

async fn quote(city: &str) -> std::io::Result<u32> {
    Ok(u32::from(city == "Lyon"))
}

/// Durable functions without input.
macro_rules! flows {
    ($($name:ident -> $output:ty $body:block)+) => {$(
        #[durable]
        async fn $name(_: ()) -> Result<$output> $body
    )+};
}

flows! {
    nothing -> u32 { Ok(1) }
    in_hexadecimal -> u32 { number(255).serdes(Hexadecimal).await }
    one_step -> String { reserve("tea").await }
    ten_steps -> u32 {
        let mut sum = 0;
        for value in 0..10 {
            sum += number(value).key(value).await?;
        }
        Ok(sum)
    }
    retried_step -> u32 { at_the_second_attempt().await }
    careful_step -> String { reserve("tea").at_most_once().await }
    slow_step -> u32 { slow(50).await }
    failed_step -> String { refused("tea").await }
    recorded -> u32 { record!(quote("Lyon")).await }
    asleep -> () {
        sleep(hours(1)).await?;
        Ok(())
    }
    asleep_after_a_step -> () {
        reserve("tea").await?;
        sleep(hours(1)).await?;
        Ok(())
    }
    asleep_until_the_past -> () {
        let now = current_time().await?;
        sleep_until(now).await?;
        Ok(())
    }
    called_back -> bool {
        let approval = callback::<bool>("approval").timeout(hours(1)).await?;
        Ok(approval.result().await?)
    }
    called_back_by_a_step -> bool {
        let approval = callback::<bool>("approval").await?;
        hand_out(approval.id()).await?;
        Ok(approval.result().await?)
    }
    waiting_for_callback -> bool {
        Ok(wait_for_callback("approval", ask).timeout(hours(1)).await?)
    }
    invoking -> u32 { Ok(invoke::<u32>("price", &"tea").await?) }
    with_child -> String { child!("prepare", async { reserve("tea").await }).await }
    two_children -> String {
        child!("first", async { reserve("tea").await }).await?;
        child!("second", async { reserve("pot").await }).await
    }
    two_branches -> (String, u32) {
        parallel!(stock = reserve("tea"), quote = record!("quote", async { Ok(42) })).await
    }
    slow_branches -> (u32, u32) { parallel!(a = slow(50), b = slow(80)).await }
    all_of_ten -> Vec<u32> { parallel_all((0..10).map(number)).await }
    mapped_2 -> Vec<u32> { parallel_map([1, 2], |value, _| number(value)).await }
    mapped_100 -> Vec<u32> { parallel_map(0..100, |value, _| number(value)).await }
    mapped_1000 -> Vec<u32> { parallel_map(0..1000, |value, _| number(value)).await }
    mapped_flat -> Vec<u32> { parallel_map(0..1000, |value, _| number(value)).flat().await }
    mapped_one_by_one -> Vec<u32> { parallel_map(0..10, |value, _| number(value)).max_concurrency(1).await }
    raced_while_working -> u32 { race!(paid = slow(2000) => |value| value, late = sleep(hours(1)) => |()| 0).await }
    raced -> u32 { race!(paid = number(3) => |value| value, late = sleep(hours(1)) => |()| 0).await }
    raced_late -> u32 {
        let offer = callback::<u32>("offer").await?;
        race!(offer = offer.result() => |value| value, late = sleep(hours(1)) => |()| 0).await
    }
    conditioned -> u32 { wait_for_condition(0, next).every(minutes(1)).until(|state| *state == 3).await }
    conditioned_at_once -> u32 { wait_for_condition(0, next).until(|state| *state == 1).await }
    retrying_block -> u32 {
        retrying(RetryPolicy::fixed(minutes(1)).max_attempts(3), || {
            child!("book", async {
                let time = record!("time", async { Ok(1) }).await?;
                let execution = Execution::current().ok_or("outside")?;
                // Fails in the first attempt alone: its context is operation 1 of `retrying`.
                if execution.context_id() == Some("1-1") { Err("no seat")? }
                Ok(time)
            })
        })
        .await
    }
    saga_undone -> String {
        saga(|undo| {
            child!(async {
                let tea = undo.after(reserve("tea"), release).await?;
                refused("pot").await?;
                Ok(tea)
            })
        })
        .await
    }
    saga_done -> String { saga(|undo| child!(async { undo.after(reserve("tea"), release).await })).await }
    the_time -> SystemTime {
        let now = current_time().await?;
        Ok(now)
    }
    drawn_then_step -> String {
        let _ = (current_time().await?, new_uuid().await?, random_value::<u64>().await?);
        reserve("tea").await
    }
    committed -> u32 {
        let value = number(1).await?;
        commit().await;
        Ok(value)
    }
    committed_between -> u32 {
        let (first, _) = (random_value::<bool>().await?, commit().await);
        let second = random_value::<bool>().await?;
        Ok(u32::from(first) + u32::from(second))
    }
    not_tracked -> u32 { Ok(untracked(async { 1 }).await) }
    first_of_two -> Vec<u32> { parallel_map([1, 2], |value, _| number(value)).min_successful(1).await }
    settled -> usize {
        let settled = parallel!(tea = reserve("tea"), pot = refused("pot")).settled().await?;
        Ok(settled.failed_count())
    }
    child_of_failed_step -> bool { Ok(child!("book", async { refused("tea").await }).await.is_err()) }
}

#[durable]
async fn nested(depth: u32) -> Result<u32> {
    if depth == 0 { number(1).await } else { nested(depth - 1).boxed().await }
}

#[durable]
async fn price(item: String) -> Result<usize> {
    Ok(item.len())
}

fn run<O>(flow: fn(()) -> O) -> Run
where
    O: Operation<Output: Recordable> + 'static,
{
    with_latency(flow, 0)
}

fn with_latency<O>(flow: fn(()) -> O, millis: u64) -> Run
where
    O: Operation<Output: Recordable> + 'static,
{
    virtual_time(async {
        let runner = Runner::with_latency(Duration::from_millis(millis)).await?;
        runner.register("price", price);
        runner.run("order", flow, &()).await
    })
    .unwrap()
}

/// Somebody outside answers `true` a minute after the start.
fn answered<O>(flow: fn(()) -> O) -> Run
where
    O: Operation<Output: Recordable> + 'static,
{
    virtual_time(async {
        let runner = Runner::new().await?;
        runner.register("order", flow);
        let arn: Arn = runner.start("order", &()).await?;
        let id = callback_id(&runner, &arn).await;
        tokio::time::sleep(minutes(1)).await;
        runner.engine().complete_callback(&id, Ok(b"true".to_vec())).await?;
        runner.finish(&arn).await
    })
    .unwrap()
}

fn encrypted() -> Run {
    let handler = |(): ()| one_step(()).codec(Encrypting::new("2026-11", [7; 32]));
    virtual_time(async { Runner::new().await?.run("order", handler, &()).await }).unwrap()
}

fn nested_in_ten() -> Run {
    virtual_time(async { Runner::new().await?.run("order", nested, &10).await }).unwrap()
}

/// A page, what is measured for it in the words of its line, and how.
type Measured = (&'static str, &'static str, fn() -> Run);

/// The first of a page gives its history.
const MEASURED: &[Measured] = &[
    ("step", "one step", || run(one_step)),
    ("step", "ten steps, one after another", || run(ten_steps)),
    ("step", "a step that succeeds at its second attempt", || run(retried_step)),
    ("step", "a step with `.at_most_once()`", || run(careful_step)),
    ("step", "a step whose body takes 50 ms, with requests of 10 ms", || with_latency(slow_step, 10)),
    ("step", "a function without an operation", || run(nothing)),
    ("record", "one `record!`", || run(recorded)),
    ("sleep", "one `sleep`", || run(asleep)),
    ("sleep", "a step and a `sleep` behind it", || run(asleep_after_a_step)),
    ("sleep", "`current_time()` and a `sleep_until` that has passed", || run(asleep_until_the_past)),
    ("callback", "a callback that is created and answered", || answered(called_back)),
    ("callback", "the same with a step in between that hands out the id", || answered(called_back_by_a_step)),
    ("wait-for-callback", "one `wait_for_callback`", || answered(waiting_for_callback)),
    ("invoke", "one `invoke`", || run(invoking)),
    ("child", "a child around one step", || run(with_child)),
    ("child", "two children, one after another, of one step each", || run(two_children)),
    ("child", "a step inside ten nested calls of durable functions", nested_in_ten),
    ("parallel", "two branches of one step each", || run(two_branches)),
    ("parallel", "`parallel_all` over ten steps", || run(all_of_ten)),
    ("parallel", "two branches whose bodies take 50 and 80 ms, with requests of 10 ms", || {
        with_latency(slow_branches, 10)
    }),
    ("map", "two items of one step each", || run(mapped_2)),
    ("map", "100 items of one step each", || run(mapped_100)),
    ("map", "1,000 items of one step each", || run(mapped_1000)),
    ("map", "1,000 items of one step each under `.flat()`", || run(mapped_flat)),
    ("map", "ten items of one step each under `.max_concurrency(1)`", || run(mapped_one_by_one)),
    ("race", "a step of 2 s that wins against a `sleep` of an hour", || run(raced_while_working)),
    ("race", "a step that ends within one poll against a `sleep`", || run(raced)),
    ("race", "a callback that loses against a `sleep`", || run(raced_late)),
    ("wait-for-condition", "a condition that is met at the third check", || run(conditioned)),
    ("wait-for-condition", "a condition that is met at the first check", || run(conditioned_at_once)),
    ("retrying", "a block of one step that succeeds at its second attempt", || run(retrying_block)),
    ("saga", "a step, a step that fails, and the compensation of the first", || run(saga_undone)),
    ("saga", "a saga of one step that succeeds", || run(saga_done)),
    ("recorded-values", "one recorded value", || run(the_time)),
    ("recorded-values", "three recorded values and a step behind them", || run(drawn_then_step)),
    ("commit-and-untracked", "a step and a `commit()` behind it", || run(committed)),
    ("commit-and-untracked", "two recorded values with a `commit()` in between", || run(committed_between)),
    ("commit-and-untracked", "one `untracked`", || run(not_tracked)),
    ("batch-policies", "two items of one step each under `.min_successful(1)`", || run(first_of_two)),
    ("batch-policies", "two branches under `.settled()`, of which one fails", || run(settled)),
    ("serdes", "a step with a serdes of its own", || run(in_hexadecimal)),
    ("serdes", "a step under `Encrypting`", encrypted),
    ("errors", "a step that fails for good", || run(failed_step)),
    ("errors", "a step that fails for good in a child", || run(child_of_failed_step)),
];

fn page(name: &str) -> &'static str {
    PAGES.iter().find(|(page, _)| *page == name).map_or("", |(_, text)| text)
}

fn costs_line(requests: usize, of: &str) -> String {
    let noun = if requests == 1 { "request" } else { "requests" };
    format!("* Costs: {requests} {noun} for {of}.")
}

/// An event as the pages show it: number, type, id, name, and what it carried.
fn line(event: &HistoryEvent) -> String {
    let details = &event.details;
    let result = details.result.as_ref().and_then(|result| result.payload.clone());
    let error = details.error.as_ref().and_then(|error| error.payload.as_ref()?.error_message.clone());
    let seconds = details.duration.or(details.timeout).map(|seconds| format!("{seconds} s"));
    let carried = error.or(seconds).or(result).filter(|text| text.len() <= 60).unwrap_or_default();
    let id = event.id.as_ref().map_or("", |id| id.as_str());
    let name = event.name.as_deref().unwrap_or_default();
    let line = format!("{:>2} {:<22} {id:<6} {name:<18} {carried}", event.event_id, event.event_type);
    line.trim_end().to_owned()
}

fn history(run: &Run) -> String {
    let of_operations = run.history().iter().filter(|event| !event.event_type.starts_with("Execution"));
    format!("```text\n{}\n```", of_operations.map(line).collect::<Vec<_>>().join("\n"))
}

#[test]
fn every_figure_on_a_page_is_measured_and_every_measurement_is_on_its_page() {
    let mut wrong = Vec::new();
    let mut lines_measured = 0;
    for (name, of, measure) in MEASURED {
        let line = costs_line(measure().requests(), of);
        println!("{name}: {line}");
        let found = page(name).lines().filter(|found| *found == line).count();
        lines_measured += found;
        if found != 1 {
            wrong.push(format!("{name}.md should say: {line}"));
        }
    }
    let said = |text: &str| text.lines().filter(|line| line.contains("Costs:")).count();
    let lines_said: usize = PAGES.iter().map(|(_, text)| said(text)).sum();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(lines_said, lines_measured, "a page has a line `Costs:` that nobody measures");
}

#[test]
fn the_history_on_a_page_is_what_its_first_figure_leaves() {
    let mut wrong = Vec::new();
    for (name, text) in PAGES.iter().filter(|(name, _)| *name != "README") {
        let (_, of, measure) = MEASURED.iter().find(|(page, ..)| page == name).expect("every page has a figure");
        let history = history(&measure());
        println!("{name}:\n{history}");
        if !text.contains(&history) {
            wrong.push(format!("{name}.md should show, for {of}:\n{history}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_index_leads_to_every_page() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/operations");
    let mut files: Vec<OsString> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name()).collect();
    let mut known: Vec<OsString> = PAGES.iter().map(|(name, _)| format!("{name}.md").into()).collect();
    files.sort();
    known.sort();
    assert_eq!(files, known, "docs/operations and PAGES hold the same pages");
    for (name, _) in PAGES.iter().filter(|(name, _)| *name != "README") {
        assert!(page("README").contains(&format!("({name}.md)")), "the index has no link to {name}.md");
    }
}
