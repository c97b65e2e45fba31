//! What a person, or a script, sits at: input, output, messages, and the wish to interrupt. Knows no commands.

use std::fmt;
use std::io::{self, IsTerminal, Read, Write};

use crate::clock::BoxFuture;

type Interrupts = Box<dyn FnMut() -> BoxFuture<'static, ()> + Send>;

/// Where a command reads and writes. Results go to the output, everything else to the messages.
pub struct Terminal {
    input: Box<dyn Read + Send>,
    output: Box<dyn Write + Send>,
    messages: Box<dyn Write + Send>,
    live: bool,
    interrupts: Interrupts,
    broken: Option<io::Error>,
}

impl Terminal {
    /// The process's own: standard input, output and error. Progress is redrawn in place when standard error is a
    /// terminal, and Ctrl-C interrupts.
    #[must_use]
    pub fn standard() -> Self {
        let dumb = std::env::var_os("TERM").is_some_and(|kind| kind == "dumb");
        Self::new(io::stdin(), io::stdout(), io::stderr())
            .live(io::stderr().is_terminal() && !dumb)
            .interrupt_when(|| Box::pin(asked_to_end()))
    }

    /// Any other, for tests: progress comes as plain lines and nothing interrupts.
    #[must_use]
    pub fn new(
        input: impl Read + Send + 'static,
        output: impl Write + Send + 'static,
        messages: impl Write + Send + 'static,
    ) -> Self {
        Self {
            input: Box::new(input),
            output: Box::new(output),
            messages: Box::new(messages),
            live: false,
            interrupts: Box::new(|| Box::pin(std::future::pending())),
            broken: None,
        }
    }

    /// Whether progress is redrawn in place.
    #[must_use]
    pub fn live(mut self, live: bool) -> Self {
        self.live = live;
        self
    }

    /// What interrupts: asked for a future each time one may.
    #[must_use]
    pub fn interrupt_when(mut self, interrupts: impl FnMut() -> BoxFuture<'static, ()> + Send + 'static) -> Self {
        self.interrupts = Box::new(interrupts);
        self
    }

    pub(super) fn is_live(&self) -> bool {
        self.live
    }

    /// Resolves when the person wants to end.
    pub(super) fn interrupt(&mut self) -> BoxFuture<'static, ()> {
        (self.interrupts)()
    }

    /// All of the input.
    pub(super) fn read(&mut self) -> io::Result<String> {
        let mut text = String::new();
        self.input.read_to_string(&mut text)?;
        Ok(text)
    }

    /// A line of the output. A failure is kept for [`check`](Self::check).
    pub(super) fn print(&mut self, line: &str) {
        let written = writeln!(self.output, "{line}").and_then(|()| self.output.flush());
        if let Err(error) = written {
            self.broken.get_or_insert(error);
        }
    }

    /// A line of the messages. Nobody can be told when that fails.
    pub(super) fn say(&mut self, line: &str) {
        self.draw(&format!("{line}\n"));
    }

    /// Raw text of the messages, control sequences included.
    pub(super) fn draw(&mut self, text: &str) {
        let _ = self.messages.write_all(text.as_bytes()).and_then(|()| self.messages.flush());
    }

    /// The first failure of the output, except that its reader went away, as `head` does.
    pub(super) fn check(&mut self) -> io::Result<()> {
        match self.broken.take() {
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Terminal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terminal").field("live", &self.live).finish_non_exhaustive()
    }
}

/// Ctrl-C, or on Unix the polite signal that ends a service.
async fn asked_to_end() {
    let interrupted = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    {
        let terminated = async {
            match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
                Ok(mut signals) => drop(signals.recv().await),
                Err(_) => std::future::pending().await,
            }
        };
        tokio::select! {
            () = interrupted => {}
            () = terminated => {}
        }
    }
    #[cfg(not(unix))]
    interrupted.await;
}
