//! A workflow that is changed under a running execution.

use durable_runtime::App;
use durable_runtime::app::Exit;
use durable_runtime::prelude::*;
use std::time::Duration;

use crate::support::{Scratch, Setting, run, run_with, shop};

#[step]
async fn pack(order: &str) -> Result<String> {
    Ok(format!("{order} packed"))
}

#[step]
async fn wrap(order: &str) -> Result<String> {
    Ok(format!("{order} wrapped"))
}

#[durable]
async fn as_written(order: String) -> Result<String> {
    let parcel = pack(&order).await?;
    sleep(hours(1)).await?;
    Ok(parcel)
}

#[durable]
async fn as_edited(order: String) -> Result<String> {
    let parcel = wrap(&order).await?;
    sleep(hours(1)).await?;
    Ok(parcel)
}

#[durable]
async fn as_mended(order: String) -> Result<String> {
    let parcel = pack(&order).await?;
    sleep(hours(1)).await?;
    wrap(&parcel).await
}

fn build(register: impl FnOnce(App) -> App) -> App {
    register(shop(Vec::new()))
}

#[tokio::test(start_paused = true)]
async fn an_edit_blocks_a_running_execution_and_a_mended_build_finishes_it() {
    let scratch = Scratch::new();
    let written = build(|app| app.register("parcel", as_written));
    let setting = Setting { interrupt: Some(Duration::from_secs(60)), ..Setting::default() };
    run_with(&written, &scratch.store(), &["start", "\"tea\"", "--name", "p-1"], setting).await;

    let edited = build(|app| app.register("parcel", as_edited));
    for _ in 0..2 {
        let done = run(&edited, &scratch.store(), &["resume"]).await;
        assert_eq!((done.exit, done.output.as_str()), (Exit::Blocked, ""), "{}", done.messages);
        for part in ["p-1 is BLOCKED", "pack", "wrap", "mend the code"] {
            assert!(done.messages.contains(part), "`{part}` is missing:\n{}", done.messages);
        }
    }
    let done = run(&edited, &scratch.store(), &["show", "p-1"]).await;
    assert!(done.output.contains("BLOCKED: today's code does not fit this history"), "{}", done.output);

    let mended = build(|app| app.register("parcel", as_mended));
    let done = run(&mended, &scratch.store(), &["resume"]).await;
    assert_eq!((done.exit, done.last_line()), (Exit::Succeeded, "\"tea packed wrapped\""), "{}", done.messages);
}

#[tokio::test(start_paused = true)]
async fn an_input_that_the_function_cannot_take_is_refused_before_anything_is_stored() {
    let scratch = Scratch::new();
    let app = build(|app| app.register("parcel", as_written));
    let done = run(&app, &scratch.store(), &["start", "{\"order\": 7}"]).await;
    assert_eq!(done.exit, Exit::Usage);
    assert!(done.messages.contains("is not what the function takes"), "{}", done.messages);
    assert!(!scratch.store().exists());
}
