//! Slices of items, so that one branch works on several of them.

use serde::Serialize;

/// Splits items into batches by count and size.
pub trait Batched<T> {
    /// Slices in order, each of at most `items` items and, as a JSON array, of at most `bytes` bytes. An item over the limit is alone in its
    /// slice; nothing is left out. 0 items counts as 1.
    ///
    /// ```
    /// use durable_runtime::prelude::*;
    ///
    /// #[step]
    /// async fn reserve_all(skus: &[String]) -> Result<usize> {
    ///     Ok(skus.len())
    /// }
    ///
    /// #[durable]
    /// async fn order(skus: Vec<String>) -> Result<usize> {
    ///     let reserved = parallel_map(skus.batched(25, 64 * 1024), |skus, _| reserve_all(skus)).await?;
    ///     Ok(reserved.iter().sum())
    /// }
    /// ```
    fn batched(&self, items: usize, bytes: usize) -> Vec<&[T]>;
}

impl<T: Serialize> Batched<T> for [T] {
    fn batched(&self, items: usize, bytes: usize) -> Vec<&[T]> {
        let mut batches = Vec::new();
        let (mut rest, mut size, mut count) = (self, 0_usize, 0_usize);
        for item in self {
            // What does not serialize has no size here; the branch that works on it says so.
            let item_bytes = serde_json::to_string(item).map_or(0, |text| text.len());
            // An array takes a bracket, and a comma or a bracket after every item.
            let array_bytes = size.saturating_add(item_bytes).saturating_add(count).saturating_add(2);
            let full = count >= items.max(1) || array_bytes > bytes;
            if count > 0 && full {
                let (batch, after) = rest.split_at_checked(count).unwrap_or((rest, &[]));
                batches.push(batch);
                (rest, size, count) = (after, 0, 0);
            }
            size = size.saturating_add(item_bytes);
            count += 1;
        }
        if !rest.is_empty() {
            batches.push(rest);
        }
        batches
    }
}

#[cfg(test)]
mod tests {
    use super::Batched;

    #[test]
    fn every_item_is_in_one_batch_within_the_limits() {
        let items = ["a", "bb", "ccc", "d", "a very long one", "e"];
        let batches = items.batched(3, 12);
        assert_eq!(batches, [&["a", "bb"][..], &["ccc", "d"], &["a very long one"], &["e"]]);
        assert_eq!(items.batched(2, usize::MAX).len(), 3);
        assert_eq!(items.batched(0, 0).len(), 6);
        assert!(<[u32]>::batched(&[], 5, 5).is_empty());
        for (count, bytes) in [(1, 1), (2, 9), (4, 20), (100, 100)] {
            assert_eq!(items.batched(count, bytes).concat(), items);
        }
    }
}
