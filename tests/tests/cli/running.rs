//! `start` and `resume`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use durable_runtime::app::Exit;
use durable_runtime::prelude::*;

use crate::support::{Scratch, Setting, block, fail, flaky, greet, nap, run, run_with, shop};

#[tokio::test(start_paused = true)]
async fn the_result_is_one_line_of_output_and_everything_else_is_a_message() {
    let scratch = Scratch::new();
    let app = shop(vec![("greet", greet(&Arc::default()))]);
    let done = run(&app, &scratch.store(), &["start", "\"Ada\"", "--name", "g-1"]).await;
    assert_eq!(done.exit, Exit::Succeeded);
    assert_eq!(done.output, "{   \"hello\": \"Ada\" }\n");
    assert!(done.messages.starts_with("started greet as g-1"), "{}", done.messages);
    assert!(done.messages.contains("g-1 succeeded in 0 ms"), "{}", done.messages);
}

#[tokio::test(start_paused = true)]
async fn the_input_comes_from_the_line_a_file_or_standard_input() {
    let scratch = Scratch::new();
    let app = shop(vec![("greet", greet(&Arc::default()))]);
    let file = scratch.file("input.json");
    std::fs::write(&file, "[1, 2]").unwrap();
    let at_file = format!("@{}", file.display());
    for (line, stdin, expected) in [
        (vec!["start", "3"], "", "3"),
        (vec!["start", &at_file], "", "[1, 2]"),
        (vec!["start", "-"], "{}", "{}"),
        (vec!["start"], "", "null"),
    ] {
        let setting = Setting { stdin, ..Setting::default() };
        let done = run_with(&app, &scratch.store(), &line, setting).await;
        assert_eq!(done.last_line(), format!("{{   \"hello\": {expected} }}"), "{line:?}: {}", done.messages);
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_execution_exits_with_1_and_says_where_to_look() {
    let scratch = Scratch::new();
    let app = shop(vec![("fail", fail())]);
    let done = run(&app, &scratch.store(), &["start", "--name", "f-1"]).await;
    assert_eq!((done.exit, done.output.as_str()), (Exit::Failed, ""));
    assert!(done.messages.contains("CardDeclined: insufficient funds\\u{1b}[2J"), "{}", done.messages);
    assert!(done.messages.contains("`shop show f-1 --store "), "{}", done.messages);
}

#[tokio::test(start_paused = true)]
async fn a_blocked_execution_exits_with_3_and_a_mended_build_finishes_it() {
    let scratch = Scratch::new();
    let broken = shop(vec![("ship", block())]);
    let done = run(&broken, &scratch.store(), &["start", "--name", "s-1"]).await;
    assert_eq!((done.exit, done.output.as_str()), (Exit::Blocked, ""));
    assert!(done.messages.contains("at `ship`: a step is recorded, a wait ran"), "{}", done.messages);
    assert!(done.messages.contains("mend the code, then run `shop resume --store"), "{}", done.messages);

    let shown = run(&broken, &scratch.store(), &["show", "s-1"]).await;
    assert!(shown.output.contains("ship  s-1  BLOCKED"), "{}", shown.output);
    assert!(shown.output.contains("a step is recorded, a wait ran"), "{}", shown.output);

    let mended = shop(vec![("ship", greet(&Arc::default()))]);
    let done = run(&mended, &scratch.store(), &["resume"]).await;
    assert_eq!((done.exit, done.last_line()), (Exit::Succeeded, "{   \"hello\": null }"));
}

#[tokio::test(start_paused = true)]
async fn the_same_name_and_input_is_the_same_execution() {
    let scratch = Scratch::new();
    let runs = Arc::<AtomicU32>::default();
    let app = shop(vec![("greet", greet(&runs))]);
    let first = run(&app, &scratch.store(), &["start", "1", "--name", "g-1"]).await;
    let again = run(&app, &scratch.store(), &["start", "1", "--name", "g-1"]).await;
    assert_eq!((again.exit, &again.output), (Exit::Succeeded, &first.output));
    assert!(again.messages.contains("was started before"), "{}", again.messages);
    let other = run(&app, &scratch.store(), &["start", "2", "--name", "g-1"]).await;
    assert_eq!(other.exit, Exit::Usage);
    assert!(other.messages.contains("started with another input"), "{}", other.messages);
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn an_input_is_the_same_however_its_json_is_written() {
    let scratch = Scratch::new();
    let runs = Arc::<AtomicU32>::default();
    let app = shop(vec![("greet", greet(&runs))]);
    run(&app, &scratch.store(), &["start", "{\"a\": [1, 2], \"b\": \"é\"}", "--name", "g-1"]).await;
    let again = run(&app, &scratch.store(), &["start", " {\"b\":\"\\u00e9\",\"a\":[1,2]}\n", "--name", "g-1"]).await;
    assert_eq!(again.exit, Exit::Succeeded, "{}", again.messages);
    assert!(again.messages.contains("was started before with this input"), "{}", again.messages);
    let other = run(&app, &scratch.store(), &["start", "{\"b\":\"é\",\"a\":[2,1]}", "--name", "g-1"]).await;
    assert_eq!(other.exit, Exit::Usage, "{}", other.messages);
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

/// An error with a source.
#[derive(Debug)]
struct Unreadable(std::num::ParseIntError);

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no quantity")
    }
}

impl std::error::Error for Unreadable {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

#[step(retry = none)]
async fn read(text: &str) -> Result<u32> {
    Ok(text.parse().map_err(Unreadable)?)
}

#[durable]
async fn order(text: String) -> Result<u32> {
    read(&text).await
}

#[tokio::test(start_paused = true)]
async fn an_error_is_told_with_what_caused_it() {
    let scratch = Scratch::new();
    let app = shop(Vec::new()).register("order", order);
    let done = run(&app, &scratch.store(), &["start", "\"x\"", "--name", "o-1"]).await;
    let told = "Unreadable: no quantity: invalid digit found in string";
    assert!(done.messages.contains(&format!("o-1 failed after 0 ms: {told}")), "{}", done.messages);
    let shown = run(&app, &scratch.store(), &["show", "o-1"]).await;
    assert!(shown.output.contains(&format!("error    {told}")), "{}", shown.output);
    assert!(shown.output.contains(&format!("! {told}")), "{}", shown.output);
}

#[tokio::test(start_paused = true)]
async fn progress_comes_as_plain_lines_when_nobody_watches() {
    let scratch = Scratch::new();
    let app = shop(vec![("nap", nap(5))]);
    let done = run(&app, &scratch.store(), &["start", "--name", "n-1"]).await;
    assert_eq!(done.last_line(), "\"rested\"");
    let lines: Vec<&str> = done.messages.lines().map(str::trim).collect();
    for line in [
        "prepare / pillow: succeeded",
        "prepare: succeeded",
        "nap: waits until 00:00:05 UTC, in 5 s",
        "nap: succeeded",
        "n-1 succeeded in 5 s",
    ] {
        assert!(lines.contains(&line), "`{line}` is missing:\n{}", done.messages);
    }
    assert!(!done.messages.contains('\u{1b}'));
}

#[tokio::test(start_paused = true)]
async fn a_retry_says_when_the_next_attempt_is_due() {
    let scratch = Scratch::new();
    let app = shop(vec![("flaky", flaky())]);
    let done = run(&app, &scratch.store(), &["start", "--name", "f-1"]).await;
    assert_eq!(done.last_line(), "7");
    let expected = "call: attempt 1 failed, the next is due 00:00:02 UTC, in 2 s";
    assert!(done.messages.contains(expected), "{}", done.messages);
}

#[tokio::test(start_paused = true)]
async fn on_a_terminal_progress_is_redrawn_in_place_and_leaves_nothing_behind() {
    let scratch = Scratch::new();
    let app = shop(vec![("nap", nap(5))]);
    let setting = Setting { live: true, ..Setting::default() };
    let done = run_with(&app, &scratch.store(), &["start", "--name", "n-1"], setting).await;
    assert_eq!(done.last_line(), "\"rested\"");
    assert!(done.messages.contains("nap  waits until 00:00:05 UTC, in 5 s"), "{:?}", done.messages);
    assert!(done.messages.contains("nap  waits until 00:00:05 UTC, in 3 s"), "{:?}", done.messages);
    assert!(!done.messages.contains("pillow"), "finished operations are not drawn: {:?}", done.messages);
    let after_the_last_clearing = done.messages.rsplit("\u{1b}[J").next().unwrap();
    assert!(after_the_last_clearing.contains("n-1 succeeded in 5 s"), "{:?}", done.messages);
    assert!(!after_the_last_clearing.contains('\u{1b}'), "{:?}", done.messages);
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_execution_is_kept_and_resumed() {
    let scratch = Scratch::new();
    let app = shop(vec![("nap", nap(60))]);
    let setting = Setting { interrupt: Some(Duration::from_secs(3)), ..Setting::default() };
    let done = run_with(&app, &scratch.store(), &["start", "--name", "n-1"], setting).await;
    assert_eq!((done.exit, done.output.as_str()), (Exit::Interrupted, ""));
    assert!(done.messages.contains("interrupted: n-1 is kept, go on with `shop resume --store"), "{}", done.messages);

    let done = run(&app, &scratch.store(), &["resume"]).await;
    assert_eq!((done.exit, done.last_line()), (Exit::Succeeded, "\"rested\""));
    assert!(done.messages.contains("resumed 1 execution: n-1"), "{}", done.messages);

    let done = run(&app, &scratch.store(), &["resume"]).await;
    assert_eq!((done.exit, done.output.as_str()), (Exit::Succeeded, ""));
    assert!(done.messages.contains("nothing to resume"), "{}", done.messages);
}

#[tokio::test(start_paused = true)]
async fn resume_finishes_everything_and_exits_by_what_most_needs_a_person() {
    let scratch = Scratch::new();
    let app = shop(vec![("nap", nap(60)), ("ship", block())]);
    for (function, name) in [("nap", "n-1"), ("nap", "n-2"), ("ship", "s-1")] {
        let setting = Setting { interrupt: Some(Duration::from_secs(1)), ..Setting::default() };
        run_with(&app, &scratch.store(), &["start", "--function", function, "--name", name], setting).await;
    }
    let done = run(&app, &scratch.store(), &["resume"]).await;
    assert_eq!(done.exit, Exit::Blocked, "{}", done.messages);
    assert_eq!(done.output, "\"rested\"\n\"rested\"\n");
    assert!(done.messages.contains("s-1 is BLOCKED"), "{}", done.messages);
    for line in ["  n-1: nap: succeeded", "  n-2: nap: succeeded"] {
        assert!(done.messages.contains(line), "{}", done.messages);
    }
}

#[tokio::test(start_paused = true)]
async fn an_execution_ends_at_its_timeout() {
    let scratch = Scratch::new();
    let app = shop(vec![("nap", nap(60))]);
    let done = run(&app, &scratch.store(), &["start", "--timeout", "10", "--name", "n-1"]).await;
    assert_eq!(done.exit, Exit::Failed);
    assert!(done.messages.contains("n-1 timed out after 10 s"), "{}", done.messages);
}

#[tokio::test(start_paused = true)]
async fn executions_of_functions_that_this_program_lacks_are_left_alone() {
    let scratch = Scratch::new();
    let setting = Setting { interrupt: Some(Duration::from_secs(1)), ..Setting::default() };
    let napping = shop(vec![("nap", nap(60))]);
    run_with(&napping, &scratch.store(), &["start", "--name", "n-1"], setting).await;
    let other = shop(vec![("greet", greet(&Arc::default()))]);
    let done = run(&other, &scratch.store(), &["resume"]).await;
    assert!(done.messages.contains("n-1 waits for the function `nap`"), "{}", done.messages);
    assert!(done.messages.contains("nothing to resume"), "{}", done.messages);
    let done = run(&napping, &scratch.store(), &["resume"]).await;
    assert_eq!(done.last_line(), "\"rested\"");
}
