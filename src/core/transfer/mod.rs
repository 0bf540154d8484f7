//! Observes a ZMODEM transfer by a silent coprocess (lrzsz's `sz` or `rz`), so that a broken one leaves the shell usable
//! and no protocol bytes on the screen. It takes no part in the protocol. "Near" is the coprocess, "far" the program in
//! the shell.
//!
//! Observed behaviour of lrzsz 0.12 when it is stopped: the cancel sequence, ten CAN and ten BS, overtakes bytes in its
//! stdio buffer, so that data follows the cancel. A far side that dies of a signal sends no cancel, only its shell's prompt
//! follows; the near side would go on typing data there, or a header after 10 s.

mod fin;
mod header;
mod offer;
mod recovery;
mod text;

use std::time::{Duration, Instant};

use memchr::{memmem, memrchr};

pub(super) use fin::TrailerFilter;
use fin::{FinMatcher, OVER_AND_OUT};
use header::Direction;
pub(super) use offer::OfferFinder;
use recovery::{FarState, INTERRUPTS};
pub(super) use recovery::{INTERRUPT, Recovery, RecoveryStep};

/// ZDLE, which is CAN: it begins every header and escapes bytes in data.
const CAN: u8 = 0x18;
const BS: u8 = 0x08;
/// This many CAN end a session; data never holds two running, since CAN is escaped there.
const CANCEL: &[u8] = &[CAN; 5];
/// The cancel that lrzsz sends, typed to a far side that still waits.
const CANCEL_SEQUENCE: &[u8] = b"\x18\x18\x18\x18\x18\x18\x18\x18\x18\x18\x08\x08\x08\x08\x08\x08\x08\x08\x08\x08";
/// Turns on bracketed paste, as a shell does in front of its prompt. No header contains it.
const PROMPTS: &[u8] = b"\x1b[?2004h";
/// Echo of CAN by the line discipline (ECHOCTL): the far side has left the raw mode.
const ECHOED_CAN: &[u8] = b"^X";
/// Number of echoes from which the far side is taken to have left.
const ECHOES: usize = 8;
/// Number of last bytes in which a prompt behind data is searched for.
const TAIL_LEN: usize = 512;
/// Number of bytes kept before there is data, since the shell may have printed them.
const OPENING_LEN: usize = 32 * 1024;
/// Time without bytes behind a prompt after which the far side is taken to have left.
const QUIET: Duration = Duration::from_millis(300);
/// The same time behind text that may be a prompt.
const LONG_QUIET: Duration = Duration::from_secs(2);

/// Phase of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// At most headers were typed to the far receiver, so nothing that a shell could run.
    Opening,
    /// Data has been sent in one direction.
    Data,
}

/// State of the near side's cancel sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cancel {
    /// This number of CAN in a row, fewer than a cancel has.
    Cans(usize),
    /// Enough CAN; more may follow.
    Begun,
    /// BS have followed.
    Whole,
    /// Another byte has followed. lrzsz sends the cancel twice, and the shell would get the second.
    Over,
}

impl Cancel {
    /// Returns the state behind `byte`.
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

/// A running transfer.
#[derive(Debug)]
pub(super) struct Transfer {
    pub(super) direction: Direction,
    phase: Phase,
    /// Last bytes of the far side: before there is data, all that a shell could have printed; behind its ZFIN, only those
    /// behind it.
    tail: Vec<u8>,
    /// Time of the far side's last bytes.
    last_far: Option<Instant>,
    /// Whether the far side has left before the end.
    far_gone: bool,
    cancel: Cancel,
    /// Each side's ZFIN.
    near_fin: FinMatcher,
    far_fin: FinMatcher,
    /// Number of `O` of the final `OO` that the near side has still to send.
    trailing_oo: usize,
}

impl Transfer {
    /// Creates the transfer that a whole header with a right CRC in these bytes offers.
    pub(super) fn begins(bytes: &[u8]) -> Option<Self> {
        let direction = header::offered(bytes)?;
        let phase = if direction == Direction::Up { Phase::Opening } else { Phase::Data };
        Some(Self {
            direction,
            phase,
            tail: Vec::new(),
            last_far: None,
            far_gone: false,
            cancel: Cancel::Cans(0),
            near_fin: FinMatcher::default(),
            far_fin: FinMatcher::default(),
            trailing_oo: if direction == Direction::Up { OVER_AND_OUT.len() } else { 0 },
        })
    }

