//! What a workflow costs in checkpoint requests on the embedded engine: the floor, and what real bodies make of it.
//!
//! The first table holds for bodies that end within one poll, and is asserted. The second has bodies of 20 to 100 ms
//! and requests of 10 ms, in virtual time; it is printed (`--nocapture` shows it) and bounded.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use durable_runtime::prelude::*;
use durable_runtime::testing::{Run, Runner, virtual_time};
use serde::{Deserialize, Serialize};

/// What the workflows run on: how large, and how long a body takes.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Load {
    size: u32,
    slow: bool,
}

/// 20 to 100 ms, a different time for every value, the same in every run.
async fn work(value: u32, slow: bool) {
    if slow {
        tokio::time::sleep(Duration::from_millis(20 + u64::from(value * 37 % 81))).await;
    }
}

#[step]
async fn number(value: u32, slow: bool) -> Result<u32> {
    work(value, slow).await;
    Ok(value)
}

#[durable]
async fn sequential(load: Load) -> Result<u32> {
    let mut sum = 0;
    for value in 0..load.size {
        sum += number(value, load.slow).await?;
    }
    Ok(sum)
}

#[durable]
async fn step_then_sleep(load: Load) -> Result<u32> {
    let value = number(1, load.slow).await?;
    sleep(minutes(1)).await?;
    Ok(value)
}

#[durable]
async fn fan_out(load: Load) -> Result<u32> {
    let values = parallel_map(0..load.size, |value, _| number(value, load.slow)).await?;
    Ok(values.iter().sum())
}

#[durable]
async fn nested(load: Load) -> Result<u32> {
    match load.size {
        0 => number(1, load.slow).await,
        size => nested(Load { size: size - 1, ..load }).boxed().await,
    }
}

#[durable]
async fn retried(load: Load) -> Result<u32> {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    #[step(retry = fixed(max_attempts = 2, delay = "1s"))]
    async fn every_second_call_fails(slow: bool) -> Result<u32> {
        work(3, slow).await;
        if CALLS.fetch_add(1, Ordering::SeqCst).is_multiple_of(2) { Err("not yet")? } else { Ok(1) }
    }
    every_second_call_fails(load.slow).await
}

/// Runs the workflow and checks that its result is the one that `size` asks for.
fn run(workflow: &str, size: u32, slow: bool, latency: Duration) -> Run {
    let load = Load { size, slow };
    let run = virtual_time(async {
        let runner = Runner::with_latency(latency).await?;
        match workflow {
            "sequential" => runner.run(workflow, sequential, &load).await,
            "step, then sleep" => runner.run(workflow, step_then_sleep, &load).await,
            "parallel" => runner.run(workflow, fan_out, &load).await,
            "children, nested" => runner.run(workflow, nested, &load).await,
            _ => runner.run(workflow, retried, &load).await,
        }
    })
    .unwrap();
    let expected = if matches!(workflow, "sequential" | "parallel") { (0..size).sum() } else { 1 };
    assert_eq!(run.result::<u32>().unwrap(), expected, "{workflow}");
    run
}

/// Workflow, size, requests with bodies that end at once, and the most that slow bodies may need.
const TABLE: [(&str, u32, usize, usize); 8] = [
    ("sequential", 1, 1, 2),
    ("sequential", 10, 10, 11),
    ("step, then sleep", 1, 1, 2),
    ("parallel", 10, 1, 9),
    ("parallel", 100, 2, 11),
    ("parallel", 1000, 17, 24),
    ("children, nested", 10, 1, 2),
    ("one retry", 1, 2, 4),
];

#[test]
fn a_workflow_costs_the_floor_in_requests() {
    println!(
        "{:<20} {:>5} {:>22} {:>38}",
        "workflow", "size", "bodies within a poll", "bodies of 20-100 ms, requests of 10 ms"
    );
    for (workflow, size, floor, bound) in TABLE {
        let quick = run(workflow, size, false, Duration::ZERO).requests();
        let slow = run(workflow, size, true, Duration::from_millis(10));
        println!("{workflow:<20} {size:>5} {quick:>22} {:>38}", slow.requests());
        assert_eq!(quick, floor, "{workflow} {size}");
        assert!(slow.requests() <= bound, "{workflow} {size}: {} requests", slow.requests());
    }
}
