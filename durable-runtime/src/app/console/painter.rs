//! Lines that are redrawn in place. Knows nothing of what they say.
//!
//! Functions write to the same terminal whenever they like, so the cursor rests on an empty line *above* the lines:
//! what a function writes lands there, and the next drawing clears from the cursor down. Long lines are clipped by the
//! terminal itself, so that no width has to be known.

use super::terminal::Terminal;

/// At most this many lines are drawn, so that they fit on a small screen.
const MOST_LINES: usize = 12;

const CLEAR_DOWN: &str = "\r\x1b[J";
const NO_WRAP: &str = "\x1b[?7l";
const WRAP: &str = "\x1b[?7h";

/// What is drawn at present.
#[derive(Debug, Default)]
pub(super) struct Painter {
    drawn: bool,
}

impl Painter {
    /// Draws `lines` in the place of what was drawn before.
    pub(super) fn draw(&mut self, lines: &[String], terminal: &mut Terminal) {
        let mut shown: Vec<String> = lines.iter().take(MOST_LINES).cloned().collect();
        if lines.len() > MOST_LINES {
            shown.truncate(MOST_LINES - 1);
            shown.push(format!("  … and {} more", lines.len() - shown.len()));
        }
        let up = shown.len();
        let clear = if self.drawn { CLEAR_DOWN } else { "" };
        terminal.draw(&format!("{clear}{NO_WRAP}\n{}{WRAP}\r\x1b[{up}A", shown.join("\n")));
        self.drawn = true;
    }

    /// Takes away what was drawn.
    pub(super) fn erase(&mut self, terminal: &mut Terminal) {
        if std::mem::take(&mut self.drawn) {
            terminal.draw(CLEAR_DOWN);
        }
    }
}
