//! The connection of `rz` and `sz` to the other side: standard input and output, where these are a terminal in raw mode.

use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use super::connection::own;
use crate::error::Failure;
use crate::sys::duplex::Duplex;
use crate::sys::exit_signals::ExitSignals;
use crate::sys::stream::ReadResult;
use crate::sys::tty::{self, RawMode, TtySides};
use crate::sys::typed_ahead::TypedAhead;
use crate::types::reason;

/// Number of bytes that are read at once.
const BUFFER_LEN: usize = 64 * 1024;
/// Number of unwritten bytes above which no input is read, so that a side that sends requests and reads no answers makes no
/// queue grow. It is more than a sender's data takes, which must not keep a cancel from being read.
const UNWRITTEN_MAX: usize = 256 * 1024;
/// Time for which the last bytes are waited for to be written.
const LAST_WRITE: Duration = Duration::from_secs(1);
/// Time without input from which a cancelled side is taken to have stopped, and the maximum time to wait for that.
const QUIET: Duration = Duration::from_millis(500);
const QUIET_MAX: Duration = Duration::from_secs(10);

/// The connection.
pub(super) struct TransferLink {
    duplex: Duplex,
    raw: Option<RawMode>,
    buffer: Vec<u8>,
    /// Number of bytes in `buffer`.
    len: usize,
    /// Time since which the other side reads nothing any more. A cancel that it has sent may still come.
    unread: Option<Instant>,
}

/// What has happened on the connection.
pub(super) struct Turn {
    /// Number of bytes that were written.
    pub(super) written: usize,
    /// Whether the other side is gone.
    pub(super) is_closed: bool,
    /// A signal that ends the program.
    pub(super) signal: Option<i32>,
}

impl TransferLink {
    /// Opens the connection. The terminal is restored when it is dropped.
    pub(super) fn open() -> Result<Self, Failure> {
        let failed = |error: io::Error| own(&format!("cannot open the connection: {}", reason(&error)));
        // In front of raw mode, so that no signal leaves the terminal in it.
        let signals = ExitSignals::register().map_err(failed)?;
        let stdin = io::stdin();
        let mut raw = match tty::is_terminal(stdin.as_fd()) {
            true => Some(RawMode::new(stdin.as_fd(), TtySides::Both).map_err(failed)?),
            false => None,
        };
        let typed = raw.as_mut().map(RawMode::resume).transpose().map_err(failed)?;
        let mut buffer = typed.map_or_else(Vec::new, TypedAhead::into_keys);
        let len = buffer.len();
        buffer.resize(len.max(BUFFER_LEN), 0);
        Ok(Self { duplex: Duplex::open(signals).map_err(failed)?, raw, buffer, len, unread: None })
    }

    /// Returns the bytes that were read in the last turn.
    pub(super) fn input(&self) -> &[u8] {
        &self.buffer[..self.len]
    }

    /// Waits until something can be done, `deadline` at the latest, and writes and reads.
    pub(super) fn turn(&mut self, pending: &[u8], deadline: Option<Instant>) -> Turn {
        let end = self.unread.map(|since| since + LAST_WRITE);
        let deadline = [deadline, end].into_iter().flatten().min();
        let wait = deadline.map(|at| at.saturating_duration_since(Instant::now()));
        let reads = pending.len() <= UNWRITTEN_MAX;
        self.duplex.wait(reads, !pending.is_empty() && self.unread.is_none(), wait);
        let written = if self.unread.is_none() { self.duplex.write(pending) } else { None };
        if written.is_none() {
            self.unread.get_or_insert_with(Instant::now);
        }
        let read = if reads { self.duplex.read(&mut self.buffer) } else { ReadResult::Nothing };
        self.len = if let ReadResult::Bytes(n) = read { n } else { 0 };
        let is_closed = read == ReadResult::End || end.is_some_and(|at| Instant::now() >= at);
        // What is not read by the other side need not be kept.
        Turn { written: written.unwrap_or(pending.len()), is_closed, signal: self.duplex.signal() }
    }

    /// Writes the last bytes, as far as the other side takes them within a second.
    pub(super) fn write_last(&self, mut pending: &[u8]) {
        let until = Instant::now() + LAST_WRITE;
        while !pending.is_empty() {
            let left = until.saturating_duration_since(Instant::now());
            match self.duplex.write(pending) {
                Some(n) => pending = &pending[n..],
                None => return,
            }
            if pending.is_empty() || left.is_zero() {
                return;
            }
            self.duplex.wait(false, true, Some(left));
        }
    }

    /// Reads what a terminal still brings of a broken transfer until that has been quiet for a while: the shell would run it.
    /// Elsewhere no shell reads the input.
    pub(super) fn swallow_rest(&mut self) {
        if self.raw.is_none() {
            return;
        }
        let until = Instant::now() + QUIET_MAX;
        let mut quiet = Instant::now() + QUIET;
        while Instant::now() < quiet.min(until) {
            let left = quiet.saturating_duration_since(Instant::now());
            self.duplex.wait(true, false, Some(left));
            match self.duplex.read(&mut self.buffer) {
                ReadResult::Bytes(_) => quiet = Instant::now() + QUIET,
                ReadResult::Nothing => {}
                ReadResult::End => return,
            }
        }
    }
}
