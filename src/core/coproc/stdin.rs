//! The queue in front of a coprocess's stdin, how long it may stay full, and the unread input at the end.

use std::time::{Duration, Instant};

use crate::core::event::{Cx, Effect};
use crate::core::request::Visibility;
use crate::core::write_buffer::WriteBuffer;
use crate::types::Sink;

/// Size of the queue in bytes. While it is full, the pty is not read.
const LIMIT: usize = 1024 * 1024;
/// Time without a read, while the queue is full, after which a visible coprocess gets no further input.
const READS_WITHIN: Duration = Duration::from_secs(2);
/// The same time for a silent coprocess. It is longer, since no output is delayed and Ctrl-C stops the coprocess.
const SILENT_READS_WITHIN: Duration = Duration::from_secs(30);

/// State of stdin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StdinState {
    /// Takes the shell's output.
    Open,
    /// Takes nothing more, and is closed behind the queued input.
    Ending,
    /// Is closed.
    Closed,
}

/// The input queue of a coprocess.
#[derive(Debug)]
pub(super) struct CoprocStdin {
    stdin: WriteBuffer,
    state: StdinState,
    /// `Silent` until the unread input has come back: till then the queue has the only copy of it.
    visibility: Visibility,
    /// Number of bytes queued since the start.
    given: usize,
    /// Number of these that the terminal has shown before: the line that started the coprocess.
    shown_before: usize,
    /// Output behind the last input, once that is queued. Only this output is shown at the end.
    after_last: Option<Vec<u8>>,
    /// Time of the last read, or of the last input into an empty queue.
    last_read: Instant,
}

impl CoprocStdin {
    /// Creates an open, empty queue.
    pub(super) fn new(now: Instant, visibility: Visibility) -> Self {
        let stdin = WriteBuffer::new(LIMIT);
        Self { stdin, state: StdinState::Open, visibility, given: 0, shown_before: 0, after_last: None, last_read: now }
    }

    /// Queues `bytes` as input.
    pub(super) fn give(&mut self, now: Instant, bytes: &[u8]) {
        // The queue of a silent coprocess that no longer reads still keeps output that is shown at the end.
        if self.state == StdinState::Open || self.is_silent() {
            if self.stdin.is_empty() {
                self.last_read = now;
            }
            self.given = self.given.saturating_add(bytes.len());
            self.stdin.push(bytes);
        }
    }

    /// Queues the last input, `last`, unless that is done. `behind` and later output are shown at the end, but none of the
    /// input.
    pub(super) fn give_last(&mut self, now: Instant, last: &[u8], behind: &[u8]) {
        if self.after_last.is_none() {
            self.give(now, last);
            self.after_last = Some(behind.to_vec());
        }
    }

    /// Returns the buffer for output behind the last input, once that is queued.
    pub(super) fn after_last(&mut self) -> Option<&mut Vec<u8>> {
        self.after_last.as_mut()
    }

    /// Records that the terminal has shown all input so far.
    pub(super) fn mark_shown(&mut self) {
        self.shown_before = self.given;
    }

    /// Returns the number of bytes queued since the start.
    pub(super) fn given(&self) -> usize {
        self.given
    }

    /// Returns the bytes to write to stdin; none where it is closed.
    pub(super) fn pending(&self) -> &[u8] {
        if self.state == StdinState::Closed { &[] } else { self.stdin.pending() }
    }

    /// Removes `n` pending bytes, which were written to stdin.
    pub(super) fn wrote(&mut self, cx: &mut Cx<'_>, n: usize) {
        self.stdin.wrote(n);
        self.last_read = cx.now;
        self.end(cx);
    }

    /// Ends the input behind the queued bytes, because the shell has exited.
    pub(super) fn finish(&mut self, cx: &mut Cx<'_>) {
        if self.state == StdinState::Open {
            self.state = StdinState::Ending;
            self.end(cx);
        }
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        if self.state == StdinState::Ending && self.stdin.is_empty() {
            self.state = StdinState::Closed;
            cx.push(Effect::CloseWrite(Sink::Coproc));
        }
    }

