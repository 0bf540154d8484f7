//! What `rz` and `sz` tell the user on standard error: a line of progress where that is a terminal of its own, each file that
//! was not transferred, and what was.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use super::output::complain;
use crate::display::{Bytes, one_line};
use crate::types::ExitStatus;
use crate::zmodem::SessionEnd;

/// Returns why a file of `size` bytes is refused: the positions of the protocol have 32 bits.
pub(super) fn too_large(size: u64) -> String {
    format!("it has {}, and ZMODEM carries at most 4 GiB", Bytes(size))
}

/// Time to the first line of progress, and from one to the next.
const FIRST_AFTER: Duration = Duration::from_millis(300);
const EVERY: Duration = Duration::from_millis(200);

/// What was transferred so far.
pub(super) struct TransferReport {
    /// `sent` or `received`.
    verb: &'static str,
    is_quiet: bool,
    started: Instant,
    /// When progress is shown next; `None` where it is not.
    next: Option<Instant>,
    is_drawn: bool,
    /// The last file that was transferred.
    last: String,
    files: u64,
    bytes: u64,
    failed: u64,
}

impl TransferReport {
    pub(super) fn new(verb: &'static str, is_quiet: bool) -> Self {
        let now = Instant::now();
        // The terminal on which the protocol runs cannot show text.
        let shows = !is_quiet && io::stderr().is_terminal() && !io::stdin().is_terminal();
        Self {
            verb,
            is_quiet,
            started: now,
            next: shows.then_some(now + FIRST_AFTER),
            is_drawn: false,
            last: String::new(),
            files: 0,
            bytes: 0,
            failed: 0,
        }
    }

    /// Restarts the time, when the other side has begun.
    pub(super) fn begin(&mut self) {
        if self.files == 0 && self.failed == 0 {
            self.started = Instant::now();
        }
    }

    /// Records a whole file, of which `bytes` were transferred.
    pub(super) fn file(&mut self, path: &Path, bytes: u64) {
        self.last = path.display().to_string();
        self.files += 1;
        self.bytes += bytes;
    }

    /// Records and prints that a file was not transferred.
    pub(super) fn failure(&mut self, sentence: &str) {
        self.failed += 1;
        self.clear();
        complain(sentence);
    }

    /// Prints what is to be known of a file that was transferred.
    pub(super) fn remark(&mut self, sentence: &str) {
        if !self.is_quiet {
            self.clear();
            complain(sentence);
        }
    }

    /// Shows progress if it is due: the file, `done` of its `size` bytes, and how long nothing has gone on.
    pub(super) fn progress(&mut self, now: Instant, name: &str, done: u64, size: Option<u64>, stall: Option<Duration>) {
        if self.next.is_none_or(|at| now < at) {
            return;
        }
        self.next = Some(now + EVERY);
        self.is_drawn = true;
        let seconds = now.duration_since(self.started).as_secs_f64().max(0.001);
        let rate = Bytes(((self.bytes + done) as f64 / seconds) as u64);
        let percent = size.filter(|size| *size > 0).map(|size| format!(" {}%", done * 100 / size)).unwrap_or_default();
        let stall = stall.map(|time| format!(", nothing for {} s", time.as_secs())).unwrap_or_default();
        let line = format!("\r\x1b[K{}:{percent} {}, {rate}/s{stall}", one_line(name), Bytes(done));
        // Where stderr fails there is no other place for progress.
        let _ = io::stderr().write_all(line.as_bytes());
    }

    fn clear(&mut self) {
        if std::mem::take(&mut self.is_drawn) {
            // As above.
            let _ = io::stderr().write_all(b"\r\x1b[K");
        }
    }

    /// Prints the summary, with the directory into which files were received; returns the exit status.
    pub(super) fn end(mut self, end: SessionEnd, signal: Option<i32>, directory: Option<&Path>) -> u8 {
        self.clear();
        if end != SessionEnd::Done {
            complain(&end.to_string());
        }
        if self.files > 0 && !self.is_quiet {
            let seconds = self.started.elapsed().as_secs_f64();
            let rate = Bytes((self.bytes as f64 / seconds.max(0.001)) as u64);
            let place = directory.map(|directory| format!(" into {}", directory.display())).unwrap_or_default();
            let files = if self.files == 1 { self.last } else { format!("{} files{place}", self.files) };
            complain(&format!("{} {files}, {} in {seconds:.1} s ({rate}/s)", self.verb, Bytes(self.bytes)));
        }
        match signal {
            Some(signal) => ExitStatus::Signal(signal).status(),
            None => u8::from(end != SessionEnd::Done || self.failed > 0),
        }
    }
}