    /// Takes bytes of the far side. Returns the number of those that the near side gets: none behind both ZFINs.
    pub(super) fn push_far(&mut self, now: Instant, bytes: &[u8]) -> usize {
        if self.is_over() {
            return 0;
        }
        self.last_far = Some(now);
        let end = self.match_far_fin(bytes);
        if self.is_over() {
            return end;
        }
        self.tail.extend_from_slice(&bytes[end..]);
        let kept = if self.phase == Phase::Opening || self.far_fin.is_whole() { OPENING_LEN } else { TAIL_LEN };
        // A far side that ends after the near side's cancel has not left by itself.
        if self.direction == Direction::Up && !self.is_cancelled() && self.far_shell_answers(kept) {
            self.far_gone = true;
        }
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

    /// Whether a prompt, or echoes of data within `kept` bytes, show that the far shell answers. A receiver sends only
    /// headers and a few words.
    fn far_shell_answers(&self, kept: usize) -> bool {
        // The places of the last echoes; the tail has more bytes than are kept when a long piece has come.
        let (mut last, mut count) = ([0; ECHOES], 0);
        let mut echoes = memmem::find_iter(&self.tail, ECHOED_CAN);
        let echoed = echoes.any(|at| {
            last[count % ECHOES] = at;
            count += 1;
            count >= ECHOES && at + ECHOED_CAN.len() - last[count % ECHOES] <= kept
        });
        echoed || memmem::find(&self.tail, PROMPTS).is_some()
    }

    /// Takes bytes that the near side wrote. Returns those that are to be typed: none behind a cancel, and behind the end
    /// only those that belong to it.
    pub(super) fn filter_near(&mut self, bytes: &[u8]) -> Vec<u8> {
        if self.far_gone {
            return Vec::new();
        }
        let typed: Vec<u8> = bytes.iter().copied().filter(|&byte| self.is_typed(byte)).collect();
        if !typed.iter().all(|&byte| is_opening_byte(byte)) {
            self.phase = Phase::Data;
        }
        typed
    }

    /// Takes the next byte that the near side wrote. Returns whether it is typed.
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

    /// Whether `byte`, which the near side wrote behind both ZFINs, ends its header's line or belongs to its `OO`.
    fn is_trailer(&mut self, byte: u8) -> bool {
        let ends_line = self.near_fin.is_line_feed(byte);
        self.near_fin.push(byte);
        let is_owed = byte == b'O' && self.trailing_oo > 0;
        self.trailing_oo -= usize::from(is_owed);
        ends_line || is_owed
    }

    fn is_cancelled(&self) -> bool {
        !matches!(self.cancel, Cancel::Cans(_))
    }

    /// Whether the transfer has succeeded: both sides have sent ZFIN. A receiver sends it only in answer to the sender's.
    pub(super) fn is_over(&self) -> bool {
        self.near_fin.is_whole() && (self.direction == Direction::Down || self.far_fin.is_whole())
    }

    /// Returns the last input of the near side, so that it does not wait: the end of the header's line, and `OO` for a
    /// receiver.
    pub(super) fn last_input(&self) -> &'static [u8] {
        if self.direction == Direction::Up { b"\n" } else { OVER_AND_OUT }
    }

    /// Returns the far side's bytes behind its ZFIN that came before the near side's.
    pub(super) fn behind_far_fin(&self) -> &[u8] {
        if self.far_fin.is_whole() { &self.tail } else { &[] }
    }

    /// Returns a filter for the trailer that the far side may send after the near side's successful exit. A far receiver
    /// repeats ZFIN while it waits for `OO`.
    pub(super) fn trailer(&self, now: Instant) -> Option<TrailerFilter> {
        (self.direction == Direction::Up || self.is_over()).then(|| TrailerFilter::new(now, self.direction))
    }

    /// Returns whether the far side has left by `now`.
    pub(super) fn tick(&mut self, now: Instant) -> bool {
        if self.deadline().is_some_and(|at| now >= at) {
            self.far_gone = true;
            self.last_far = None;
        }
        self.far_gone
    }

    /// Returns when `tick` may find that the far side has left.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let patience = self.patience()?;
        (!self.far_gone && !self.is_over()).then_some(self.last_far? + patience)
    }

