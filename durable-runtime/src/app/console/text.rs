//! Words for numbers, and text that cannot disturb a terminal. Knows nothing of executions.

use std::time::Duration;

use crate::wire::Timestamp;

/// A duration in its two largest units: `350 ms`, `1.2 s`, `2 min 5 s`, `3 h 4 min`, `2 d 3 h`.
pub(super) fn duration(duration: Duration) -> String {
    let (millis, seconds) = (duration.as_millis(), duration.as_secs());
    match seconds {
        0 => format!("{millis} ms"),
        1..=59 => match millis % 1000 / 100 {
            0 => format!("{seconds} s"),
            tenths => format!("{seconds}.{tenths} s"),
        },
        60..=3_599 => pair(seconds, 60, "min", 1, "s"),
        3_600..=86_399 => pair(seconds, 3_600, "h", 60, "min"),
        _ => pair(seconds, 86_400, "d", 3_600, "h"),
    }
}

fn pair(seconds: u64, large: u64, large_name: &str, small: u64, small_name: &str) -> String {
    match seconds % large / small {
        0 => format!("{} {large_name}", seconds / large),
        rest => format!("{} {large_name} {rest} {small_name}", seconds / large),
    }
}

/// When something is due: `18:20:03 UTC, in 12 s`, with the date unless it is today's.
pub(super) fn due(at: Timestamp, now: Timestamp) -> String {
    let left = at.since(now);
    if left.is_zero() {
        return "now".to_owned();
    }
    // Whole seconds, rounded up: the service counts in seconds, and a countdown should end at 1, not at 0.
    let left = Duration::from_secs(left.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX));
    format!("{} UTC, in {}", moment(at, now), duration(left))
}

/// The time of day, with the date unless it is the date of `now`.
fn moment(at: Timestamp, now: Timestamp) -> String {
    let (at, now) = (at.to_string(), now.to_string());
    let date = |text: &str| text.get(..10).unwrap_or_default().to_owned();
    let time = at.get(11..19).unwrap_or_default();
    if date(&at) == date(&now) { time.to_owned() } else { format!("{} {time}", date(&at)) }
}

/// `2026-11-20 18:20:03`, for tables.
pub(super) fn date_and_time(at: Timestamp) -> String {
    at.to_string().get(..19).unwrap_or_default().replace('T', " ")
}

/// Text from users and the outside with every control character but the line's end made visible: a recorded error
/// must not be able to move the cursor.
pub(super) fn clean(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut clean, letter| {
        match letter {
            '\n' => clean.push(letter),
            '\t' => clean.push(' '),
            letter if letter.is_control() => clean.extend(letter.escape_default()),
            letter => clean.push(letter),
        }
        clean
    })
}

/// Text as one word for a shell.
pub(super) fn shell_word(text: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:=,@+".contains(letter);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

/// JSON text on one line. Line breaks can only stand between its tokens.
pub(super) fn one_line(json: &str) -> String {
    json.replace(['\n', '\r'], " ").trim().to_owned()
}

/// `1 execution`, `2 executions`.
pub(super) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_their_two_largest_units() {
        let shown = |millis| duration(Duration::from_millis(millis));
        assert_eq!(shown(0), "0 ms");
        assert_eq!(shown(1_250), "1.2 s");
        assert_eq!(shown(59_999), "59.9 s");
        assert_eq!(shown(125_000), "2 min 5 s");
        assert_eq!(shown(11_040_000), "3 h 4 min");
        assert_eq!(shown(183_600_000), "2 d 3 h");
    }

    #[test]
    fn what_is_due_today_has_no_date() {
        let now = Timestamp::from_millis(1_767_225_600_000);
        assert_eq!(due(now.plus(Duration::from_millis(11_500)), now), "00:00:11 UTC, in 12 s");
        assert_eq!(due(now.plus(Duration::from_secs(90_000)), now), "2026-01-02 01:00:00 UTC, in 1 d 1 h");
        assert_eq!(due(now, now.plus(Duration::from_secs(1))), "now");
    }

    #[test]
    fn a_shell_reads_a_word_as_it_was() {
        assert_eq!(shell_word("order-7/approval"), "order-7/approval");
        assert_eq!(shell_word("o/ask[tea 1]"), "'o/ask[tea 1]'");
        assert_eq!(shell_word("it's"), "'it'\\''s'");
    }

    #[test]
    fn control_characters_are_shown_not_obeyed() {
        assert_eq!(clean("a\u{1b}[2Jb\nc\td"), "a\\u{1b}[2Jb\nc d");
    }
}
