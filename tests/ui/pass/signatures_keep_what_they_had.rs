//! Docs, visibility, generics, where clauses, lifetimes, patterns, cfg on parameters and unsafe are kept.
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

use serde::Serialize;

#[deny(missing_docs)]
pub mod documented {
    //! A module in which everything public has to be documented.
    use super::*;

    /// A documented step.
    #[step]
    pub async fn documented(n: u32) -> Result<u32> {
        //! With an inner line.
        Ok(n)
    }

    /// A documented workflow.
    #[durable]
    pub async fn workflow(n: u32) -> Result<u32> {
        documented(n).await
    }
}

pub struct View<'v> {
    text: &'v str,
}

impl Clone for View<'_> {
    fn clone(&self) -> Self {
        View { text: self.text }
    }
}

#[step]
async fn view(view: View<'_>) -> Result<String> {
    Ok(view.text.to_owned())
}

#[step]
async fn bounded<'a, T: ?Sized + Sync + AsRef<str>>(a: &'a T, b: &str) -> Result<String>
where
    T: 'a,
{
    Ok(format!("{}{b}", a.as_ref()))
}

#[step]
async fn any_value(
    value: impl Serialize + Clone + Send + Sync,
    shown: &(dyn std::fmt::Debug + Sync),
) -> Result<String> {
    let _ = &value;
    Ok(format!("{shown:?}"))
}

#[step]
async fn patterns((a, mut b): (u32, String), [x, _]: [u32; 2], _: u32, mut n: u32) -> Result<u32> {
    b.push('!');
    n += a;
    Ok(n + x + b.len() as u32)
}

#[step]
async fn conditional(#[cfg(any())] missing: Missing, #[cfg(not(any()))] n: u32) -> Result<u32> {
    Ok(n)
}

#[durable]
async fn conditional_workflow(#[cfg(any())] missing: Missing, #[allow(unused)] n: u32) -> Result<u32> {
    Ok(n)
}

#[durable]
async fn counted<const N: usize, T>(items: [T; N], (a, _): (u32, u32), mut n: u32) -> Result<usize>
where
    T: Send + Sync + Clone,
{
    n += a;
    one(n).await?;
    Ok(items.len() + N)
}

#[durable]
async fn over_views<'a>(items: &'a [String], other: &'a str) -> Result<usize> {
    let done = parallel_map(items, |item, _| bounded(item, other)).await?;
    Ok(done.len() + view(View { text: other }).await?.len())
}

#[durable]
pub(crate) async unsafe fn unchecked(n: u32) -> Result<u32> {
    one(n).await
}

#[durable]
async fn all_of_them() -> Result<u32> {
    any_value(1, &"x").await?;
    patterns((1, String::new()), [2, 3], 4, 5).await?;
    conditional(6).await?;
    conditional_workflow(7).await?;
    counted([1, 2], (3, 4), 5).await?;
    over_views(&[String::new()], "x").await?;
    unsafe { unchecked(8) }.await
}

fn main() {
    drop(all_of_them());
}
