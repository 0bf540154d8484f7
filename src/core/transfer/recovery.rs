//! What the far side of a broken transfer still sends, and how its shell comes to a prompt again.

use std::time::{Duration, Instant};

use memchr::memmem;

use super::text;
use super::{CANCEL, CANCEL_SEQUENCE};

/// How long nothing must come before the far side's last words are looked at.
const SETTLED: Duration = Duration::from_millis(150);
/// How long is waited for them at most.
const PATIENCE: Duration = Duration::from_secs(2);
/// Text of a shell that was typed no data is shown after this long at the latest, though more of it keeps coming.
const AT_LAST: Duration = Duration::from_millis(600);
/// What is kept of what comes meanwhile.
const KEPT: usize = 64 * 1024;
/// So much of such text is shown at once, before any of it is lost.
const PLENTY: usize = KEPT / 2;
/// A shell that data was typed into is interrupted when it has come to rest, and once more, should the first have
/// met a key that quotes the next.
pub(super) const INTERRUPTS: u8 = 2;
const CANCELS: u8 = 2;
pub(in crate::core) const INTERRUPT: &[u8] = b"\x03";

/// What the far side of a broken transfer still sends: data that was on the way, its own cancel, its last words,
/// and its shell's prompt, of which only what is text is shown.
#[derive(Debug)]
pub(in crate::core) struct Recovery {
    since: Instant,
    heard: Instant,
    bytes: Vec<u8>,
    far: FarState,
    /// How many more cancels are typed where no prompt comes: one that meets a sender at its start is lost (lrzsz
    /// flushes its input there).
    cancels: u8,
}

/// What is thought to be on the far side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FarState {
    /// A sender, which was typed nothing but headers.
    Sender,
    /// A receiver, which was typed headers at most. lrzsz's may leave without a word then.
    Unfed,
    /// A receiver, which was typed data and answers a cancel with its own.
    Receiver,
    /// A shell, which was typed no data: nothing is to be done to it.
    Spared,
    /// A shell, which was typed data; so many more interrupts are to be typed.
    Shell { interrupts: u8 },
}

/// What is to be done when the far side has come to rest.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::core) enum RecoveryStep {
    /// This is typed, and what comes of it is awaited.
    Type(&'static [u8]),
    /// It is over: this is shown, and this is typed.
    End(Vec<u8>, &'static [u8]),
}

impl Recovery {
    /// It begins now.
    pub(super) fn new(now: Instant, far: FarState) -> Self {
        Self { since: now, heard: now, bytes: Vec::new(), far, cancels: CANCELS }
    }

    /// The far side sent these bytes.
    pub(in crate::core) fn push(&mut self, now: Instant, bytes: &[u8]) {
        self.heard = now;
        self.bytes.extend_from_slice(bytes);
        self.bytes.drain(..self.bytes.len().saturating_sub(KEPT));
    }

    fn type_and_wait(&mut self, now: Instant, keys: &'static [u8]) -> RecoveryStep {
        (self.since, self.heard) = (now, now);
        self.bytes.clear();
        RecoveryStep::Type(keys)
    }

    /// Whether all that is not protocol is the shell's, since nothing was typed that a tty would echo.
    fn is_clean(&self) -> bool {
        matches!(self.far, FarState::Unfed | FarState::Spared)
    }

    /// What of it is text, to be shown.
    fn text(&self) -> Vec<u8> {
        if self.is_clean() { text::between(&self.bytes) } else { text::behind(&self.bytes).to_vec() }
    }

    /// When something is to be done at the latest.
    pub(in crate::core) fn deadline(&self) -> Instant {
        let waits = !matches!(self.far, FarState::Shell { interrupts: 1.. }) && self.text().is_empty();
        let (patience, most) = match (waits, self.is_clean()) {
            (true, _) => (PATIENCE, 2 * PATIENCE),
            (false, false) => (SETTLED, 2 * PATIENCE),
            (false, true) if self.bytes.len() < PLENTY => (SETTLED, AT_LAST),
            (false, true) => (Duration::ZERO, Duration::ZERO),
        };
        (self.heard + patience).min(self.since + most)
    }

    /// What is to be done now; `last` is whether there is no time for more.
    pub(in crate::core) fn step(&mut self, now: Instant, last: bool) -> RecoveryStep {
        if self.far == FarState::Receiver && memmem::find(&self.bytes, CANCEL).is_none() {
            self.far = FarState::Shell { interrupts: INTERRUPTS };
        }
        if let FarState::Shell { interrupts: left @ 1.. } = &mut self.far
            && !last
        {
            *left -= 1;
            return self.type_and_wait(now, INTERRUPT);
        }
        let text = self.text();
        let may_be_there = matches!(self.far, FarState::Sender | FarState::Unfed | FarState::Receiver);
        if text.is_empty() && self.cancels > 0 && may_be_there && !last {
            self.cancels -= 1;
            return self.type_and_wait(now, CANCEL_SEQUENCE);
        }
        let keys: &[u8] = if text.is_empty() { b"\r" } else { b"" };
        RecoveryStep::End(text, keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_aftermath_waits_for_the_prompt_and_asks_for_one_in_the_end() {
        let now = Instant::now();
        let mut recovery = Recovery::new(now, FarState::Sender);
        assert_eq!(recovery.deadline(), now + PATIENCE);
        recovery.push(now, b"\x18Kdata");
        assert_eq!(recovery.deadline(), now + PATIENCE);
        for _ in 0..CANCELS {
            assert_eq!(recovery.step(now, false), RecoveryStep::Type(CANCEL_SEQUENCE));
        }
        assert_eq!(recovery.step(now, false), RecoveryStep::End(Vec::new(), b"\r"));
        recovery.push(now, b"\x18\x18\x08\x08$ ");
        assert_eq!(recovery.deadline(), now + SETTLED);
        assert_eq!(recovery.step(now, false), RecoveryStep::End(b"$ ".to_vec(), b""));
    }

    #[test]
    fn what_a_shell_that_was_typed_no_data_prints_is_shown_before_any_is_lost() {
        let (now, later) = (Instant::now(), Instant::now() + AT_LAST - SETTLED / 2);
        let mut recovery = Recovery::new(now, FarState::Unfed);
        recovery.push(now, b"rc=128\r\n");
        assert_eq!(recovery.deadline(), now + SETTLED);
        recovery.push(later, b"line\r\n");
        assert_eq!(recovery.deadline(), now + AT_LAST, "it does not wait for a moment without text");
        recovery.push(later, &[b'x'; PLENTY]);
        assert!(recovery.deadline() <= later);
    }
}
