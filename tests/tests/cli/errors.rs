//! What goes wrong, and what is said about it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use durable_runtime::app::{App, Exit};
use durable_runtime::engine::Engine;

use crate::support::{Done, Scratch, Setting, greet, nap, run, run_as_given, run_with, shop};

fn greeter() -> App {
    shop(vec![("greet", greet(&Arc::default()))])
}

fn says(done: &Done, exit: Exit, parts: &[&str]) {
    assert_eq!(done.exit, exit, "{}", done.messages);
    assert_eq!(done.output, "");
    for part in parts {
        assert!(done.messages.contains(part), "`{part}` is missing:\n{}", done.messages);
    }
}

#[tokio::test(start_paused = true)]
async fn malformed_json_is_pointed_at_and_starts_nothing() {
    let scratch = Scratch::new();
    let file = scratch.file("order.json");
    std::fs::write(&file, "{\n  \"id\": \"order-1\",\n  oops\n}").unwrap();
    let done = run(&greeter(), &scratch.store(), &["start", &format!("@{}", file.display())]).await;
    says(&done, Exit::Usage, &["order.json:3:3 is not JSON: key must be a string", "  3 |   oops", "    |   ^"]);
    assert!(!scratch.store().exists());
}

#[tokio::test(start_paused = true)]
async fn an_input_that_the_function_cannot_read_starts_nothing() {
    let scratch = Scratch::new();
    let check = |json: &str| serde_json::from_str::<Vec<u32>>(json).map(drop);
    let runs = Arc::<AtomicU32>::default();
    let app = App::named("shop").register_checked("sum", greet(&runs), Arc::new(check));
    let done = run(&app, &scratch.store(), &["start", "[1, \"two\"]"]).await;
    says(&done, Exit::Usage, &["the input:1:9 is not what the function takes: invalid type: string \"two\"", "^"]);
    assert_eq!(runs.load(Ordering::SeqCst), 0);
    assert!(!scratch.store().exists());
}

