//! One function process of the operating system: its start, its end as a whole group, and the words for how it ended.
//! Knows no invocations.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, PipeWriter};
use std::process::{ExitStatus, Stdio};

use tokio::process::{Child, Command};

/// A running process, with everything that it started in its group. Killed when it is dropped.
pub(super) struct Process {
    child: Child,
    #[cfg(unix)]
    group: Option<rustix::process::Pid>,
}

impl Process {
    /// Starts `command` by the shell, in a group of its own, both outputs into `output`.
    pub(super) fn start(command: &str, variables: BTreeMap<String, OsString>, output: PipeWriter) -> io::Result<Self> {
        let mut shell = shell(command);
        shell.envs(variables).stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output).kill_on_drop(true);
        #[cfg(unix)]
        shell.process_group(0);
        let child = shell.spawn()?;
        #[cfg(unix)]
        let group = child.id().and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?));
        Ok(Self {
            child,
            #[cfg(unix)]
            group,
        })
    }

    /// Resolves with how it ended.
    pub(super) async fn ended(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Asks the group to end.
    pub(super) fn terminate(&mut self) {
        #[cfg(unix)]
        self.signal(rustix::process::Signal::TERM);
        #[cfg(not(unix))]
        self.kill();
    }

    /// Ends the group at once.
    pub(super) fn kill(&mut self) {
        #[cfg(unix)]
        self.signal(rustix::process::Signal::KILL);
        #[cfg(not(unix))]
        drop(self.child.start_kill());
    }

    /// Ends what the process has left behind, after its end.
    pub(super) fn sweep(&mut self) {
        self.kill();
        #[cfg(unix)]
        {
            // The number may mean somebody else from now on.
            self.group = None;
        }
    }

    #[cfg(unix)]
    fn signal(&self, signal: rustix::process::Signal) {
        if let Some(group) = self.group {
            // A group that is gone needs no signal.
            let _ = rustix::process::kill_process_group(group, signal);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

#[cfg(unix)]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command);
    shell
}

#[cfg(not(unix))]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("cmd");
    shell.arg("/C").arg(command);
    shell
}

/// Names of signals as AWS Lambda writes them.
const SIGNALS: [(i32, &str); 12] = [
    (1, "hangup"),
    (2, "interrupt"),
    (3, "quit"),
    (4, "illegal instruction"),
    (5, "trace/breakpoint trap"),
    (6, "aborted"),
    (7, "bus error"),
    (8, "floating point exception"),
    (9, "killed"),
    (11, "segmentation fault"),
    (13, "broken pipe"),
    (15, "terminated"),
];

/// How a process ended, in AWS Lambda's words: `exit status 1`, `signal: killed`.
pub(super) fn words(status: &io::Result<ExitStatus>) -> String {
    let status = match status {
        Ok(status) => *status,
        Err(error) => return format!("Runtime exited with an unknown status: {error}"),
    };
    match (signal(status), status.code()) {
        (Some(signal), _) => {
            let name = SIGNALS.iter().find(|(number, _)| *number == signal).map(|(_, name)| (*name).to_owned());
            format!("Runtime exited with error: signal: {}", name.unwrap_or_else(|| signal.to_string()))
        }
        (None, Some(0)) => "Runtime exited without providing a reason".to_owned(),
        (None, code) => format!("Runtime exited with error: exit status {}", code.unwrap_or_default()),
    }
}

/// The signal that ended the process, or a child that its shell has waited for: a shell reports that as 128 and more.
#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    use std::os::unix::process::ExitStatusExt;
    let reported =
        status.code().map(|code| code - 128).filter(|signal| SIGNALS.iter().any(|(known, _)| known == signal));
    status.signal().or(reported)
}

#[cfg(not(unix))]
fn signal(_status: ExitStatus) -> Option<i32> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use std::collections::BTreeMap;

    use super::{Process, words};

    #[tokio::test]
    async fn an_end_is_told_as_aws_lambda_tells_it() {
        let cases = [
            ("exit 1", "Runtime exited with error: exit status 1"),
            ("exit 0", "Runtime exited without providing a reason"),
            ("kill -9 $$", "Runtime exited with error: signal: killed"),
            ("sh -c 'kill -ABRT $$'; exit $?", "Runtime exited with error: signal: aborted"),
            ("no-such-program-at-all", "Runtime exited with error: exit status 127"),
        ];
        for (command, expected) in cases {
            let (_reader, writer) = std::io::pipe().unwrap();
            let mut process = Process::start(command, BTreeMap::new(), writer).unwrap();
            assert_eq!(words(&process.ended().await), expected, "{command}");
        }
    }

    #[tokio::test]
    async fn a_group_ends_as_a_whole() {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let mut process = Process::start("sleep 1000 & sleep 1000", BTreeMap::new(), writer).unwrap();
        process.kill();
        process.ended().await.unwrap();
        // The pipe ends when nobody holds its other end any more, the grandchild included.
        let mut rest = Vec::new();
        std::io::Read::read_to_end(&mut reader, &mut rest).unwrap();
    }
}