    /// Returns the time for which the far side may be quiet behind its last bytes; `None` where those are no prompt.
    fn patience(&self) -> Option<Duration> {
        let behind = memrchr(CAN, &self.tail).map_or(&self.tail[..], |at| &self.tail[at + 1..]);
        if memmem::find(behind, PROMPTS).is_some() {
            return Some(QUIET);
        }
        let line = &behind[memrchr(b'\n', behind)? + 1..];
        let text = !line.is_empty() && line.iter().all(|byte| matches!(byte, b' '..=b'~' | 0x1b));
        (text && matches!(line.last(), Some(b' ' | b'$' | b'#' | b'>' | b'%'))).then_some(LONG_QUIET)
    }

    /// Starts the recovery after the near side has failed, since bytes of the far side may be no protocol from now on.
    pub(super) fn fail(&mut self, now: Instant) -> Recovery {
        self.last_far = None;
        let far = match (self.direction, self.far_gone, self.phase) {
            (Direction::Down, _, _) => FarState::Sender,
            (Direction::Up, false, Phase::Opening) => FarState::ReceiverNoData,
            (Direction::Up, true, Phase::Opening) => FarState::ShellNoData,
            (Direction::Up, false, Phase::Data) => FarState::Receiver,
            (Direction::Up, true, Phase::Data) => FarState::Shell { interrupts: INTERRUPTS },
        };
        let mut recovery = Recovery::new(now, far);
        recovery.push(now, &self.tail);
        recovery
    }

    /// Returns the bytes to type after the near side has failed: a cancel for a waiting far side, unless one was sent.
    pub(super) fn cancel_sequence(&self) -> &'static [u8] {
        if self.far_gone || self.is_cancelled() { b"" } else { CANCEL_SEQUENCE }
    }
}

