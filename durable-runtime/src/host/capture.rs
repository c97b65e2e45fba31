//! Reads what one function process writes, line by line. Knows of invocations only the current one's id.
//!
//! Both outputs of the process are one pipe, so that their lines keep their order. A mark that the host itself writes
//! into it tells when everything before has been read: an answer is passed on only then, so that whoever has it finds
//! the lines that the function wrote before.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, PipeReader, PipeWriter, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use super::logs::Logs;
use crate::clock::{Clock, SystemClock};

/// Bytes of a line; a longer one comes in pieces.
const LINE_BYTES: u64 = 64 * 1024;
/// Begins a mark. No runtime writes a NUL into its log by chance.
const MARK: &[u8] = b"\0durable-host-mark ";
/// How long a mark may take before its sender goes on without it.
const MARK_PATIENCE: Duration = Duration::from_secs(2);

/// What the reader and the senders of marks share.
#[derive(Default)]
struct Shared {
    current: Option<String>,
    marks: BTreeMap<u64, oneshot::Sender<()>>,
    sent: u64,
    writer: Option<Arc<PipeWriter>>,
}

/// The log of one process. Clones share it.
#[derive(Clone)]
pub(super) struct Capture(Arc<Mutex<Shared>>);

impl Capture {
    /// Reads from `reader` on a thread of its own until every writer is gone; the receiver hears of it. `writer` is the
    /// other end of the same pipe.
    pub(super) fn begin(
        function: String,
        logs: Logs,
        reader: PipeReader,
        writer: PipeWriter,
    ) -> io::Result<(Self, oneshot::Receiver<()>)> {
        let shared = Shared { writer: Some(Arc::new(writer)), ..Shared::default() };
        let capture = Self(Arc::new(Mutex::new(shared)));
        let (ended, end) = oneshot::channel();
        let own = capture.clone();
        std::thread::Builder::new().name(format!("log of {function}")).spawn(move || {
            let mut reader = BufReader::new(reader);
            while let Some(line) = next_line(&mut reader) {
                own.take(&function, &logs, &line);
            }
            let _ = ended.send(());
        })?;
        Ok((capture, end))
    }

    /// Lines belong to this invocation from now on.
    pub(super) fn set_current(&self, request_id: &str) {
        self.shared().current = Some(request_id.to_owned());
    }

    /// Resolves when everything that the process has written by now is in the log, or after a while.
    pub(super) async fn mark(&self) {
        let (sender, read) = oneshot::channel();
        let (number, writer) = {
            let mut shared = self.shared();
            let Some(writer) = shared.writer.clone() else { return };
            shared.sent += 1;
            let number = shared.sent;
            shared.marks.insert(number, sender);
            (number, writer)
        };
        let mark = [MARK, number.to_string().as_bytes(), b"\n"].concat();
        // A full pipe blocks: it is the process's own, and cannot be made otherwise for one end only.
        drop(tokio::task::spawn_blocking(move || (&*writer).write_all(&mark)));
        let _ = tokio::time::timeout(MARK_PATIENCE, read).await;
        self.shared().marks.remove(&number);
    }

    /// Writes no more marks, so that the pipe ends with the process.
    pub(super) fn let_go(&self) {
        let mut shared = self.shared();
        shared.writer = None;
        shared.marks.clear();
    }

    fn take(&self, function: &str, logs: &Logs, line: &[u8]) {
        let at = line.windows(MARK.len()).position(|window| window == MARK);
        let (text, mark) = at.map_or((line, None), |at| {
            let (text, mark) = line.split_at(at);
            (text, mark.get(MARK.len()..))
        });
        // A mark stands on a line of its own, unless the process has left one unfinished.
        if mark.is_none() || !text.is_empty() {
            let text = text.strip_suffix(b"\r").unwrap_or(text);
            let current = self.shared().current.clone();
            logs.push(function, current, SystemClock.now(), String::from_utf8_lossy(text).into_owned());
        }
        let number = mark.and_then(|mark| std::str::from_utf8(mark).ok()?.parse::<u64>().ok());
        if let Some(sender) = number.and_then(|number| self.shared().marks.remove(&number)) {
            let _ = sender.send(());
        }
    }

    fn shared(&self) -> std::sync::MutexGuard<'_, Shared> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The next line without its end, at most [`LINE_BYTES`] of it. A pipe that cannot be read has ended.
fn next_line(reader: &mut BufReader<PipeReader>) -> Option<Vec<u8>> {
    let mut line = Vec::new();
    let read = reader.by_ref().take(LINE_BYTES).read_until(b'\n', &mut line).ok()?;
    if line.last() == Some(&b'\n') {
        line.pop();
    }
    (read > 0).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_written_before_a_mark_is_in_the_log_after_it() {
        let (reader, writer) = io::pipe().unwrap();
        let mut process = writer.try_clone().unwrap();
        let logs = Logs::default();
        let (capture, end) = Capture::begin("ship".into(), logs.clone(), reader, writer).unwrap();
        process.write_all(b"starting\n").unwrap();
        capture.mark().await;
        capture.set_current("r1");
        process.write_all(b"one\r\nbad \xff byte\nunfinished").unwrap();
        capture.mark().await;
        let seen = |line: &str| logs.after(0, None).lines.iter().find(|seen| seen.line == line).cloned();
        assert_eq!(seen("starting").unwrap().request_id, None);
        assert_eq!(seen("one").unwrap().request_id.as_deref(), Some("r1"));
        assert!(seen("bad \u{fffd} byte").is_some() && seen("unfinished").is_some());
        assert_eq!(logs.after(0, None).lines.len(), 4, "marks are no lines");

        process.write_all(&vec![b'x'; 100_000]).unwrap();
        drop(process);
        capture.let_go();
        end.await.unwrap();
        let pieces = logs.after(4, None).lines;
        assert_eq!(pieces.iter().map(|line| line.line.len()).collect::<Vec<_>>(), vec![65_536, 34_464]);
    }
}
