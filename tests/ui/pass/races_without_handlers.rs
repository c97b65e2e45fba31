//! A race without handlers is an operation: it is built anywhere, awaited later, and its winner is known by position.
#![deny(warnings)]
use durable_runtime::prelude::*;
use durable_runtime::{Race2, Race8};

#[step]
async fn number(n: u32) -> Result<u32> {
    Ok(n)
}

#[step]
async fn text(n: u32) -> Result<String> {
    Ok(n.to_string())
}

fn limited<'a>(work: impl Operation<Output = Result<u32>> + 'a) -> impl Operation<Output = Result<Race2<u32, ()>>> + 'a {
    race!("limited", work = work, late = sleep(minutes(5)))
}

#[durable]
async fn by_position(numbers: Vec<u32>) -> Result<String> {
    let later = race!(a = number(1), b = async { text(number(2).await?).await });
    let first = match later.named("first").await? {
        Race2::A(number) => number.to_string(),
        Race2::B(text) => text,
    };
    let Race2::A(second) = limited(number(2)).await? else { return Ok("too late".into()) };
    let all = parallel_map(&numbers, |n, _| race!(n = number(*n), text = text(*n))).await?;
    let won = all.iter().filter(|winner| matches!(winner, Race2::A(_))).count();
    let eight = race!(
        a = number(1), b = text(2), c = number(3), d = text(4), e = number(5), f = text(6), g = number(7), h = text(8),
    )
    .await?;
    if let Race8::H(text) = eight {
        return Ok(text);
    }
    let inside = matches!(race!(a = number(1), b = text(1)).await?, Race2::B(_));
    Ok(format!("{first} {second} {won} {inside}"))
}

fn main() {
    drop(by_position(vec![]));
}
