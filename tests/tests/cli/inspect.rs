//! `list`, `show` and `stop`.

use std::sync::Arc;
use std::time::Duration;

use durable_runtime::app::{App, Exit};

use crate::support::{Scratch, Setting, block, fail, flaky, greet, nap, run, run_with, shop};

#[tokio::test(start_paused = true)]
async fn list_shows_every_execution_newest_first_and_filters() {
    let scratch = Scratch::new();
    let app = shop(vec![("greet", greet(&Arc::default())), ("fail", fail()), ("nap", nap(5))]);
    for (function, name) in [("nap", "n-1"), ("greet", "g-1"), ("fail", "f-1")] {
        run(&app, &scratch.store(), &["start", "--function", function, "--name", name]).await;
    }
    let names = |output: &str| -> Vec<String> {
        output.lines().skip(1).map(|line| line.split_whitespace().next().unwrap().to_owned()).collect()
    };
    let done = run(&app, &scratch.store(), &["list"]).await;
    assert_eq!(done.exit, Exit::Succeeded);
    assert!(done.output.starts_with("NAME"), "{}", done.output);
    let mut all = names(&done.output);
    all.sort();
    assert_eq!(all, ["f-1", "g-1", "n-1"]);
    assert_eq!(names(&done.output).last().map(String::as_str), Some("n-1"));

    let done = run(&app, &scratch.store(), &["list", "--status", "failed"]).await;
    assert_eq!(names(&done.output), ["f-1"]);
    let done = run(&app, &scratch.store(), &["list", "--function", "greet"]).await;
    assert_eq!(names(&done.output), ["g-1"]);
    let done = run(&app, &scratch.store(), &["list", "--status", "running"]).await;
    assert_eq!((done.output.as_str(), done.messages.as_str()), ("", "no executions match\n"));
}

#[tokio::test(start_paused = true)]
async fn show_prints_the_tree_of_operations_and_hides_payloads() {
    let scratch = Scratch::new();
    let app = shop(vec![("nap", nap(5))]);
    run(&app, &scratch.store(), &["start", "\"secret\"", "--name", "n-1"]).await;
    let done = run(&app, &scratch.store(), &["show", "n-1"]).await;
    let lines: Vec<String> =
        done.output.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(lines[0], "nap n-1 SUCCEEDED");
    let position = |start: &str| {
        lines.iter().position(|line| line.starts_with(start)).unwrap_or_else(|| panic!("{start}: {lines:#?}"))
    };
    assert!(position("prepare child succeeded") < position("└─ pillow step succeeded 1"));
    assert!(position("└─ pillow step succeeded 1") < position("nap wait succeeded 5 s"));
    for payload in ["secret", "feathers", "ready", "rested"] {
        assert!(!done.output.contains(payload), "{}", done.output);
    }
    let done = run(&app, &scratch.store(), &["show", "n-1", "--payloads"]).await;
    for payload in ["\"secret\"", "= \"feathers\"", "= \"ready\"", "\"rested\""] {
        assert!(done.output.contains(payload), "{payload} is missing:\n{}", done.output);
    }
}

#[tokio::test(start_paused = true)]
async fn show_says_what_an_open_execution_waits_for() {
    let scratch = Scratch::new();
    let app = shop(vec![("nap", nap(3600)), ("flaky", flaky())]);
    for function in ["nap", "flaky"] {
        let setting = Setting { interrupt: Some(Duration::from_secs(1)), ..Setting::default() };
        run_with(&app, &scratch.store(), &["start", "--function", function, "--name", function], setting).await;
    }
    let done = run(&app, &scratch.store(), &["show", "nap"]).await;
    assert!(done.output.contains("nap  nap  RUNNING"), "{}", done.output);
    assert!(done.output.contains("waits until 01:00:00 UTC, in 59 min"), "{}", done.output);
    let done = run(&app, &scratch.store(), &["show", "flaky"]).await;
    assert!(done.output.contains("next attempt 00:00:0"), "{}", done.output);
    assert!(done.output.contains("! Busy: the line is busy"), "{}", done.output);
}

#[tokio::test(start_paused = true)]
async fn stop_ends_an_execution_that_nobody_runs() {
    let scratch = Scratch::new();
    let app = shop(vec![("nap", nap(3600))]);
    let setting = Setting { interrupt: Some(Duration::from_secs(1)), ..Setting::default() };
    run_with(&app, &scratch.store(), &["start", "--name", "n-1"], setting).await;
    let done = run(&app, &scratch.store(), &["stop", "n-1"]).await;
    assert_eq!(done.exit, Exit::Succeeded);
    assert!(done.messages.contains("n-1 is stopped"), "{}", done.messages);
    let done = run(&app, &scratch.store(), &["show", "n-1"]).await;
    assert!(done.output.contains("nap  n-1  STOPPED"), "{}", done.output);
    assert!(done.output.contains("not finished"), "a wait of an ended execution: {}", done.output);
    let done = run(&app, &scratch.store(), &["stop", "n-1"]).await;
    assert_eq!(done.exit, Exit::Succeeded);
    assert!(done.messages.contains("had ended before (STOPPED)"), "{}", done.messages);
    let done = run(&app, &scratch.store(), &["resume"]).await;
    assert!(done.messages.contains("nothing to resume"), "{}", done.messages);
}

/// On the machine's clock: the owner of a store looks for requests only there.
#[tokio::test]
async fn stop_from_a_second_terminal_ends_what_the_first_one_follows() {
    let scratch = Scratch::new();
    let app = App::named("shop").register_function("nap", nap(3600));
    let (first, second) = (app.clone(), app);
    let store = scratch.store();
    let following = tokio::spawn(async move { run(&first, &store, &["start", "--name", "n-1"]).await });
    let stopping = async {
        loop {
            let done = run(&second, &scratch.store(), &["stop", "n-1"]).await;
            if done.exit == Exit::Succeeded {
                return done;
            }
            // Not started yet.
            tokio::task::yield_now().await;
        }
    };
    let stopped = tokio::time::timeout(Duration::from_secs(60), stopping).await.unwrap();
    assert!(stopped.messages.contains("n-1 is stopped"), "{}", stopped.messages);
    let followed = following.await.unwrap();
    assert_eq!((followed.exit, followed.output.as_str()), (Exit::Failed, ""));
    assert!(followed.messages.contains("n-1 was stopped after"), "{}", followed.messages);
    assert!(followed.messages.contains("stopped from the command line"), "{}", followed.messages);
}

#[tokio::test(start_paused = true)]
async fn an_execution_that_ended_without_operations_will_have_none() {
    let scratch = Scratch::new();
    let app = shop(vec![("greet", greet(&Arc::default())), ("ship", block())]);
    for (function, name) in [("greet", "g-1"), ("ship", "s-1")] {
        run(&app, &scratch.store(), &["start", "--function", function, "--name", name]).await;
    }
    let ended = run(&app, &scratch.store(), &["show", "g-1"]).await;
    assert_eq!(ended.last_line(), "no operations", "{}", ended.output);
    let open = run(&app, &scratch.store(), &["show", "s-1"]).await;
    assert!(open.output.contains("no operations yet"), "{}", open.output);
}
