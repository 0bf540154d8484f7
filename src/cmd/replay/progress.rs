//! How far a long replay has come, on a line of standard error that redraws itself.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::display::{Bytes, one_line};

/// Time before the first line, and between two.
const FIRST: Duration = Duration::from_secs(1);
const STEP: Duration = Duration::from_millis(200);

/// The progress line of one file; nothing where standard error is no terminal.
pub(in crate::cmd) struct ReplayProgress {
    name: String,
    start: Instant,
    /// When the line is drawn next; `None` where it never is.
    next: Option<Instant>,
    drawn: bool,
}

impl ReplayProgress {
    /// Starts the clock for `file`.
    pub(in crate::cmd) fn new(file: &Path) -> Self {
        let start = Instant::now();
        let next = io::stderr().is_terminal().then(|| start + FIRST);
        Self { name: one_line(&file.display().to_string()), start, next, drawn: false }
    }

    /// Draws the line, if it is time: `done` bytes of `len` have been read.
    pub(in crate::cmd) fn show(&mut self, (done, len): (u64, Option<u64>)) {
        let now = Instant::now();
        if self.next.is_none_or(|next| now < next) {
            return;
        }
        self.next = Some(now + STEP);
        self.drawn = true;
        let rate = (done as f64 / (now - self.start).as_secs_f64()) as u64;
        let of = len.map(|len| format!(" of {}, {} %", Bytes(len), done * 100 / len.max(1))).unwrap_or_default();
        write_line(&format!("\r\x1b[K{}: {}{of}, {}/s", self.name, Bytes(done), Bytes(rate)));
    }

    /// Erases the line.
    pub(in crate::cmd) fn clear(&mut self) {
        if std::mem::take(&mut self.drawn) {
            write_line("\r\x1b[K");
        }
    }
}

fn write_line(text: &str) {
    // Without its progress line the replay is the same.
    let _ = io::stderr().write_all(text.as_bytes());
}
