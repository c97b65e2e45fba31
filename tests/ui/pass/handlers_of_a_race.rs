//! The handlers of `race!` are code of the function around them: they await, return, break, use `?` and change what the
//! arms have borrowed. Nothing that is generated is unreachable or unused.
#![deny(warnings)]
use std::time::Duration;

use durable_runtime::prelude::*;

#[derive(Clone, serde::Serialize, serde::Deserialize)]
struct Receipt {
    id: u32,
    parts: (u32, String),
}

#[step]
async fn charge(card: &str) -> Result<Receipt> {
    Ok(Receipt { id: card.len() as u32, parts: (1, card.to_owned()) })
}

#[step]
async fn cancel(card: &str) -> Result<u32> {
    Ok(card.len() as u32)
}

#[durable]
async fn deadline(card: String) -> Result<u32> {
    let id = race!(
        paid = charge(&card) => |receipt| receipt.id,
        late = sleep(hours(1)) => |_| {
            let cancelled = cancel(&card).await?;
            return Ok(cancelled);
        },
    )
    .await?;
    Ok(id + 1)
}

#[durable]
async fn every_handler_leaves(cards: Vec<String>) -> Result<u32> {
    for card in &cards {
        race!("payment", paid = charge(card) => |receipt| return Ok(receipt.id), late = sleep(seconds(5)) => |()| continue)
            .await?;
    }
    race!(paid = charge("last") => |_| return Ok(1), late = sleep(seconds(5)) => |_| return Err("too late".into())).await?
}

#[durable]
async fn patterns(card: String) -> Result<u32> {
    let mut seen = Vec::new();
    let sum = 'search: loop {
        let sum: u32 = race!(
            whole = charge(&card) => |Receipt { id, parts: (mut part, ref text) }| {
                part += id;
                seen.push(text.clone());
                part
            },
            typed = async { Ok((charge(&card).await?.id, seen.len())) } => |(id, count): (u32, usize)| id + count as u32,
            skipped = cancel(&card) => |_| continue,
            left = cancel("x") => |found| break 'search found,
        )
        .await?;
        if sum > 3 {
            break sum;
        }
    };
    Ok(sum + seen.len() as u32)
}

#[durable]
async fn what_the_arms_borrow_is_free_in_the_handlers(mut cards: Vec<String>) -> Result<usize> {
    match race!(
        all = async { Ok(charge(&cards.concat()).await?.id) } => |id| {
            cards.push(id.to_string());
            race!(again = charge(&cards[0]) => |_| cards.len(), late = sleep(seconds(1)) => |_| 0).await?
        },
        late = sleep(Duration::from_secs(30)) => |_| {
            cards.clear();
            0
        },
    )
    .await
    {
        Ok(count) => Ok(count + cards.len()),
        Err(error) if cards.is_empty() => Err(error),
        Err(_) => Ok(0),
    }
}

#[durable]
async fn builder_methods_stand_between(card: String, attempts: Vec<u32>) -> Result<Vec<u32>> {
    let mut ids = Vec::new();
    for attempt in attempts {
        let id = (race! { paid = charge(&card) => |receipt| receipt.id, late = sleep(seconds(5)) => |_| attempt }
            .named(format!("payment {}", cancel(&card).await?)))
        .key(attempt)
        .await?;
        ids.push(id);
    }
    race!(paid = charge(&card) => |receipt| ids.push(receipt.id), late = sleep(seconds(5)) => |_| ())
        .boxed()
        .await?;
    Ok(ids)
}

#[durable]
async fn in_blocks(card: String) -> Result<u32> {
    let (first, second) = parallel!(
        first = async { durable_runtime::race!(paid = charge(&card) => |r| r.id, late = sleep(days(1)) => |_| 0).await },
        second = child!(async {
            let id = ::durable_runtime::race!(paid = charge(&card) => |r| return Ok(r.id), late = sleep(days(1)) => |_| 7)
                .await?;
            Ok(id + 1)
        }),
    )
    .await?;
    Ok(first + second)
}

fn main() {
    drop(deadline(String::new()));
    drop(every_handler_leaves(vec![]));
    drop(patterns(String::new()));
    drop(what_the_arms_borrow_is_free_in_the_handlers(vec![]));
    drop(builder_methods_stand_between(String::new(), vec![]));
    drop(in_blocks(String::new()));
}