    /// Records that the coprocess has closed its stdin or exited.
    pub(super) fn closed(&mut self) {
        self.state = StdinState::Closed;
        if !self.is_silent() {
            self.stdin.clear();
        }
    }

    /// Whether the pty may be read.
    pub(super) fn has_room(&self) -> bool {
        if self.after_last.as_ref().is_some_and(|bytes| bytes.len() >= LIMIT) {
            return false;
        }
        self.stdin.room() > 0 || (self.state != StdinState::Open && !self.is_silent())
    }

    /// Returns when the input is cut off because the queue has been full for too long. The exit of the process changes
    /// nothing: a child of it may hold its stdin open.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let full = self.state == StdinState::Open && self.stdin.room() == 0;
        full.then(|| self.last_read + self.read_timeout())
    }

    /// Cuts the input off behind the queued bytes, if that is due. Returns the time without a read.
    pub(super) fn cut_off(&mut self, now: Instant) -> Option<Duration> {
        self.deadline().filter(|&at| now >= at)?;
        self.state = StdinState::Ending;
        Some(self.read_timeout())
    }

    fn read_timeout(&self) -> Duration {
        match self.visibility {
            Visibility::Visible => READS_WITHIN,
            Visibility::Silent => SILENT_READS_WITHIN,
        }
    }

    /// Whether the queue has the only copy of its input.
    pub(super) fn is_silent(&self) -> bool {
        self.visibility == Visibility::Silent
    }

    /// Returns the unread input that the terminal has not shown, `pipe` being the unread part of the stdin pipe; or, where
    /// the last input was queued, the output behind that.
    pub(super) fn take_unread(&mut self, pipe: Vec<u8>) -> Vec<u8> {
        self.state = StdinState::Closed;
        self.visibility = Visibility::Visible;
        let waiting = self.stdin.take();
        if let Some(behind) = self.after_last.take() {
            return behind;
        }
        let mut unread = [pipe, waiting].concat();
        let read = self.given.saturating_sub(unread.len());
        unread.drain(..self.shown_before.saturating_sub(read).min(unread.len()));
        unread
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unread_input_comes_back_in_order_without_shown_part() {
        for (read, expected) in [(0, "hidden"), (3, "hidden"), (7, "dden")] {
            let now = Instant::now();
            let mut stdin = CoprocStdin::new(now, Visibility::Silent);
            stdin.give(now, b"shown");
            stdin.mark_shown();
            stdin.give(now, b"hidden");
            stdin.wrote(&mut Cx { now, effects: &mut Vec::new() }, 9);
            let unread = stdin.take_unread(b"shownhidd"[read..].to_vec());
            assert_eq!(unread.escape_ascii().to_string(), expected);
            assert!(!stdin.is_silent());
        }
    }

    #[test]
    fn only_output_behind_last_input_comes_back() {
        let now = Instant::now();
        let mut stdin = CoprocStdin::new(now, Visibility::Silent);
        stdin.give(now, b"its own");
        stdin.give_last(now, b", last", b"be");
        stdin.after_last().expect("the last input was queued").extend_from_slice(b"hind");
        stdin.give_last(now, b", once more", b"");
        assert_eq!(stdin.pending(), b"its own, last");
        stdin.wrote(&mut Cx { now, effects: &mut Vec::new() }, 9);
        assert_eq!(stdin.take_unread(b"own, ".to_vec()), b"behind");
        assert!(!stdin.is_silent() && stdin.after_last().is_none());
    }

    #[test]
    fn only_silent_queue_keeps_input_after_close() {
        for (visibility, room, held) in [(Visibility::Visible, true, 0), (Visibility::Silent, false, LIMIT)] {
            let now = Instant::now();
            let mut stdin = CoprocStdin::new(now, visibility);
            stdin.closed();
            stdin.give(now, &vec![b'x'; LIMIT]);
            assert_eq!((stdin.has_room(), stdin.pending(), stdin.deadline()), (room, &b""[..], None));
            assert_eq!(stdin.take_unread(Vec::new()).len(), held);
        }
    }
}
