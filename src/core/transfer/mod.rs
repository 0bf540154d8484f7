//! Follows a ZMODEM transfer by a silent coprocess (`sz` or `rz`), so that its end is known by its frames, and a broken one
//! leaves the shell usable and no protocol bytes on the screen. It takes no part in the protocol. "Near" is the coprocess,
//! "far" the program in the shell.
//!
//! Observed behaviour of lrzsz 0.12 when it is stopped: the cancel sequence, ten CAN and ten BS, overtakes bytes in its
//! stdio buffer, so that data follows the cancel. A far side that dies of a signal sends no cancel, only its shell's prompt
//! follows; the near side would go on typing data there, or a header after 10 s.

mod far_shell;
mod files;
mod header;
mod interrupts;
mod messages;
mod near_end;
mod offer;
mod peer_stream;
mod recovery;
mod swallowed;
#[cfg(test)]
mod tests;
mod text;
mod trailer;

use std::time::{Duration, Instant};

use super::event::{Cx, Effect};
use crate::wire::zmodem::escape::Escaping;
use crate::wire::zmodem::header::{FrameHeader, FrameType, HeaderForm};
use crate::wire::zmodem::{CANCEL_SEQUENCE, OVER_AND_OUT};

use far_shell::FarShell;
use files::FileLog;
pub(super) use header::Direction;
pub(super) use interrupts::INTERRUPT;
use messages::Messages;
use near_end::NearEnd;
pub(super) use offer::{OfferFinder, TransferOffer};
use peer_stream::{PeerStream, StreamPart};
use recovery::FarState;
pub(super) use recovery::{Recovery, RecoveryStep};
pub(super) use swallowed::SwallowedOffers;
pub(super) use trailer::TrailerFilter;

/// Number of the far side's last bytes that are kept for the recovery.
const TAIL_LEN: usize = 512;
/// Number of bytes kept before there is data, since the shell may have printed them.
const OPENING_LEN: usize = 32 * 1024;

/// Reason why a transfer cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TransferFault {
    /// The far side has left: its shell answers.
    FarGone,
    /// Both sides wait to receive.
    BothReceive,
    /// Both sides send.
    BothSend,
}

/// A running transfer.
#[derive(Debug)]
pub(super) struct Transfer {
    direction: Direction,
    near: PeerStream,
    far: PeerStream,
    near_end: NearEnd,
    far_shell: FarShell,
    /// Whether the far side has cancelled by itself: what the near side went on typing is its shell's.
    far_cancelled_first: bool,
    fault: Option<TransferFault>,
    files: FileLog,
    messages: Messages,
    /// Last bytes of the far side: before there is data, all that a shell could have printed; behind its ZFIN, only those
    /// behind it.
    tail: Vec<u8>,
}

impl Transfer {
    /// Creates the transfer that a whole header with a right CRC in these bytes offers.
    pub(super) fn begins(now: Instant, bytes: &[u8]) -> Option<Self> {
        let (at, direction) = header::offered(bytes)?;
        let sends = direction == Direction::Up;
        let mut transfer = Self {
            direction,
            near: PeerStream::new(sends),
            far: PeerStream::new(!sends),
            near_end: NearEnd::new(sends),
            far_shell: FarShell::new(now),
            far_cancelled_first: false,
            fault: None,
            files: FileLog::new(now),
            messages: Messages::default(),
            tail: Vec::new(),
        };
        transfer.push_far(now, &bytes[at..]);
        // Only what follows the header is the recovery's.
        transfer.tail.clear();
        Some(transfer)
    }

    /// Takes bytes of the far side. Returns the number of those that the near side gets: none behind both ZFINs.
    pub(super) fn push_far(&mut self, now: Instant, bytes: &[u8]) -> usize {
        if self.is_over() {
            return 0;
        }
        if self.far.fin {
            push_bounded(&mut self.tail, bytes, OPENING_LEN);
            return bytes.len();
        }
        let (mut rest, mut frame_end) = (bytes, 0);
        while !self.far.fin {
            match self.far.next(&mut rest) {
                None => break,
                Some(StreamPart::Outside(text)) => {
                    self.messages.push(text);
                    if self.far_shell.prints(now, text) {
                        self.far_gone();
                    }
                    continue;
                }
                Some(StreamPart::Broken) => continue,
                Some(StreamPart::Cancel) => self.far_cancelled_first |= !self.near.cancelled,
                Some(part) if self.direction == Direction::Up => self.files.received(part),
                Some(part) => self.files.sent(now, part),
            }
            frame_end = bytes.len() - rest.len();
            self.messages.end_line();
            self.far_shell.has_sent_frame();
        }
        if self.far.fin {
            self.tail.clear();
            if self.is_over() {
                return frame_end;
            }
            push_bounded(&mut self.tail, rest, OPENING_LEN);
            return bytes.len();
        }
        let kept = if self.has_data() { TAIL_LEN } else { OPENING_LEN };
        push_bounded(&mut self.tail, bytes, kept);
        if self.far_shell.echoes_header(now, &bytes[frame_end..]) {
            self.far_gone();
        }
        bytes.len()
    }

