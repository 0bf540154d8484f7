//! What a coprocess is given: the queue in front of its stdin, how long it may leave that full, and what it has not
//! read in the end. It knows nothing of the process, nor of what the bytes mean.

use std::time::{Duration, Instant};

use crate::core::event::{Cx, Effect};
use crate::core::request::Visibility;
use crate::core::write_buffer::WriteBuffer;
use crate::types::Sink;

/// What waits for a coprocess before the shell's output waits for it.
const LIMIT: usize = 1024 * 1024;
/// One that reads nothing for this long while its queue is full is cut off from further input.
const READS_WITHIN: Duration = Duration::from_secs(2);
/// A silent one may be slow for longer: nobody waits for the screen, and Ctrl-C is at hand.
const SILENT_READS_WITHIN: Duration = Duration::from_secs(30);

/// What the queue is open for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StdinGate {
    /// The shell's output.
    Open,
    /// What waits already; then its stdin is closed.
    Ending,
    /// Nothing: its stdin is closed.
    Closed,
}

/// The way to a coprocess's stdin.
#[derive(Debug)]
pub(super) struct CoprocStdin {
    stdin: WriteBuffer,
    gate: StdinGate,
    /// Silent until what it did not read has come back: so long nobody else has it, and nothing is thrown away.
    visibility: Visibility,
    /// How much it was given in all.
    given: usize,
    /// How much of that the screen has shown before: the line that started it.
    shown: usize,
    /// What came behind the last that it is given: it alone is shown in the end.
    behind: Option<Vec<u8>>,
    /// When it last took some input, or last had none to take.
    took: Instant,
}

impl CoprocStdin {
    /// An open one, to which nothing was given yet.
    pub(super) fn new(now: Instant, visibility: Visibility) -> Self {
        let stdin = WriteBuffer::new(LIMIT);
        Self { stdin, gate: StdinGate::Open, visibility, given: 0, shown: 0, behind: None, took: now }
    }

    /// It is given these bytes.
    pub(super) fn give(&mut self, now: Instant, bytes: &[u8]) {
        // A silent one that no longer reads still holds what the screen must be shown in the end.
        if self.gate == StdinGate::Open || self.is_silent() {
            if self.stdin.is_empty() {
                self.took = now;
            }
            self.given = self.given.saturating_add(bytes.len());
            self.stdin.push(bytes);
        }
    }

    /// Gives the coprocess its last bytes, unless it has them. `behind` and what comes from now on is shown in the end,
    /// and of what it was given nothing.
    pub(super) fn conclude(&mut self, now: Instant, last: &[u8], behind: &[u8]) {
        if self.behind.is_none() {
            self.give(now, last);
            self.behind = Some(behind.to_vec());
        }
    }

    /// Where the shell's output belongs once it has been given its last.
    pub(super) fn behind(&mut self) -> Option<&mut Vec<u8>> {
        self.behind.as_mut()
    }

    /// What it was given so far has been on the screen already.
    pub(super) fn has_been_shown(&mut self) {
        self.shown = self.given;
    }

    /// How much it was given in all.
    pub(super) fn given(&self) -> usize {
        self.given
    }

    /// What it should be given next; a closed stdin takes nothing.
    pub(super) fn pending(&self) -> &[u8] {
        if self.gate == StdinGate::Closed { &[] } else { self.stdin.pending() }
    }

    /// The coprocess took `n` bytes of `pending`.
    pub(super) fn wrote(&mut self, cx: &mut Cx<'_>, n: usize) {
        self.stdin.wrote(n);
        self.took = cx.now;
        self.end(cx);
    }

    /// The shell has exited: what waits is the last.
    pub(super) fn finish(&mut self, cx: &mut Cx<'_>) {
        if self.gate == StdinGate::Open {
            self.gate = StdinGate::Ending;
            self.end(cx);
        }
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        if self.gate == StdinGate::Ending && self.stdin.is_empty() {
            self.gate = StdinGate::Closed;
            cx.push(Effect::CloseWrite(Sink::Coproc));
        }
    }

    /// Its stdin is gone: it closed it, or it exited.
    pub(super) fn closed(&mut self) {
        self.gate = StdinGate::Closed;
        if !self.is_silent() {
            self.stdin.clear();
        }
    }

    /// Whether the shell's output may go on as far as this coprocess is concerned.
    pub(super) fn has_room(&self) -> bool {
        if self.behind.as_ref().is_some_and(|behind| behind.len() >= LIMIT) {
            return false;
        }
        self.stdin.room() > 0 || (self.gate != StdinGate::Open && !self.is_silent())
    }

    /// When the shell's output has waited for it too long. The end of its process changes nothing: its stdin may be
    /// held by somebody whom it left behind.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let full = self.gate == StdinGate::Open && self.stdin.room() == 0;
        full.then(|| self.took + self.patience())
    }

    /// If that is so by now, it is given what waits already and no more; how long it has read nothing.
    pub(super) fn cut_off(&mut self, now: Instant) -> Option<Duration> {
        self.deadline().filter(|&at| now >= at)?;
        self.gate = StdinGate::Ending;
        Some(self.patience())
    }

    fn patience(&self) -> Duration {
        match self.visibility {
            Visibility::Visible => READS_WITHIN,
            Visibility::Silent => SILENT_READS_WITHIN,
        }
    }

    /// Whether what it is given is hidden from everybody else.
    pub(super) fn is_silent(&self) -> bool {
        self.visibility == Visibility::Silent
    }

    /// Returns what it was given and did not read, `pipe` being what was still in its pipe, without what the screen has
    /// shown before; or, if it was given its last, what came since.
    pub(super) fn take_unread(&mut self, pipe: Vec<u8>) -> Vec<u8> {
        self.gate = StdinGate::Closed;
        self.visibility = Visibility::Visible;
        let waiting = self.stdin.take();
        if let Some(behind) = self.behind.take() {
            return behind;
        }
        let mut unread = [pipe, waiting].concat();
        let read = self.given.saturating_sub(unread.len());
        unread.drain(..self.shown.saturating_sub(read).min(unread.len()));
        unread
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_did_not_read_comes_back_in_order_and_without_what_was_shown() {
        for (read, expected) in [(0, "hidden"), (3, "hidden"), (7, "dden")] {
            let now = Instant::now();
            let mut stdin = CoprocStdin::new(now, Visibility::Silent);
            stdin.give(now, b"shown");
            stdin.has_been_shown();
            stdin.give(now, b"hidden");
            stdin.wrote(&mut Cx { now, effects: &mut Vec::new() }, 9);
            let unread = stdin.take_unread(b"shownhidd"[read..].to_vec());
            assert_eq!(unread.escape_ascii().to_string(), expected);
            assert!(!stdin.is_silent());
        }
    }

    #[test]
    fn only_what_came_behind_its_last_input_comes_back() {
        let now = Instant::now();
        let mut stdin = CoprocStdin::new(now, Visibility::Silent);
        stdin.give(now, b"its own");
        stdin.conclude(now, b", last", b"be");
        stdin.behind().expect("it was concluded").extend_from_slice(b"hind");
        stdin.conclude(now, b", once more", b"");
        assert_eq!(stdin.pending(), b"its own, last");
        stdin.wrote(&mut Cx { now, effects: &mut Vec::new() }, 9);
        assert_eq!(stdin.take_unread(b"own, ".to_vec()), b"behind");
        assert!(!stdin.is_silent() && stdin.behind().is_none());
    }

    #[test]
    fn only_a_silent_one_holds_what_nobody_reads() {
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
