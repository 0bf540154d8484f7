//! Follows a ZMODEM transfer that a silent coprocess does (lrzsz's `sz` or `rz`), so that a broken one leaves the
//! shell usable and no protocol bytes on the screen. It takes no part in the protocol.
//!
//! What lrzsz 0.12 does when it is stopped (seen): the cancel sequence, ten CAN and ten BS, overtakes what is
//! still in its stdio buffer, so data follows the cancel; and a far side that dies of a signal sends no cancel at
//! all, only its shell's prompt, into which this side would go on typing data, or a header after 10 s.

mod fin;
mod header;
mod recovery;
mod text;

use std::time::{Duration, Instant};

use memchr::{memmem, memrchr};

pub(super) use fin::TrailerFilter;
use fin::{FinMatcher, OVER_AND_OUT};
use header::Direction;
use recovery::{FarState, INTERRUPTS};
pub(super) use recovery::{INTERRUPT, Recovery, RecoveryStep};

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
    /// The last that the far side sent: before there is data, all of it that a shell could have printed; behind its
    /// ZFIN, only what came since.
    tail: Vec<u8>,
    /// When the far side last sent anything.
    heard: Option<Instant>,
    /// Whether the far side was found to have left before the end.
    far_gone: bool,
    cancel: Cancel,
    /// Each side's ZFIN.
    near_fin: FinMatcher,
    far_fin: FinMatcher,
    /// How much of `OO` this side has still to send.
    owed: usize,
}

impl Transfer {
    /// The transfer that the far side offers in these bytes, if a whole header with a right CRC does.
    pub(super) fn begins(bytes: &[u8]) -> Option<Self> {
        let direction = header::offered(bytes)?;
        let phase = if direction == Direction::Up { Phase::Opening } else { Phase::Data };
        Some(Self {
            direction,
            phase,
            tail: Vec::new(),
            heard: None,
            far_gone: false,
            cancel: Cancel::Cans(0),
            near_fin: FinMatcher::default(),
            far_fin: FinMatcher::default(),
            owed: if direction == Direction::Up { OVER_AND_OUT.len() } else { 0 },
        })
    }

    /// Takes in what the far side sent and returns how much of it this side is given: nothing behind both ZFINs.
    pub(super) fn heard(&mut self, now: Instant, bytes: &[u8]) -> usize {
        self.heard = Some(now);
        let end = self.match_far_fin(bytes);
        if self.is_over() {
            return end;
        }
        self.tail.extend_from_slice(&bytes[end..]);
        // A far side that follows this side's cancel has not left of its own accord.
        if self.direction == Direction::Up && !self.is_cancelled() && self.is_answered_by_a_shell() {
            self.far_gone = true;
        }
        let kept = if self.phase == Phase::Opening || self.far_fin.is_whole() { OPENING } else { TAIL };
        self.tail.drain(..self.tail.len().saturating_sub(kept));
        bytes.len()
    }

    /// Returns whether the far side has left before the end: its shell has the terminal again.
    pub(super) fn is_far_gone(&self) -> bool {
        self.far_gone
    }

    /// Looks for the far side's ZFIN and returns where in `bytes` it ends, 0 if it does not end there.
    fn match_far_fin(&mut self, bytes: &[u8]) -> usize {
        if self.far_fin.is_whole() {
            return 0;
        }
        let end = bytes.iter().position(|&byte| {
            self.far_fin.push(byte);
            self.far_fin.is_whole()
        });
        if end.is_some() {
            self.tail.clear();
        }
        end.map_or(0, |at| at + 1)
    }

    /// A receiver sends headers and at most a few words: neither a prompt nor an echo of the data.
    fn is_answered_by_a_shell(&self) -> bool {
        memmem::find(&self.tail, PROMPTS).is_some() || memmem::find_iter(&self.tail, ECHOED_CAN).count() >= ECHOES
    }

    /// Returns what of the bytes that this side wrote is to be typed: nothing behind a cancel, and behind the end only
    /// what belongs to it.
    pub(super) fn said(&mut self, bytes: &[u8]) -> Vec<u8> {
        if self.far_gone {
            return Vec::new();
        }
        let typed: Vec<u8> = bytes.iter().copied().filter(|&byte| self.is_typed(byte)).collect();
        if !typed.iter().all(|&byte| opens(byte)) {
            self.phase = Phase::Data;
        }
        typed
    }

    /// Takes in the next byte that this side wrote and returns whether it is typed.
    fn is_typed(&mut self, byte: u8) -> bool {
        if self.is_over() {
            return self.is_trailer(byte);
        }
        self.cancel = self.cancel.then(byte);
        if self.is_cancelled() {
            return self.cancel != Cancel::Over;
        }
        self.near_fin.push(byte);
        true
    }

