//! Fan-out: one branch per item, at most three at once, results in the order of the items.
//!
//! Each branch is a context of its own: after a crash, finished chapters are read back and only the others run again.

use durable_runtime::App;
use durable_runtime::prelude::*;
use examples::program::{self, ran};
use serde::{Deserialize, Serialize};

const CHAPTERS: &str = r#"[
    "call me ishmael some years ago never mind how long",
    "i stuffed a shirt or two into my old carpet bag",
    "entering that gable ended spouter inn you found yourself",
    "upon waking next morning about daylight",
    "i quickly followed suit and descending into the bar room"
]"#;

#[derive(Debug, Serialize, Deserialize)]
struct Count {
    words: usize,
    longest: String,
}

#[step]
async fn count(chapter: &str) -> Result<Count> {
    ran();
    let longest = chapter.split_whitespace().max_by_key(|word| word.len()).unwrap_or_default().to_owned();
    Ok(Count { words: chapter.split_whitespace().count(), longest })
}

#[durable]
async fn fan_out(chapters: Vec<String>) -> Result<Count> {
    let counts = parallel_map(&chapters, |chapter, index| count(chapter).key(index + 1)).max_concurrency(3).await?;
    let words = counts.iter().map(|count| count.words).sum();
    let longest = counts.into_iter().map(|count| count.longest).max_by_key(String::len).unwrap_or_default();
    Ok(Count { words, longest })
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    program::run(App::new().register("fan_out", fan_out), CHAPTERS).await
}