    /// Takes note that the far side has left, unless a side has cancelled: then it has not left by itself.
    fn far_gone(&mut self) {
        if !self.near.cancelled && !self.far.cancelled {
            self.fault.get_or_insert(TransferFault::FarGone);
        }
    }

    /// Returns why the transfer cannot go on.
    pub(super) fn fault(&self) -> Option<TransferFault> {
        self.fault
    }

    /// Returns whether data has been sent, or may have been, so that not all of the far side's bytes are headers and text.
    fn has_data(&self) -> bool {
        self.direction == Direction::Down || self.near.has_data
    }

    /// Takes bytes that the near side wrote. Returns those that are to be typed: none behind a cancel, and behind the end
    /// only those that belong to it.
    pub(super) fn filter_near(&mut self, now: Instant, bytes: &[u8]) -> Vec<u8> {
        let (mut typed, mut rest) = (Vec::with_capacity(bytes.len()), bytes);
        while !rest.is_empty() && self.fault.is_none() {
            let (before, was_over) = (rest, self.is_over());
            let part = self.near.next(&mut rest);
            let taken = &before[..before.len() - rest.len()];
            self.near_end.filter(taken, part, was_over, &mut typed);
            let (mut header, mut is_other) = (None, false);
            match part {
                // A sender begins with the command that starts a receiver.
                Some(StreamPart::Outside(text)) => is_other = !text.iter().all(|byte| b"rz\r\n".contains(byte)),
                Some(StreamPart::Broken) => is_other = true,
                Some(part) => {
                    header = part.header();
                    match self.direction {
                        Direction::Up => self.files.sent(now, part),
                        Direction::Down => self.files.received(part),
                    }
                }
                None => {}
            }
            self.near.has_data |= is_other;
            header.into_iter().for_each(|header| self.near_sent(header));
        }
        // The far side would take the header of its own role for an answer.
        if matches!(self.fault, Some(TransferFault::BothReceive | TransferFault::BothSend)) {
            Vec::new()
        } else {
            typed
        }
    }

    /// Takes note of a header of the near side.
    fn near_sent(&mut self, header: FrameHeader) {
        self.far_shell.near_sent(digits(header));
        self.fault = match (self.direction, self.near.first) {
            (Direction::Up, Some(FrameType::ZRInit)) => Some(TransferFault::BothReceive),
            (Direction::Down, Some(FrameType::ZRqInit)) => Some(TransferFault::BothSend),
            _ => self.fault,
        };
    }

    /// Whether the transfer has succeeded: both sides have sent ZFIN. A receiver sends it only in answer to the sender's.
    pub(super) fn is_over(&self) -> bool {
        self.near.fin && (self.direction == Direction::Down || self.far.fin)
    }

    /// Returns whether the near side has sent ZFIN.
    pub(super) fn has_told_end(&self) -> bool {
        self.near.fin
    }

