//! "Did you mean": the known word nearest to a mistyped one.

/// The candidate that is at most a third of `word` away, if there is one.
pub(super) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = word.chars().count().div_ceil(3);
    let near = candidates.into_iter().map(|candidate| (distance(word, candidate), candidate));
    near.filter(|(edits, _)| *edits <= allowed).min_by_key(|(edits, _)| *edits).map(|(_, candidate)| candidate)
}

/// Letters to insert, delete or replace to get from one word to the other.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (index, letter) in from.chars().enumerate() {
        let mut next = Vec::with_capacity(row.len());
        next.push(index + 1);
        for (other, costs) in to.iter().zip(row.windows(2)) {
            let [diagonal, above] = costs else { continue };
            let left = next.last().copied().unwrap_or(index);
            next.push((diagonal + usize::from(letter != *other)).min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_finds_the_word_and_another_word_does_not() {
        let words = ["start", "resume", "list", "show", "stop"];
        assert_eq!(nearest("satrt", words), Some("start"));
        assert_eq!(nearest("resum", words), Some("resume"));
        assert_eq!(nearest("lst", words), Some("list"));
        assert_eq!(nearest("deploy", words), None);
        assert_eq!(nearest("", words), None);
    }
}
