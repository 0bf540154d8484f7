//! What the far side of a broken transfer still sends, and how its shell comes to a prompt again.

use std::time::{Duration, Instant};

use memchr::{memchr, memmem};

use super::{CANCEL, CANCEL_SEQUENCE, ECHOED_CAN};

/// How long nothing must come before the far side's last words are looked at.
const SETTLED: Duration = Duration::from_millis(150);
/// How long is waited for them at most.
const PATIENCE: Duration = Duration::from_secs(2);
/// What is kept of what comes meanwhile.
const KEPT: usize = 64 * 1024;
/// A shell that data was typed into is interrupted when it has come to rest, and once more, should the first have
/// met a key that quotes the next.
pub(super) const INTERRUPTS: u8 = 2;
const CANCELS: u8 = 2;
pub(in crate::core) const INTERRUPT: &[u8] = b"\x03";

/// What the far side of a broken transfer still sends: data that was on the way, its own cancel, its last words,
/// and its shell's prompt, of which only what is text is shown.
#[derive(Debug)]
pub(in crate::core) struct Aftermath {
    since: Instant,
    heard: Instant,
    bytes: Vec<u8>,
    far: Far,
    /// How many more cancels are typed where no prompt comes: one that meets a sender at its start is lost (lrzsz
    /// flushes its input there).
    cancels: u8,
}

/// What is thought to be on the far side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Far {
    /// A sender, which was typed nothing but headers.
    Sender,
    /// A receiver, which answers a cancel with its own.
    Receiver,
    /// A shell, which was typed data; so many more interrupts are to be typed.
    Shell { interrupts: u8 },
}

/// What is to be done when the far side has come to rest.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::core) enum Step {
    /// This is typed, and what comes of it is awaited.
    Type(&'static [u8]),
    /// It is over: this is shown, and this is typed.
    End(Vec<u8>, &'static [u8]),
}

impl Aftermath {
    /// It begins now.
    pub(super) fn new(now: Instant, far: Far) -> Self {
        Self { since: now, heard: now, bytes: Vec::new(), far, cancels: CANCELS }
    }

    /// The far side sent these bytes.
    pub(in crate::core) fn push(&mut self, now: Instant, bytes: &[u8]) {
        self.heard = now;
        self.bytes.extend_from_slice(bytes);
        self.bytes.drain(..self.bytes.len().saturating_sub(KEPT));
    }

    fn type_and_wait(&mut self, now: Instant, keys: &'static [u8]) -> Step {
        (self.since, self.heard) = (now, now);
        self.bytes.clear();
        Step::Type(keys)
    }

    /// When it is over at the latest.
    pub(in crate::core) fn deadline(&self) -> Instant {
        let waits = !matches!(self.far, Far::Shell { interrupts: 1.. }) && text_behind(&self.bytes).is_empty();
        let patience = if waits { PATIENCE } else { SETTLED };
        (self.heard + patience).min(self.since + 2 * PATIENCE)
    }

    /// What is to be done now; `last` is whether there is no time for more.
    pub(in crate::core) fn step(&mut self, now: Instant, last: bool) -> Step {
        if self.far == Far::Receiver && memmem::find(&self.bytes, CANCEL).is_none() {
            self.far = Far::Shell { interrupts: INTERRUPTS };
        }
        if let Far::Shell { interrupts: left @ 1.. } = &mut self.far
            && !last
        {
            *left -= 1;
            return self.type_and_wait(now, INTERRUPT);
        }
        let text = text_behind(&self.bytes);
        if text.is_empty() && self.cancels > 0 && matches!(self.far, Far::Sender | Far::Receiver) && !last {
            self.cancels -= 1;
            return self.type_and_wait(now, CANCEL_SEQUENCE);
        }
        Step::End(text.to_vec(), if text.is_empty() { b"\r" } else { b"" })
    }
}

/// What follows the last protocol byte and can be told from data: from the next line on, or from an escape
/// sequence.
fn text_behind(bytes: &[u8]) -> &[u8] {
    let rest = match last_protocol_byte(bytes) {
        Some(at) => &bytes[at + 1..],
        None => return bytes,
    };
    let clean = bytes.len() > rest.len() && bytes[bytes.len() - rest.len() - 1] == 0x08;
    if clean {
        return rest;
    }
    match (memchr(b'\n', rest), memchr(0x1b, rest)) {
        (Some(line), Some(escape)) if escape < line => &rest[escape..],
        (Some(line), _) => &rest[line + 1..],
        (None, Some(escape)) => &rest[escape..],
        (None, None) => &[],
    }
}

/// The place of the last byte that no text would hold.
fn last_protocol_byte(bytes: &[u8]) -> Option<usize> {
    let control =
        bytes.iter().rposition(|&byte| matches!(byte, 0..=0x08 | 0x0b..=0x0c | 0x0e..=0x1a | 0x1c..=0x1f | 0x7f));
    let eight_bit = bytes.iter().rposition(|&byte| byte >= 0x80).filter(|&at| !is_text_at(bytes, at));
    let echoed = memmem::rfind(bytes, ECHOED_CAN).map(|at| at + 1);
    let interrupted = memmem::rfind(bytes, b"^C").map(|at| at + 1);
    [control, eight_bit, echoed, interrupted].into_iter().flatten().max()
}

/// Whether the byte at this place ends a UTF-8 character, as in a prompt.
fn is_text_at(bytes: &[u8], at: usize) -> bool {
    (1..=4.min(at + 1)).any(|n| std::str::from_utf8(&bytes[at + 1 - n..=at]).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_aftermath_shows_the_prompt_only() {
        let table: &[(&[u8], &[u8])] = &[
            (b"\xdf!\x18V8k\xdf\xb89\x1b[?2004h$ ", b"\x1b[?2004h$ "),
            (b"da\x18ta\r\nrz: f removed.\r\n\x18\x18\x18\x08\x08\x1b[?2004h$ ", b"\x1b[?2004h$ "),
            (b"\x18\x18\x18\x18\x18\x08\x08\x08$ ", b"$ "),
            (b"\x18i$>Ksz: caught signal 15; exiting\r\n\x1b[?2004h$ ", b"\x1b[?2004h$ "),
            (b"ab^XIlc\x07^C\r\n\x1b[?2004l\x1b[?2004h$ ", b"\x1b[?2004l\x1b[?2004h$ "),
            (b"\x18Ki$>K$ ", b""),
            (b"$ \xe2\x9d\xaf ", b"$ \xe2\x9d\xaf "),
            (b"", b""),
        ];
        for (bytes, shown) in table {
            assert_eq!(text_behind(bytes), *shown, "{bytes:?}");
        }
    }

    #[test]
    fn an_aftermath_waits_for_the_prompt_and_asks_for_one_in_the_end() {
        let now = Instant::now();
        let mut aftermath = Aftermath::new(now, Far::Sender);
        assert_eq!(aftermath.deadline(), now + PATIENCE);
        aftermath.push(now, b"\x18Kdata");
        assert_eq!(aftermath.deadline(), now + PATIENCE);
        for _ in 0..CANCELS {
            assert_eq!(aftermath.step(now, false), Step::Type(CANCEL_SEQUENCE));
        }
        assert_eq!(aftermath.step(now, false), Step::End(Vec::new(), b"\r"));
        aftermath.push(now, b"\x18\x18\x08\x08$ ");
        assert_eq!(aftermath.deadline(), now + SETTLED);
        assert_eq!(aftermath.step(now, false), Step::End(b"$ ".to_vec(), b""));
    }
}
