//! Texts as they stand inside JSON. Knows no model.

/// Bytes of `text` inside a JSON string, without its quotes.
pub(crate) fn escaped_bytes(text: &str) -> usize {
    let extra = |byte: u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 1,
        0x00..=0x1f => 5,
        _ => 0,
    };
    text.len() + text.bytes().map(extra).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::escaped_bytes;

    #[test]
    fn every_character_counts_as_it_is_written() {
        let all: String = (0..=0x10ffff).filter_map(char::from_u32).collect();
        assert_eq!(escaped_bytes(&all) + 2, serde_json::to_string(&all).unwrap().len());
    }
}