    /// Returns whether this byte, which this side wrote behind both ZFINs, ends its header's line or is an `O` that it
    /// owes.
    fn is_trailer(&mut self, byte: u8) -> bool {
        let ends_line = self.near_fin.is_line_feed(byte);
        self.near_fin.push(byte);
        let is_owed = byte == b'O' && self.owed > 0;
        self.owed -= usize::from(is_owed);
        ends_line || is_owed
    }

    fn is_cancelled(&self) -> bool {
        !matches!(self.cancel, Cancel::Cans(_))
    }

    /// Returns whether the transfer has ended well: both sides have sent ZFIN. A receiver sends it only as the answer
    /// to the sender's.
    pub(super) fn is_over(&self) -> bool {
        self.near_fin.is_whole() && (self.direction == Direction::Down || self.far_fin.is_whole())
    }

    /// Returns what this side is given last, so that it waits for nothing: the end of the header's line, and a receiver
    /// the `OO`.
    pub(super) fn last_input(&self) -> &'static [u8] {
        if self.direction == Direction::Up { b"\n" } else { OVER_AND_OUT }
    }

    /// Returns what the far side sent behind its ZFIN before this side sent its own.
    pub(super) fn behind_far_fin(&self) -> &[u8] {
        if self.far_fin.is_whole() { &self.tail } else { &[] }
    }

    /// Returns a filter for the trailer that the far side may still send once this side has ended without failure. A
    /// receiver there sends ZFIN again as long as it waits for `OO`.
    pub(super) fn trailer(&self, now: Instant) -> Option<TrailerFilter> {
        (self.direction == Direction::Up || self.is_over()).then(|| TrailerFilter::new(now, self.direction))
    }

    /// Returns whether the far side has left, now that time has passed.
    pub(super) fn tick(&mut self, now: Instant) -> bool {
        if self.deadline().is_some_and(|at| now >= at) {
            self.far_gone = true;
            self.heard = None;
        }
        self.far_gone
    }

    /// When `tick` may find the far side gone.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let patience = self.patience()?;
        (!self.far_gone && !self.is_over()).then_some(self.heard? + patience)
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
    pub(super) fn fail(&mut self, now: Instant) -> Recovery {
        self.heard = None;
        let far = match (self.direction, self.far_gone, self.phase) {
            (Direction::Down, _, _) => FarState::Sender,
            (Direction::Up, false, Phase::Opening) => FarState::Unfed,
            (Direction::Up, true, Phase::Opening) => FarState::Spared,
            (Direction::Up, false, Phase::Data) => FarState::Receiver,
            (Direction::Up, true, Phase::Data) => FarState::Shell { interrupts: INTERRUPTS },
        };
        let mut recovery = Recovery::new(now, far);
        recovery.push(now, &self.tail);
        recovery
    }

    /// What is typed when this side has failed: a cancel for a far side that still waits, if this side sent none.
    pub(super) fn last_words(&self) -> &'static [u8] {
        if self.far_gone || self.is_cancelled() { b"" } else { CANCEL_SEQUENCE }
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

    const FIN: &[u8] = b"**\x18B0800000000022d\r\x8a";

    fn up() -> Transfer {
        Transfer::begins(RECEIVES).expect("rz offers to receive")
    }

    /// Returns whether the far side has left once it has sent these bytes.
    fn gone(transfer: &mut Transfer, bytes: &[u8]) -> bool {
        transfer.heard(Instant::now(), bytes);
        transfer.is_far_gone()
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
    fn nothing_is_typed_behind_a_cancel_however_it_is_cut() {
        let bytes = b"da\x18Mta\x18\x18\x18\x18\x18\x18\x08\x08\x08\x18\x18\x18\x18\x18\x08more data";
        crate::core::split::at_every_split(bytes, |pieces| {
            let mut transfer = up();
            let typed: Vec<u8> = pieces.iter().flat_map(|piece| transfer.said(piece)).collect();
            assert_eq!(typed, b"da\x18Mta\x18\x18\x18\x18\x18\x18\x08\x08\x08");
            assert_eq!(transfer.last_words(), b"");
        });
    }

    /// Runs a transfer to its end, the far side's ZFIN in these pieces; returns what this side is given, and the
    /// transfer.
    fn ended(offer: &[u8], near: &[u8], far: &[&[u8]]) -> (Vec<u8>, Transfer) {
        let mut transfer = Transfer::begins(offer).expect("an offer");
        let up = transfer.direction == Direction::Up;
        if up {
            transfer.said(near);
        }
        let given = far.iter().flat_map(|piece| piece[..transfer.heard(Instant::now(), piece)].to_vec()).collect();
        if !up {
            transfer.said(near);
        }
        (given, transfer)
    }

    #[test]
    fn transfer_is_over_behind_both_fins_however_they_are_cut() {
        let far = [FIN, b"\x1b[?2004h$ ^X^X^X^X^X^X^X^X"].concat();
        crate::core::split::at_every_split(&far, |pieces| {
            let (given, mut transfer) = ended(RECEIVES, FIN, pieces);
            assert!(transfer.is_over() && !transfer.is_far_gone() && transfer.deadline().is_none());
            assert!(!transfer.tick(Instant::now() + LONG_QUIET));
            assert_eq!(given, FIN[..FIN.len() - 1], "the rest of its line is known");
        });
        crate::core::split::at_every_split(&[FIN, b"OO$ "].concat(), |pieces| {
            let (_, transfer) = ended(SENDS, FIN, pieces);
            assert!(transfer.is_over() && transfer.deadline().is_none());
            assert_eq!(transfer.behind_far_fin(), b"\x8aOO$ ");
        });
    }

    #[test]
    fn only_own_trailer_is_typed_behind_the_end() {
        crate::core::split::at_every_split(&[b"\x8a", FIN, b"OO", FIN, b"\x18\x18OO\r"].concat(), |pieces| {
            let (_, mut transfer) = ended(RECEIVES, &FIN[..FIN.len() - 1], &[FIN]);
            let typed: Vec<u8> = pieces.iter().flat_map(|piece| transfer.said(piece)).collect();
            assert_eq!(typed, b"\x8aOO");
        });
        crate::core::split::at_every_split(&[FIN, b"\n", FIN, b"OO\r"].concat(), |pieces| {
            let (_, mut transfer) = ended(SENDS, b"", &[FIN]);
            let typed: Vec<u8> = pieces.iter().flat_map(|piece| transfer.said(piece)).collect();
            assert_eq!(typed, FIN);
        });
    }

    /// As `sz -e` sends the bytes `**`, 0x02, the digits and CR of a file.
    #[test]
    fn fin_in_escaped_data_is_no_end() {
        let (_, mut transfer) = ended(RECEIVES, b"**\x18B0800000000022d\x18M\x18\xca", &[FIN]);
        assert!(!transfer.is_over());
        assert_eq!(transfer.said(b"data"), b"data");
        assert!(gone(&mut transfer, b"\x1b[?2004h$ "));
    }

    #[test]
    fn a_far_receiver_is_gone_when_its_shell_answers() {
        let now = Instant::now();
        let mut transfer = up();
        transfer.said(b"*\x18Cdata");
        assert!(!gone(&mut transfer, b"**\x18B0900000000a87c\r\x8a\x11"));
        assert!(!gone(&mut transfer, b"rz: caught signal 15; exiting\r\n\x1b[?20"));
        assert!(gone(&mut transfer, b"04h$ "));
        assert!(transfer.said(b"data").is_empty());
        let mut recovery = transfer.fail(now);
        assert_eq!(recovery.step(now, false), RecoveryStep::Type(b"\x03"));
        recovery.push(now, b"^C\r\n$ ");
        assert_eq!(recovery.step(now, false), RecoveryStep::Type(b"\x03"));
        recovery.push(now, b"^C\r\n\x1b[?2004l$ ");
        assert_eq!(recovery.step(now, false), RecoveryStep::End(b"\x1b[?2004l$ ".to_vec(), b""));

        let mut transfer = up();
        assert!(gone(&mut transfer, b"$ ab^Xc^Xd^X^X^X^X^X^X"));
    }

    #[test]
    fn a_shell_that_was_typed_no_data_is_not_interrupted() {
        let now = Instant::now();
        let mut transfer = up();
        transfer.said(b"rz\r**\x18B00000000000000\r\x8a\x11");
        assert!(gone(&mut transfer, b"rz: caught signal 15; exiting\r\n\x1b[?2004h$ "));
        let mut recovery = transfer.fail(now);
        let shown = b"rz: caught signal 15; exiting\r\n\x1b[?2004h$ ".to_vec();
        assert_eq!(recovery.step(now, false), RecoveryStep::End(shown, b""));
    }

    #[test]
    fn a_far_side_that_follows_a_cancel_has_not_left_by_itself() {
        let now = Instant::now();
        let mut transfer = up();
        transfer.said(CANCEL_SEQUENCE);
        transfer.heard(now, b"\x1b[?2004h$ ");
        assert!(!transfer.is_far_gone());
        assert_eq!(transfer.deadline(), Some(now + QUIET), "unless this side stays");
    }

    #[test]
    fn a_far_sender_is_gone_when_a_prompt_follows_its_data_and_nothing_more() {
        let now = Instant::now();
        let mut transfer = Transfer::begins(SENDS).expect("sz offers to send");
        transfer.heard(now, b"\x18Kdata\x18Jsz: caught signal 15; exiting\r\n\x1b[?2004h$ ");
        assert!(!transfer.tick(now));
        assert_eq!(transfer.deadline(), Some(now + QUIET));
        assert!(transfer.tick(now + QUIET));
    }

    #[test]
    fn a_slow_sender_is_not_gone() {
        let now = Instant::now();
        let mut transfer = Transfer::begins(SENDS).expect("sz offers to send");
        transfer.heard(now, b"plain text with a \x18J in it, and then the network stalls");
        assert_eq!(transfer.deadline(), None);
    }
}
