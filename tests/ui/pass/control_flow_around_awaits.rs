//! Loops, labels, guards, let-else, if-let chains and early returns work around checkpoints.
use durable_runtime::prelude::*;

type Result<T, E = durable_runtime::Error> = std::result::Result<T, E>;

#[step]
async fn one(n: u32) -> Result<u32> {
    Ok(n)
}

#[step]
async fn reserve(item: &str) -> Result<String> {
    Ok(item.to_owned())
}

#[step]
async fn next_page(cursor: u32) -> Result<Option<u32>> {
    Ok((cursor < 3).then_some(cursor + 1))
}

#[durable]
async fn walk(items: Vec<String>, flag: Option<u32>) -> Result<u32> {
    let mut cursor = 0;
    while let Some(page) = next_page(cursor).await? {
        cursor = page;
    }
    let found = 'outer: loop {
        for (index, item) in items.iter().enumerate() {
            match reserve(item).await {
                Ok(reserved) if reserved.len() > one(5).await? as usize => continue 'outer,
                Ok(ref reserved) if index == 1 => break 'outer Some(reserved.clone()),
                Ok(_) => continue,
                Err(error) => return Err(error),
            }
        }
        break None;
    };
    let Some(found) = found else { return Ok(0) };
    if let Some(limit) = flag && limit > 1 && let Some(page) = next_page(limit).await? && page > 0 {
        one(page).await?;
    }
    let cursor = next_page(cursor).await?.unwrap_or(cursor);
    let cursor = {
        let cursor = cursor + 1;
        one(cursor).await?
    };
    let text = |x: &str| format!("{x}{found}{cursor}");
    let text = text(&reserve("x").await?);
    let tail = match (next_page(1).await?, flag) {
        (Some(a), Some(b)) if a == b => return Ok(a),
        (Some(a), _) => a,
        _ => 0,
    };
    Ok(tail + text.len() as u32)
}

fn main() {
    drop(walk(vec![], None));
}
