//! Positional operation ids: `1`, `2`, `2-1`, … Knows nothing of what an operation does.
//!
//! An id says where the operation stands in its context, never when it ran, so that scheduling cannot change it.

use std::fmt::Write;
use std::hash::Hasher;

use siphasher::sip128::{Hasher128, SipHasher13};

use crate::wire::OperationId;

/// Starts an id that stands for a path too long to write out. No path begins with a letter.
const HASHED: char = 'x';

/// The id of the operation at `position` (from 1) of the context whose ids begin with `prefix`.
pub(crate) fn operation_id(prefix: Option<&OperationId>, position: u32) -> OperationId {
    let mut text = Buffer::default();
    let written = match prefix {
        Some(prefix) => write!(text, "{prefix}-{position}"),
        None => write!(text, "{position}"),
    };
    match written.ok().and_then(|()| OperationId::new(text.as_str()).ok()) {
        Some(id) => id,
        None => hashed(prefix, position),
    }
}

/// Too long for the service: the path so far collapses into a stable hash, and counting goes on behind it.
fn hashed(prefix: Option<&OperationId>, position: u32) -> OperationId {
    let mut hasher = SipHasher13::new();
    hasher.write(prefix.map_or("", OperationId::as_str).as_bytes());
    hasher.write_u32(position.to_le());
    let mut text = Buffer::default();
    // 33 characters of [x0-9a-f]: always an id. The prefix is the only fallback that keeps this total.
    let written = write!(text, "{HASHED}{:032x}", hasher.finish128().as_u128());
    written.ok().and_then(|()| OperationId::new(text.as_str()).ok()).or_else(|| prefix.copied()).unwrap_or_default()
}

/// Formats without the heap, so that looking a replayed operation up allocates nothing.
#[derive(Default)]
struct Buffer {
    bytes: [[u8; 32]; 3],
    length: usize,
}

impl Buffer {
    fn as_str(&self) -> &str {
        self.bytes.as_flattened().get(..self.length).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or("")
    }
}

impl Write for Buffer {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let end = self.length + text.len();
        let room = self.bytes.as_flattened_mut().get_mut(self.length..end).ok_or(std::fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::operation_id;

    #[test]
    fn ids_read_as_the_path_of_positions() {
        let second = operation_id(None, 2);
        let branch = operation_id(Some(&second), 1);
        assert_eq!(operation_id(Some(&branch), 14).as_str(), "2-1-14");
    }

    #[test]
    fn deep_paths_stay_ids_and_stay_distinct() {
        let mut seen = std::collections::HashSet::new();
        let mut prefix = operation_id(None, 1);
        for _ in 0..500 {
            assert!(seen.insert(prefix));
            assert!(seen.insert(operation_id(Some(&prefix), 1_000_000)));
            prefix = operation_id(Some(&prefix), 7);
        }
        assert!(prefix.as_str().starts_with('x'), "{prefix}");
    }

    #[test]
    fn the_hash_of_a_long_path_is_the_same_in_every_build() {
        let mut id = operation_id(None, 1);
        for _ in 0..32 {
            id = operation_id(Some(&id), 1);
        }
        assert_eq!(id.as_str(), "x00249d4aa77f0c1414f4bb0303634e9c");
    }
}
