//! Recovery from a broken transfer: hides the protocol bytes that the far side still sends, and brings its shell back to a
//! prompt.

use std::time::{Duration, Instant};

use memchr::memmem;

use super::text;
use super::{CANCEL, CANCEL_SEQUENCE};

/// Time without bytes after which the far side's last bytes are examined.
const SETTLED: Duration = Duration::from_millis(150);
/// Maximum time to wait for text.
const PATIENCE: Duration = Duration::from_secs(2);
/// Maximum delay of the text of a shell to which no data was typed.
const TEXT_TIMEOUT: Duration = Duration::from_millis(600);
/// Maximum number of bytes kept.
const KEPT: usize = 64 * 1024;
/// Number of bytes of such text from which it is shown at once, before any is lost.
const FLUSH_AT: usize = KEPT / 2;
/// Number of Ctrl-C typed to a shell that got data. The second is for the case that the data ended in a key that quotes
/// the next.
pub(super) const INTERRUPTS: u8 = 2;
const CANCELS: u8 = 2;
pub(in crate::core) const INTERRUPT: &[u8] = b"\x03";

/// Recovery of the far side of a broken transfer. The far side still sends data, its own cancel, messages, and its shell's
/// prompt; only text is shown.
#[derive(Debug)]
pub(in crate::core) struct Recovery {
    since: Instant,
    last_input: Instant,
    bytes: Vec<u8>,
    far: FarState,
    /// Number of cancels to type while no prompt comes. One that meets a starting sender is lost, since lrzsz flushes its
    /// input there.
    cancels: u8,
}

/// Assumed state of the far side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FarState {
    /// A sender, to which only headers were typed.
    Sender,
    /// A receiver to which only headers were typed. lrzsz's may leave without a message then.
    ReceiverNoData,
    /// A receiver to which data was typed. It answers a cancel with its own.
    Receiver,
    /// A shell to which no data was typed. Nothing is typed to it.
    ShellNoData,
    /// A shell to which data was typed, and the number of Ctrl-C still to type.
    Shell { interrupts: u8 },
}

/// Next step of the recovery.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::core) enum RecoveryStep {
    /// Type these bytes and wait for the result.
    Type(&'static [u8]),
    /// End: show the first bytes and type the second.
    End(Vec<u8>, &'static [u8]),
}

impl Recovery {
    /// Creates a recovery that begins now.
    pub(super) fn new(now: Instant, far: FarState) -> Self {
        Self { since: now, last_input: now, bytes: Vec::new(), far, cancels: CANCELS }
    }

    /// Takes bytes of the far side.
    pub(in crate::core) fn push(&mut self, now: Instant, bytes: &[u8]) {
        self.last_input = now;
        self.bytes.extend_from_slice(bytes);
        self.bytes.drain(..self.bytes.len().saturating_sub(KEPT));
    }

    fn type_and_wait(&mut self, now: Instant, keys: &'static [u8]) -> RecoveryStep {
        (self.since, self.last_input) = (now, now);
        self.bytes.clear();
        RecoveryStep::Type(keys)
    }

    /// Whether no data was typed, so that everything but protocol is the shell's output.
    fn no_data_typed(&self) -> bool {
        matches!(self.far, FarState::ReceiverNoData | FarState::ShellNoData)
    }

    /// Returns the text to show.
    fn text(&self) -> Vec<u8> {
        if self.no_data_typed() { text::between(&self.bytes) } else { text::behind(&self.bytes).to_vec() }
    }

    /// Returns when `step` is due.
    pub(in crate::core) fn deadline(&self) -> Instant {
        let waits = !matches!(self.far, FarState::Shell { interrupts: 1.. }) && self.text().is_empty();
        let (patience, most) = match (waits, self.no_data_typed()) {
            (true, _) => (PATIENCE, 2 * PATIENCE),
            (false, false) => (SETTLED, 2 * PATIENCE),
            (false, true) if self.bytes.len() < FLUSH_AT => (SETTLED, TEXT_TIMEOUT),
            (false, true) => (Duration::ZERO, Duration::ZERO),
        };
        (self.last_input + patience).min(self.since + most)
    }

    /// Returns the next step; with `last`, the end.
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
        let may_be_there = matches!(self.far, FarState::Sender | FarState::ReceiverNoData | FarState::Receiver);
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
    fn recovery_waits_for_prompt_then_types_enter() {
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
    fn text_of_shell_without_typed_data_is_shown_before_loss() {
        let (now, later) = (Instant::now(), Instant::now() + TEXT_TIMEOUT - SETTLED / 2);
        let mut recovery = Recovery::new(now, FarState::ReceiverNoData);
        recovery.push(now, b"rc=128\r\n");
        assert_eq!(recovery.deadline(), now + SETTLED);
        recovery.push(later, b"line\r\n");
        assert_eq!(recovery.deadline(), now + TEXT_TIMEOUT, "it does not wait for a moment without text");
        recovery.push(later, &[b'x'; FLUSH_AT]);
        assert!(recovery.deadline() <= later);
    }
}