#[tokio::test(start_paused = true)]
async fn the_usual_slips_of_inputs_are_recognised() {
    let scratch = Scratch::new();
    let file = scratch.file("order.json");
    std::fs::write(&file, "{}").unwrap();
    let store = scratch.store();
    let forgot_at = run(&greeter(), &store, &["start", &file.display().to_string()]).await;
    says(&forgot_at, Exit::Usage, &["it is the name of a file: put `@` before it"]);
    let bare_word = run(&greeter(), &store, &["start", "Ada"]).await;
    says(&bare_word, Exit::Usage, &["JSON strings need their own quotes"]);
    let no_file = run(&greeter(), &store, &["start", "@nowhere.json"]).await;
    says(&no_file, Exit::Usage, &["cannot read the input file `nowhere.json`", "after `@`"]);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_command_or_function_is_answered_with_what_was_meant() {
    let scratch = Scratch::new();
    let done = run(&greeter(), &scratch.store(), &["strat", "1"]).await;
    says(&done, Exit::Usage, &["there is no command `strat`: did you mean `start`?", "`shop help` lists them"]);
    let done = run(&greeter(), &scratch.store(), &["start", "1", "--function", "great"]).await;
    says(&done, Exit::Usage, &["there is no function `great`: did you mean `greet`?"]);
    let two = shop(vec![("greet", greet(&Arc::default())), ("nap", nap(1))]);
    let done = run(&two, &scratch.store(), &["start", "1"]).await;
    says(&done, Exit::Usage, &["which function? say --function NAME, one of: greet, nap"]);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_cannot_be_written_is_named() {
    let scratch = Scratch::new();
    let plain_file = scratch.file("plain");
    std::fs::write(&plain_file, "x").unwrap();
    for path in [plain_file.join("store.db"), scratch.file("missing/store.db"), std::env::temp_dir()] {
        let done = run(&greeter(), &path, &["start", "1"]).await;
        says(&done, Exit::Failed, &[&path.display().to_string()]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_no_store_is_left_as_it_is() {
    let scratch = Scratch::new();
    let foreign = scratch.file("notes.txt");
    let notes = "remember the milk\n".repeat(100);
    std::fs::write(&foreign, &notes).unwrap();
    for line in [&["start", "1"][..], &["resume"], &["list"], &["show", "x"], &["stop", "x"]] {
        let done = run(&greeter(), &foreign, line).await;
        says(&done, Exit::Failed, &["is not a store of durable executions", "notes.txt"]);
    }
    assert_eq!(std::fs::read_to_string(&foreign).unwrap(), notes);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_does_not_exist_has_nothing_to_look_at() {
    let scratch = Scratch::new();
    for line in [&["resume"][..], &["list"], &["show", "x"], &["stop", "x"]] {
        let done = run(&greeter(), &scratch.store(), line).await;
        says(&done, Exit::Failed, &["there is no store at", "nothing was started there yet"]);
        assert!(!scratch.store().exists(), "looking made a store");
        let done = run(&greeter(), &scratch.file("no directory yet/shop.db"), line).await;
        says(&done, Exit::Failed, &["there is no store at", "nothing was started there yet"]);
        assert!(!scratch.file("no directory yet").exists(), "looking made a directory");
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_owned_says_by_whom_and_can_still_be_looked_at() {
    let scratch = Scratch::new();
    run(&greeter(), &scratch.store(), &["start", "1", "--name", "g-1"]).await;
    let owner = Engine::open(scratch.store()).await.unwrap();
    for line in [&["start", "2"][..], &["resume"]] {
        let done = run(&greeter(), &scratch.store(), line).await;
        says(&done, Exit::Failed, &["is owned by process", &std::process::id().to_string()]);
    }
    let done = run(&greeter(), &scratch.store(), &["list"]).await;
    assert_eq!(done.exit, Exit::Succeeded, "{}", done.messages);
    assert!(done.output.contains("g-1"));
    owner.close().await.unwrap();
    let done = run(&greeter(), &scratch.store(), &["start", "2"]).await;
    assert_eq!(done.exit, Exit::Succeeded, "{}", done.messages);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_or_ambiguous_execution_is_explained() {
    let scratch = Scratch::new();
    for name in ["order-1", "order-2"] {
        run(&greeter(), &scratch.store(), &["start", "1", "--name", name]).await;
    }
    let done = run(&greeter(), &scratch.store(), &["show", "parcel"]).await;
    says(&done, Exit::Usage, &["no execution matches `parcel`"]);
    let done = run(&greeter(), &scratch.store(), &["stop", "order"]).await;
    says(&done, Exit::Usage, &["several executions match `order`", "order-1", "order-2"]);
    let done = run(&greeter(), &scratch.store(), &["start", "1", "--name", "no spaces"]).await;
    says(&done, Exit::Usage, &["`no spaces` cannot name an execution"]);
}

#[tokio::test(start_paused = true)]
async fn help_and_version_need_no_store() {
    let app = greeter();
    for arguments in [vec![], vec!["help"], vec!["--help"]] {
        let done = run_as_given(&app, arguments.iter().map(Into::into).collect(), Setting::default()).await;
        assert_eq!(done.exit, Exit::Succeeded);
        for word in ["functions: greet", "start", "resume", "list", "show", "stop", "Exit codes"] {
            assert!(done.output.contains(word), "`{word}` is missing:\n{}", done.output);
        }
    }
    let done = run_as_given(&app, vec!["help".into(), "start".into()], Setting::default()).await;
    assert!(done.output.contains("--timeout SECONDS"), "{}", done.output);
    let done = run_as_given(&app, vec!["--version".into()], Setting::default()).await;
    assert!(done.output.starts_with("shop on durable-runtime "), "{}", done.output);
}

#[tokio::test(start_paused = true)]
async fn what_options_do_stands_in_one_column_however_long_their_names_are() {
    for command in ["start", "serve", "host", "list", "callback"] {
        let done = run_as_given(&greeter(), vec!["help".into(), command.into()], Setting::default()).await;
        let options = done.output.lines().filter_map(|line| line.strip_prefix("  --"));
        // Two blanks end the name and its value.
        let columns: Vec<usize> = options
            .map(|line| line.find("  ").map(|end| line.len() - line[end..].trim_start().len()).unwrap())
            .collect();
        assert!(columns.len() > 1 && columns.iter().all(|column| *column == columns[0]), "{}", done.output);
    }
}

#[tokio::test(start_paused = true)]
async fn unreadable_standard_input_is_reported_as_input() {
    let scratch = Scratch::new();
    let setting = Setting { stdin: "{\"a\": }", ..Setting::default() };
    let done = run_with(&greeter(), &scratch.store(), &["start", "-"], setting).await;
    says(&done, Exit::Usage, &["standard input:1:7 is not JSON: expected value"]);
}

#[tokio::test(start_paused = true)]
async fn a_function_whose_name_nothing_could_find_is_refused_before_anything_runs() {
    let scratch = Scratch::new();
    for name in ["", "größe", "check out", &"n".repeat(65)] {
        let app = shop(vec![(name, greet(&Arc::default()))]);
        let done = run(&app, &scratch.store(), &["start", "1"]).await;
        says(&done, Exit::Usage, &["cannot name a function: 1 to 64 letters"]);
    }
    assert!(!scratch.store().exists());
}

#[test]
fn a_program_can_be_spawned() {
    use durable_runtime::prelude::*;

    #[durable]
    async fn nothing(_: ()) -> Result<()> {
        Ok(())
    }

    fn spawnable(future: impl Future + Send + 'static) {
        drop(future);
    }

    spawnable(durable_runtime::run(nothing));
    spawnable(App::new().register("nothing", nothing).run());
}
