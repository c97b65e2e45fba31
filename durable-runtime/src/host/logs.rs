//! The lines that function processes write, in a bounded ring. Knows no process.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use crate::wire::Timestamp;

/// Lines and bytes that are kept; the oldest go first.
const KEPT_LINES: usize = 20_000;
const KEPT_BYTES: usize = 16 * 1024 * 1024;
/// Bytes that `X-Amz-Log-Result` shows.
const TAIL_BYTES: usize = 4096;

/// A line that a function process wrote to its standard output or standard error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct LogLine {
    /// Its number, from 1, in the order of arrival, over all functions.
    pub sequence: u64,
    /// The function.
    pub function: String,
    /// The invocation that the process works on, or worked on last; none before the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// When it arrived, in milliseconds since the epoch.
    pub timestamp: Timestamp,
    /// The line without its end. Invalid UTF-8 is replaced, and a very long line comes in pieces.
    pub line: String,
}

/// Lines after a sequence number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct LogPage {
    /// The lines, oldest first.
    pub lines: Vec<LogLine>,
    /// What to ask with for what comes after them.
    pub next: u64,
}

type Echo = Arc<dyn Fn(&LogLine) + Send + Sync>;

/// The lines of functions in other processes. Clones share them.
#[derive(Clone, Default)]
pub struct Logs {
    ring: Arc<Mutex<Ring>>,
    echo: Option<Echo>,
}

#[derive(Default)]
struct Ring {
    lines: VecDeque<LogLine>,
    bytes: usize,
    last: u64,
}

impl Logs {
    /// Shows every line to `echo` too, from the thread that reads it. For what is cloned from the result.
    #[must_use]
    pub fn echo(mut self, echo: impl Fn(&LogLine) + Send + Sync + 'static) -> Self {
        self.echo = Some(Arc::new(echo));
        self
    }

    /// The lines after the sequence number `after` (0: all that are kept), of one function or of all.
    #[must_use]
    pub fn after(&self, after: u64, function: Option<&str>) -> LogPage {
        let ring = self.ring();
        let wanted = |line: &&LogLine| line.sequence > after && function.is_none_or(|name| name == line.function);
        LogPage { lines: ring.lines.iter().filter(wanted).cloned().collect(), next: ring.last.max(after) }
    }

    /// The last 4 KB that were written during an invocation.
    pub(super) fn tail(&self, function: &str, request_id: &str) -> String {
        let ring = self.ring();
        let own = |line: &&LogLine| line.function == function && line.request_id.as_deref() == Some(request_id);
        let mut room = TAIL_BYTES;
        let mut lines: Vec<&str> = Vec::new();
        for line in ring.lines.iter().rev().filter(own) {
            let Some(left) = room.checked_sub(line.line.len() + 1) else { break };
            room = left;
            lines.push(&line.line);
        }
        lines.iter().rev().fold(String::new(), |text, line| text + line + "\n")
    }

    pub(super) fn push(&self, function: &str, request_id: Option<String>, timestamp: Timestamp, text: String) {
        let line = {
            let mut ring = self.ring();
            ring.last += 1;
            let line = LogLine { sequence: ring.last, function: function.into(), request_id, timestamp, line: text };
            ring.bytes += line.line.len();
            // A copy is only needed for somebody who looks.
            let shown = self.echo.is_some().then(|| line.clone());
            ring.lines.push_back(line);
            while ring.lines.len() > KEPT_LINES || (ring.bytes > KEPT_BYTES && ring.lines.len() > 1) {
                let gone = ring.lines.pop_front().map_or(0, |line| line.line.len());
                ring.bytes -= gone;
            }
            shown
        };
        if let (Some(echo), Some(line)) = (&self.echo, line) {
            echo(&line);
        }
    }

    fn ring(&self) -> std::sync::MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Logs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Logs").field("last", &self.ring().last).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{KEPT_LINES, Logs};
    use crate::wire::Timestamp;

    fn push(logs: &Logs, function: &str, request: &str, line: &str) {
        logs.push(function, Some(request.to_owned()), Timestamp::from_millis(1), line.to_owned());
    }

    #[test]
    fn a_page_begins_after_what_was_seen_and_says_where_it_ended() {
        let logs = Logs::default();
        for (function, line) in [("a", "one"), ("b", "two"), ("a", "three")] {
            push(&logs, function, "r", line);
        }
        let page = logs.after(1, None);
        let lines: Vec<&str> = page.lines.iter().map(|line| line.line.as_str()).collect();
        assert_eq!((lines, page.next), (vec!["two", "three"], 3));
        assert_eq!(logs.after(0, Some("b")).lines.len(), 1);
        assert!(logs.after(3, None).lines.is_empty());
    }

    #[test]
    fn the_oldest_lines_make_room() {
        let logs = Logs::default();
        (0..KEPT_LINES + 5).for_each(|_| push(&logs, "a", "r", "x"));
        let page = logs.after(0, None);
        assert_eq!((page.lines.len(), page.lines[0].sequence), (KEPT_LINES, 6));
    }

    #[test]
    fn a_tail_holds_the_last_lines_of_one_invocation() {
        let logs = Logs::default();
        push(&logs, "a", "r1", "other");
        push(&logs, "a", "r2", &"x".repeat(4000));
        push(&logs, "a", "r2", &"y".repeat(1000));
        push(&logs, "a", "r2", "end");
        assert_eq!(logs.tail("a", "r2"), format!("{}\nend\n", "y".repeat(1000)));
    }
}
