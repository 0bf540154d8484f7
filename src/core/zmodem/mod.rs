//! Follows a ZMODEM transfer that a silent coprocess does (lrzsz's `sz` or `rz`), so that a broken one leaves the
//! shell usable and no protocol bytes on the screen. It takes no part in the protocol.
//!
//! What lrzsz 0.12 does when it is stopped (seen): the cancel sequence, ten CAN and ten BS, overtakes what is
//! still in its stdio buffer, so data follows the cancel; and a far side that dies of a signal sends no cancel at
//! all, only its shell's prompt, into which this side would go on typing data, or a header after 10 s.

mod aftermath;
mod header;
mod text;

use std::time::{Duration, Instant};

use memchr::{memmem, memrchr};

pub(super) use aftermath::{Aftermath, INTERRUPT, Step};
use aftermath::{Far, INTERRUPTS};
pub(super) use header::Direction;

/// ZDLE, which is CAN: it begins every header and escapes bytes in data.
const CAN: u8 = 0x18;
const BS: u8 = 0x08;
/// This many CAN end a session; data never holds two running, since CAN is escaped there.
const CANCEL: &[u8] = &[CAN; 5];
/// What is typed to a far side that still waits: what lrzsz itself sends.
const CANCEL_SEQUENCE: &[u8] = b"\x18\x18\x18\x18\x18\x18\x18\x18\x18\x18\x08\x08\x08\x08\x08\x08\x08\x08\x08\x08";
/// What a shell turns bracketed paste on with before it shows its prompt; no header holds it.
const PROMPTS: &[u8] = b"\x1b[?2004h";
/// How the line discipline echoes CAN: the far side's tty is back in the shell's hands.
const ECHOED_CAN: &[u8] = b"^X";
/// A receiver's last header, ZFIN: nothing that it sends follows but the line's end.
const LAST_HEADER: &[u8] = b"**\x18B0800000000022d";
/// What a sender answers it with, and what is often lost: lrzsz flushes the tty when it leaves.
pub(super) const OVER_AND_OUT: &[u8] = b"OO";
/// So many of them are no chance.
const ECHOES: usize = 8;
/// What a prompt behind data is looked for in.
const TAIL: usize = 512;
/// What is kept before there is data: a shell that has the terminal again may have printed it.
const OPENING: usize = 32 * 1024;
/// A far side that has said nothing for this long behind what looks like a prompt has left.
const QUIET: Duration = Duration::from_millis(300);
/// The same where the prompt cannot be told from other text for certain.
const LONG_QUIET: Duration = Duration::from_secs(2);

/// How a transfer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// As far as can be told, both sides are at it.
    Going,
    /// The far side has left: its shell has the terminal again.
    FarGone,
}

/// How far a transfer has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The far side, a receiver, has been typed headers at most: no command that a shell could run, and no noise.
    Opening,
    /// Data goes either way.
    Data,
}

/// How far this side's cancel has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cancel {
    /// So many CAN have come in a row, too few.
    Cans(usize),
    /// Enough have come, and more may.
    Begun,
    /// The BS behind them have come.
    Whole,
    /// Something else has. lrzsz says it twice, and it is a shell that would meet the second.
    Over,
}

impl Cancel {
    /// This byte comes next.
    fn then(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::Cans(cans), CAN) if cans + 1 < CANCEL.len() => Self::Cans(cans + 1),
            (Self::Cans(_) | Self::Begun, CAN) => Self::Begun,
            (Self::Cans(_), _) => Self::Cans(0),
            (Self::Begun | Self::Whole, BS) => Self::Whole,
            (Self::Begun | Self::Whole | Self::Over, _) => Self::Over,
        }
    }
}

/// A transfer while it goes on.
#[derive(Debug)]
pub(super) struct Transfer {
    pub(super) direction: Direction,
    phase: Phase,
    /// The last that the far side sent: before there is data, all of it that a shell could have printed.
    tail: Vec<u8>,
    /// When the far side last sent anything.
    heard: Option<Instant>,
    verdict: Verdict,
    cancel: Cancel,
    /// How much of its last header this side has written, if it is the receiver.
    last_header: usize,
}