    /// Returns the last input of the near side, so that it does not wait: the end of the header's line, and `OO` for a
    /// receiver.
    pub(super) fn last_input(&self) -> &'static [u8] {
        if self.direction == Direction::Up { b"\r\n" } else { OVER_AND_OUT }
    }

    /// Returns the far side's bytes behind its ZFIN that came before the near side's.
    pub(super) fn behind_far_fin(&self) -> &[u8] {
        if self.far.fin { &self.tail } else { &[] }
    }

    /// Returns a filter for the trailer that the far side may send after the near side's successful exit. A far receiver
    /// repeats ZFIN while it waits for `OO`.
    pub(super) fn trailer(&self, now: Instant) -> Option<TrailerFilter> {
        (self.direction == Direction::Up || self.is_over()).then(|| TrailerFilter::new(now, self.direction))
    }

    /// Returns the text that the far side printed between its frames.
    pub(super) fn messages(&self) -> Vec<u8> {
        self.messages.shown()
    }

    /// Returns the progress of the file that moves, if one does.
    pub(super) fn progress(&self, now: Instant) -> Option<String> {
        self.files.progress(now)
    }

    /// Returns a sentence about what was moved, if anything was.
    pub(super) fn moved(&self, now: Instant) -> Option<String> {
        self.files.moved(now, if self.direction == Direction::Up { "sent" } else { "received" })
    }

    /// Returns the time since the beginning.
    pub(super) fn elapsed(&self, now: Instant) -> Duration {
        self.files.elapsed(now)
    }

    /// Returns a sentence about the files that were refused, if there are any. `name` is the near program.
    pub(super) fn refused(&self, name: &str) -> Option<String> {
        let files = self.files.refused()?;
        Some(match self.direction {
            Direction::Up => format!("the other side refused {files}: it has such a file, or cannot write it"),
            Direction::Down => format!("{name} refused {files}: there is such a file, or it cannot be written"),
        })
    }

    /// Does what is due by now. It asks for the foreground process group of the pty while the far side is quiet.
    pub(super) fn tick(&mut self, cx: &mut Cx<'_>) {
        if self.fault.is_some() || self.is_over() {
            return;
        }
        if self.far_shell.prompt_due(self.near.first.is_some()).is_some_and(|at| cx.now >= at) {
            self.fault = Some(TransferFault::FarGone);
        } else if self.far_shell.is_look_due(cx.now) {
            cx.push(Effect::QueryPty);
        }
    }

    /// Takes the foreground process group of the pty: with another one, the far program has ended.
    pub(super) fn pty_group(&mut self, group: i32) {
        let is_other = self.far_shell.has_other_group(group);
        if is_other && !self.is_over() && !self.far.fin {
            self.far_gone();
        }
    }

    /// Returns when `tick` has something to do.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let due = [self.far_shell.prompt_due(self.near.first.is_some()), Some(self.far_shell.next_look())];
        if self.fault.is_some() || self.is_over() { None } else { due.into_iter().flatten().min() }
    }

    /// Starts the recovery after the near side has failed, since bytes of the far side may be no protocol from now on.
    pub(super) fn fail(&self, now: Instant) -> Recovery {
        let far_gone = self.fault == Some(TransferFault::FarGone);
        let far = match (self.direction, self.near.has_data) {
            (Direction::Down, _) => FarState::Sender,
            (Direction::Up, false) if far_gone => FarState::ShellNoData,
            (Direction::Up, false) => FarState::ReceiverNoData,
            (Direction::Up, true) if far_gone || self.far_cancelled_first => FarState::Shell,
            (Direction::Up, true) => FarState::Receiver,
        };
        // Where no data was sent, all text is in the tail.
        let messages = if self.has_data() { self.messages.clone() } else { Messages::default() };
        Recovery::new(now, far, self.far.clone(), &self.tail, messages, self.far_shell.is_in_front())
    }

    /// Takes note that bytes of the near side were not typed. Its cancel may be among them.
    pub(super) fn near_was_cut(&mut self) {
        self.near.cancelled = false;
    }

    /// Returns the bytes to type after the near side has failed: a cancel for a waiting far side, unless either has sent one.
    pub(super) fn cancel_sequence(&self) -> &'static [u8] {
        let was_told = self.fault == Some(TransferFault::FarGone) || self.near.cancelled || self.far.cancelled;
        if was_told { b"" } else { CANCEL_SEQUENCE }
    }
}

/// Returns the digits in which a header is written.
fn digits(header: FrameHeader) -> Vec<u8> {
    let mut bytes = Vec::new();
    header.append(HeaderForm::Hex, Escaping::Needed, &mut bytes);
    bytes[header::START.len()..][..header::DIGITS].to_vec()
}

/// Appends `bytes`, and drops the first so that at most `most` remain.
fn push_bounded(buffer: &mut Vec<u8>, bytes: &[u8], most: usize) {
    let bytes = &bytes[bytes.len().saturating_sub(most)..];
    buffer.drain(..(buffer.len() + bytes.len()).saturating_sub(most));
    buffer.extend_from_slice(bytes);
}
