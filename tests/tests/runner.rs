//! What the runner for users' tests tells of a run, and what it refuses.

use std::sync::atomic::{AtomicBool, Ordering};

use durable_runtime::prelude::*;
use durable_runtime::testing::{Run, Runner, virtual_time};

#[step]
async fn double(n: u32) -> Result<u32> {
    Ok(n * 2)
}

#[step(retry = none)]
async fn refuse(n: u32) -> Result<u32> {
    Err(format!("{n} is refused"))?
}

#[durable]
async fn several(count: u32) -> Result<u32> {
    let mut sum = 0;
    for n in 0..count {
        sum += double(n).await?;
    }
    refuse(sum).await.ok();
    child!("nothing", async { Ok(()) }).await?;
    sleep(seconds(1)).await?;
    Ok(sum)
}

static EDITED: AtomicBool = AtomicBool::new(false);

/// Stands for a function whose code is edited while it waits.
#[durable]
async fn edited(_: ()) -> Result<u32> {
    if EDITED.swap(true, Ordering::SeqCst) {
        return refuse(1).await;
    }
    let doubled = double(1).await?;
    sleep(seconds(1)).await?;
    Ok(doubled)
}

fn run_several() -> Run {
    virtual_time(async { Runner::new().await?.run("several", several, &3).await }).unwrap()
}

#[test]
fn operations_of_one_path_are_all_found_and_have_their_results() {
    let run = run_several();
    let doubled: Vec<u32> =
        run.operations_at("several / double").map(|operation| operation.result().unwrap()).collect();
    assert_eq!(doubled, [0, 2, 4]);
    assert_eq!(run.operation("several / double").unwrap().result::<u32>().unwrap(), 0);
    assert_eq!(run.operations_at("several / triple").count(), 0);
    run.operation("several / nothing").unwrap().result::<()>().unwrap();
}

#[test]
fn an_operation_that_failed_has_its_error_and_no_result() {
    let run = run_several();
    let refused = run.operation("several / refuse").unwrap();
    assert_eq!(refused.error().unwrap().error_message.as_deref(), Some("6 is refused"));
    let no_result = refused.result::<u32>().unwrap_err().to_string();
    assert!(no_result.contains("several / refuse") && no_result.contains("6 is refused"), "{no_result}");
    let no_result = run.operation("several / sleep").unwrap().result::<()>().unwrap_err().to_string();
    assert!(no_result.contains("no result"), "{no_result}");
    assert!(run.operation("several / double").unwrap().error().is_none());
}

#[test]
fn the_result_of_a_blocked_run_is_its_report() {
    let run = virtual_time(async { Runner::new().await?.run("edited", edited, &()).await }).unwrap();
    let report = run.result::<u32>().unwrap_err().to_string();
    assert!(report.contains("BLOCKED") && report.contains(run.blocked().unwrap()), "{report}");
    assert!(report.contains("double") && report.contains("refuse"), "{report}");
}

#[tokio::test]
async fn a_runner_on_a_running_clock_says_so_instead_of_sleeping() {
    let refused = Runner::new().await.err().unwrap().to_string();
    assert!(refused.contains("start_paused = true"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn a_paused_clock_will_do_wherever_it_comes_from() {
    let run = Runner::new().await.unwrap().run("several", several, &1).await.unwrap();
    assert_eq!(run.result::<u32>().unwrap(), 0);
}