impl Transfer {
    /// The transfer that the far side offers in these bytes, if a whole header with a right CRC does.
    pub(super) fn begins(bytes: &[u8]) -> Option<Self> {
        let direction = header::offered(bytes)?;
        let phase = if direction == Direction::Up { Phase::Opening } else { Phase::Data };
        let (verdict, cancel) = (Verdict::Going, Cancel::Cans(0));
        Some(Self { direction, phase, tail: Vec::new(), heard: None, verdict, cancel, last_header: 0 })
    }

    /// The far side sent these bytes.
    pub(super) fn heard(&mut self, now: Instant, bytes: &[u8]) -> Verdict {
        self.heard = Some(now);
        self.tail.extend_from_slice(bytes);
        // A far side that follows this side's cancel has not left of its own accord.
        if self.direction == Direction::Up && !self.is_cancelled() && self.is_answered_by_a_shell() {
            self.verdict = Verdict::FarGone;
        }
        let kept = if self.phase == Phase::Opening { OPENING } else { TAIL };
        self.tail.drain(..self.tail.len().saturating_sub(kept));
        self.verdict
    }

    /// A receiver sends headers and at most a few words: neither a prompt nor an echo of the data.
    fn is_answered_by_a_shell(&self) -> bool {
        memmem::find(&self.tail, PROMPTS).is_some() || memmem::find_iter(&self.tail, ECHOED_CAN).count() >= ECHOES
    }

    /// How much of what this side wrote is to be typed: nothing behind a cancel, or behind a receiver's end.
    pub(super) fn said<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        if self.verdict == Verdict::FarGone {
            return &[];
        }
        let end = bytes.iter().position(|&byte| self.is_behind_the_end(byte));
        let typed = &bytes[..end.unwrap_or(bytes.len())];
        if !typed.iter().all(|&byte| opens(byte)) {
            self.phase = Phase::Data;
        }
        typed
    }

    /// Takes in the next byte that this side wrote; whether this side had come to its end before.
    fn is_behind_the_end(&mut self, byte: u8) -> bool {
        if self.is_complete() {
            let line_end = matches!(byte, b'\r' | 0x8a | b'\n') && self.last_header < LAST_HEADER.len() + 2;
            self.last_header += 1;
            return !line_end;
        }
        self.cancel = self.cancel.then(byte);
        if self.is_cancelled() {
            return self.cancel == Cancel::Over;
        }
        let follows = LAST_HEADER[self.last_header] == byte && self.direction == Direction::Down;
        self.last_header = match (follows, byte) {
            (true, _) => self.last_header + 1,
            (false, b'*') => self.last_header.min(2),
            (false, _) => 0,
        };
        false
    }

    fn is_cancelled(&self) -> bool {
        !matches!(self.cancel, Cancel::Cans(_))
    }

    /// Who may still say a last word that was not heard, once this side has ended well: a sender its answer to the receiver's
    /// last, and a receiver that last once more, if it has lost the answer.
    pub(super) fn farewell(&self) -> Option<Direction> {
        (self.direction == Direction::Up || self.is_complete()).then_some(self.direction)
    }

    /// Whether this side, the receiver, has said its last: what the far side sends now is its shell's.
    pub(super) fn is_complete(&self) -> bool {
        self.last_header >= LAST_HEADER.len()
    }

    /// Time has passed.
    pub(super) fn tick(&mut self, now: Instant) -> Verdict {
        if self.deadline().is_some_and(|at| now >= at) {
            self.verdict = Verdict::FarGone;
            self.heard = None;
        }
        self.verdict
    }

    /// When `tick` may find the far side gone.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let patience = self.patience()?;
        (self.verdict == Verdict::Going).then_some(self.heard? + patience)
    }

    /// How long the far side may be quiet behind what it sent last; `None` where that is no prompt.
    fn patience(&self) -> Option<Duration> {
        let behind = memrchr(CAN, &self.tail).map_or(&self.tail[..], |at| &self.tail[at + 1..]);
        if memmem::find(behind, PROMPTS).is_some() {
            return Some(QUIET);
        }
        let line = &behind[memrchr(b'\n', behind)? + 1..];
        let text = !line.is_empty() && line.iter().all(|byte| matches!(byte, b' '..=b'~' | 0x1b));
        (text && matches!(line.last(), Some(b' ' | b'$' | b'#' | b'>' | b'%'))).then_some(LONG_QUIET)
    }

    /// This side has failed: what the far side sends from now on, and what it sent last, is no longer protocol for
    /// certain.
    pub(super) fn fail(&mut self, now: Instant) -> Aftermath {
        self.heard = None;
        let far = match (self.direction, self.verdict, self.phase) {
            (Direction::Down, _, _) => Far::Sender,
            (Direction::Up, Verdict::Going, Phase::Opening) => Far::Unfed,
            (Direction::Up, Verdict::FarGone, Phase::Opening) => Far::Spared,
            (Direction::Up, Verdict::Going, Phase::Data) => Far::Receiver,
            (Direction::Up, Verdict::FarGone, Phase::Data) => Far::Shell { interrupts: INTERRUPTS },
        };
        let mut aftermath = Aftermath::new(now, far);
        aftermath.push(now, &self.tail);
        aftermath
    }

    /// What is typed when this side has failed: a cancel for a far side that still waits, if this side sent none.
    pub(super) fn last_words(&self) -> &'static [u8] {
        if self.verdict == Verdict::FarGone || self.is_cancelled() { b"" } else { CANCEL_SEQUENCE }
    }
}