/// Whether a sender sends `byte` before data: in `rz` and Enter, hexadecimal headers, a cancel. Everything else, the file's
/// name first of all, contains another byte.
fn is_opening_byte(byte: u8) -> bool {
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

    /// Returns whether the far side has left after these bytes.
    fn gone(transfer: &mut Transfer, bytes: &[u8]) -> bool {
        transfer.push_far(Instant::now(), bytes);
        transfer.is_far_gone()
    }

    #[test]
    fn transfer_begins_with_whole_header_and_right_crc() {
        assert_eq!(up().direction, Direction::Up);
        assert_eq!(Transfer::begins(SENDS).map(|transfer| transfer.direction), Some(Direction::Down));
        for not in [&b"**\x18B0100000023be51\r"[..], b"**\x18B01000000", b"**B0100000023be50", b"rz waiting"] {
            assert!(Transfer::begins(not).is_none(), "{not:?}");
        }
    }

    #[test]
    fn nothing_is_typed_behind_cancel_at_every_split() {
        let bytes = b"da\x18Mta\x18\x18\x18\x18\x18\x18\x08\x08\x08\x18\x18\x18\x18\x18\x08more data";
        crate::core::split::at_every_split(bytes, |pieces| {
            let mut transfer = up();
            let typed: Vec<u8> = pieces.iter().flat_map(|piece| transfer.filter_near(piece)).collect();
            assert_eq!(typed, b"da\x18Mta\x18\x18\x18\x18\x18\x18\x08\x08\x08");
            assert_eq!(transfer.cancel_sequence(), b"");
        });
    }

    /// Runs a transfer to its end, with the far side's ZFIN in these pieces. Returns the near side's input, and the transfer.
    fn ended(offer: &[u8], near: &[u8], far: &[&[u8]]) -> (Vec<u8>, Transfer) {
        let mut transfer = Transfer::begins(offer).expect("an offer");
        let up = transfer.direction == Direction::Up;
        if up {
            transfer.filter_near(near);
        }
        let given = far.iter().flat_map(|piece| piece[..transfer.push_far(Instant::now(), piece)].to_vec()).collect();
        if !up {
            transfer.filter_near(near);
        }
        (given, transfer)
    }

    #[test]
    fn transfer_is_over_behind_both_fins_at_every_split() {
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
    fn receiver_that_has_sent_fin_first_is_given_nothing_at_every_split() {
        crate::core::split::at_every_split(&[b"$ ", FIN, b"OO"].concat(), |pieces| {
            let mut transfer = Transfer::begins(SENDS).expect("sz offers to send");
            transfer.filter_near(FIN);
            let given: usize = pieces.iter().map(|piece| transfer.push_far(Instant::now(), piece)).sum();
            assert_eq!(given, 0);
        });
    }

    #[test]
    fn only_own_trailer_is_typed_behind_the_end() {
        crate::core::split::at_every_split(&[b"\x8a", FIN, b"OO", FIN, b"\x18\x18OO\r"].concat(), |pieces| {
            let (_, mut transfer) = ended(RECEIVES, &FIN[..FIN.len() - 1], &[FIN]);
            let typed: Vec<u8> = pieces.iter().flat_map(|piece| transfer.filter_near(piece)).collect();
            assert_eq!(typed, b"\x8aOO");
        });
        crate::core::split::at_every_split(&[FIN, b"\n", FIN, b"OO\r"].concat(), |pieces| {
            let (_, mut transfer) = ended(SENDS, b"", &[FIN]);
            let typed: Vec<u8> = pieces.iter().flat_map(|piece| transfer.filter_near(piece)).collect();
            assert_eq!(typed, FIN);
        });
    }

    /// `sz -e` sends the bytes `**`, 0x02, digits and CR of a file like this.
    #[test]
    fn fin_in_escaped_data_is_no_end() {
        let (_, mut transfer) = ended(RECEIVES, b"**\x18B0800000000022d\x18M\x18\xca", &[FIN]);
        assert!(!transfer.is_over());
        assert_eq!(transfer.filter_near(b"data"), b"data");
        assert!(gone(&mut transfer, b"\x1b[?2004h$ "));
    }

    #[test]
    fn far_receiver_has_left_when_its_shell_answers() {
        let now = Instant::now();
        let mut transfer = up();
        transfer.filter_near(b"*\x18Cdata");
        assert!(!gone(&mut transfer, b"**\x18B0900000000a87c\r\x8a\x11"));
        assert!(!gone(&mut transfer, b"rz: caught signal 15; exiting\r\n\x1b[?20"));
        assert!(gone(&mut transfer, b"04h$ "));
        assert!(transfer.filter_near(b"data").is_empty());
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
    fn scattered_echoes_are_no_answer_at_every_split() {
        for (gap, answers) in [((TAIL_LEN - 2) / 7 - 2, true), ((TAIL_LEN - 2) / 7 - 1, false)] {
            let far = [ECHOED_CAN, &b".".repeat(gap)].concat().repeat(ECHOES + 1);
            crate::core::split::at_every_split(&far, |pieces| {
                let mut transfer = up();
                transfer.filter_near(b"*\x18Cdata");
                pieces.iter().for_each(|piece| {
                    transfer.push_far(Instant::now(), piece);
                });
                assert_eq!(transfer.is_far_gone(), answers, "{gap}");
            });
        }
    }

    #[test]
    fn shell_without_typed_data_is_not_interrupted() {
        let now = Instant::now();
        let mut transfer = up();
        transfer.filter_near(b"rz\r**\x18B00000000000000\r\x8a\x11");
        assert!(gone(&mut transfer, b"rz: caught signal 15; exiting\r\n\x1b[?2004h$ "));
        let mut recovery = transfer.fail(now);
        let shown = b"rz: caught signal 15; exiting\r\n\x1b[?2004h$ ".to_vec();
        assert_eq!(recovery.step(now, false), RecoveryStep::End(shown, b""));
    }

    #[test]
    fn far_side_ending_after_cancel_has_not_left_by_itself() {
        let now = Instant::now();
        let mut transfer = up();
        transfer.filter_near(CANCEL_SEQUENCE);
        transfer.push_far(now, b"\x1b[?2004h$ ");
        assert!(!transfer.is_far_gone());
        assert_eq!(transfer.deadline(), Some(now + QUIET), "unless this side stays");
    }

    #[test]
    fn far_sender_has_left_when_prompt_follows_data() {
        let now = Instant::now();
        let mut transfer = Transfer::begins(SENDS).expect("sz offers to send");
        transfer.push_far(now, b"\x18Kdata\x18Jsz: caught signal 15; exiting\r\n\x1b[?2004h$ ");
        assert!(!transfer.tick(now));
        assert_eq!(transfer.deadline(), Some(now + QUIET));
        assert!(transfer.tick(now + QUIET));
    }

    #[test]
    fn slow_sender_has_not_left() {
        let now = Instant::now();
        let mut transfer = Transfer::begins(SENDS).expect("sz offers to send");
        transfer.push_far(now, b"plain text with a \x18J in it, and then the network stalls");
        assert_eq!(transfer.deadline(), None);
    }
}