/// What follows the end of a transfer that went well: a sender's `OO`, once from here and once from the far side, and a
/// header that the far side has sent again, are left out.
pub(super) fn behind_the_end(direction: Direction, mut bytes: &[u8]) -> &[u8] {
    loop {
        let before = bytes.len();
        if direction == Direction::Down {
            bytes = bytes.strip_prefix(OVER_AND_OUT).unwrap_or(bytes);
        }
        bytes = header::behind(bytes).unwrap_or(bytes);
        if bytes.len() == before {
            return bytes;
        }
    }
}

/// Whether a sender says this before it sends data: `rz` and Enter, headers in hexadecimal digits, a cancel. Whatever
/// else it sends, the name of a file to begin with, holds another byte.
fn opens(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'*' | b'B' | b'r' | b'z' | b'\r' | b'\n' | 0x8a | 0x11 | CAN | BS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECEIVES: &[u8] = b"rz waiting to receive.**\x18B0100000023be50\r\x8a\x11";
    const SENDS: &[u8] = b"rz\r**\x18B00000000000000\r\x8a\x11";

    fn up() -> Transfer {
        Transfer::begins(RECEIVES).expect("rz offers to receive")
    }

    #[test]
    fn a_transfer_begins_with_a_whole_header_and_a_right_crc() {
        assert_eq!(up().direction, Direction::Up);
        assert_eq!(Transfer::begins(SENDS).map(|transfer| transfer.direction), Some(Direction::Down));
        for not in [&b"**\x18B0100000023be51\r"[..], b"**\x18B01000000", b"**B0100000023be50", b"rz waiting"] {
            assert!(Transfer::begins(not).is_none(), "{not:?}");
        }
    }

    #[test]
    fn the_end_of_a_transfer_is_not_shown() {
        for end in [&b"OO"[..], b"OOOO", b"**\x18B0800000000022d\r\x8aOO", b"OO**\x18B0800000000022d\r\x8a\x11OO", b""]
        {
            assert_eq!(behind_the_end(Direction::Down, &[end, b"\x1b[?2004h$ "].concat()), b"\x1b[?2004h$ ");
        }
        assert_eq!(behind_the_end(Direction::Down, b"O**"), b"O**");
        assert_eq!(behind_the_end(Direction::Up, b"**\x18B0800000000022d\r\x8aOO"), b"OO");
    }

    #[test]
    fn nothing_is_typed_behind_a_cancel_however_it_is_cut() {
        let bytes = b"da\x18Mta\x18\x18\x18\x18\x18\x18\x08\x08\x08\x18\x18\x18\x18\x18\x08more data";
        crate::core::split::everywhere(bytes, |pieces| {
            let mut transfer = up();
            let typed: Vec<u8> = pieces.iter().flat_map(|piece| transfer.said(piece).to_vec()).collect();
            assert_eq!(typed, b"da\x18Mta\x18\x18\x18\x18\x18\x18\x08\x08\x08");
            assert_eq!(transfer.last_words(), b"");
        });
    }

    #[test]
    fn a_far_receiver_is_gone_when_its_shell_answers() {
        let now = Instant::now();
        let mut transfer = up();
        transfer.said(b"*\x18Cdata");
        assert_eq!(transfer.heard(now, b"**\x18B0900000000a87c\r\x8a\x11"), Verdict::Going);
        assert_eq!(transfer.heard(now, b"rz: caught signal 15; exiting\r\n\x1b[?20"), Verdict::Going);
        assert_eq!(transfer.heard(now, b"04h$ "), Verdict::FarGone);
        assert!(transfer.said(b"data").is_empty());
        let mut aftermath = transfer.fail(now);
        assert_eq!(aftermath.step(now, false), Step::Type(b"\x03"));
        aftermath.push(now, b"^C\r\n$ ");
        assert_eq!(aftermath.step(now, false), Step::Type(b"\x03"));
        aftermath.push(now, b"^C\r\n\x1b[?2004l$ ");
        assert_eq!(aftermath.step(now, false), Step::End(b"\x1b[?2004l$ ".to_vec(), b""));

        let mut transfer = up();
        assert_eq!(transfer.heard(now, b"$ ab^Xc^Xd^X^X^X^X^X^X"), Verdict::FarGone);
    }

    #[test]
    fn a_shell_that_was_typed_no_data_is_not_interrupted() {
        let now = Instant::now();
        let mut transfer = up();
        transfer.said(b"rz\r**\x18B00000000000000\r\x8a\x11");
        assert_eq!(transfer.heard(now, b"rz: caught signal 15; exiting\r\n\x1b[?2004h$ "), Verdict::FarGone);
        let mut aftermath = transfer.fail(now);
        let shown = b"rz: caught signal 15; exiting\r\n\x1b[?2004h$ ".to_vec();
        assert_eq!(aftermath.step(now, false), Step::End(shown, b""));
    }

    #[test]
    fn a_far_side_that_follows_a_cancel_has_not_left_by_itself() {
        let now = Instant::now();
        let mut transfer = up();
        transfer.said(CANCEL_SEQUENCE);
        assert_eq!(transfer.heard(now, b"\x1b[?2004h$ "), Verdict::Going);
        assert_eq!(transfer.deadline(), Some(now + QUIET), "unless this side stays");
    }

    #[test]
    fn a_far_sender_is_gone_when_a_prompt_follows_its_data_and_nothing_more() {
        let now = Instant::now();
        let mut transfer = Transfer::begins(SENDS).expect("sz offers to send");
        transfer.heard(now, b"\x18Kdata\x18Jsz: caught signal 15; exiting\r\n\x1b[?2004h$ ");
        assert_eq!(transfer.tick(now), Verdict::Going);
        assert_eq!(transfer.deadline(), Some(now + QUIET));
        assert_eq!(transfer.tick(now + QUIET), Verdict::FarGone);
    }

    #[test]
    fn a_slow_sender_is_not_gone() {
        let now = Instant::now();
        let mut transfer = Transfer::begins(SENDS).expect("sz offers to send");
        transfer.heard(now, b"plain text with a \x18J in it, and then the network stalls");
        assert_eq!(transfer.deadline(), None);
    }
}
