//! The sending side.

use std::time::{Duration, Instant};

use super::offer::FileOffer;
use super::outbox::Outbox;
use super::patience::{Due, Patience};
use super::subpackets::subpackets;
use super::window::Window;
use super::{InterruptKey, SessionEnd, Violation};
use crate::wire::zmodem::escape::Escaping;
use crate::wire::zmodem::header::{
    CANFC32, CANFDX, CANOVIO, ESCCTL, FrameHeader, FrameType, HeaderForm, ZCBIN, ZCRECOV, ZMCLOB, ZMPROT,
};
use crate::wire::zmodem::reader::{FrameEvent, FrameReader};
use crate::wire::zmodem::subpacket::{self, SubpacketEnd};
use crate::wire::zmodem::{CANCEL_SEQUENCE, OVER_AND_OUT};

/// Number of bytes that wait to be written above which no more data is asked for.
const OUT_MAX: usize = 32 * 1024;
/// Maximum number of bytes of the file that are asked for at once.
const READ_MAX: u32 = 32 * 1024;
/// Time within which the same position, asked again, is about data that was in flight. It is longer where answers take long.
const CROSSING_MIN: Duration = Duration::from_millis(500);
/// Time after which ZRINIT in place of an answer to an offer means that the offer was lost. One that comes sooner may have crossed
/// it.
const OFFER_LOST: Duration = Duration::from_secs(2);
/// The same time where no byte of the receiver has had its high bit: an offer too many does less harm than to wait on a
/// connection that passes seven bits.
const OFFER_LOST_PLAIN: Duration = Duration::from_millis(500);
/// Time for which such a receiver has read no offer behind which the connection is taken to pass seven bits. lrzsz's receiver
/// answers two offers, and then waits for YMODEM.
const SEVEN_BIT_TIME: Duration = OFFER_LOST_PLAIN.saturating_mul(2);
/// Time to wait for the receiver's ZFIN, which says no more than that it has left.
const LAST_WAIT: Duration = Duration::from_secs(25);
/// Length of a frame for a receiver that tells no length of its buffer, but cannot receive while it sends or writes its file.
const SHORT_FRAME: u32 = 8 * 1024;
/// Ends data that was cut off at any place, so that the receiver finds the header behind it: bytes that complete a false header
/// (`subpackets`), the end of a subpacket, and a wrong check value, behind which some of the asterisks are left.
const CUT: &[u8] = b"---------\x18h************";

/// What a sender asks of the receiver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SenderOptions {
    /// Whether only what the protocol requires is escaped, not all control characters.
    pub escapes_least: bool,
    /// Whether a part of a file is continued.
    pub resumes: bool,
    /// Whether existing files are overwritten.
    pub overwrites: bool,
    /// Whether existing files are kept.
    pub protects: bool,
}

/// What has become of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFate {
    /// The receiver has it.
    Received,
    /// The receiver does not want it.
    Skipped,
    /// The receiver cannot store it.
    Failed,
}

/// What the caller does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SenderStep {
    /// Call `next` again.
    Continue,
    /// The receiver is ready: call `offer`, or `finish` where there is no further file.
    Ready,
    /// Give the CRC-32 of the first bytes of the file by `compared`: this number of them, all for 0.
    Compare(u32),
    /// The receiver wants the file from this position on.
    Start(u32),
    /// The file is done: call `offer` or `finish`.
    FileEnd(FileFate),
}

/// What the sender needs from the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    /// Bytes from this position on, at most this number; give them by `data`.
    Data(u32, u32),
    /// All data was sent: call `complete`, if the file is still the same.
    Check,
}

/// State between the two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SenderStage {
    /// ZRQINIT was sent.
    Greeting,
    /// The caller offers a file or ends the session.
    Waiting,
    /// ZFILE was sent at that time.
    Offered(Instant),
    /// Data is sent.
    Sending,
    /// All data was sent.
    Checking,
    /// ZEOF was sent.
    Complete,
    /// ZFIN was sent; the receiver's is expected until then.
    Last(Instant),
    Ended(SessionEnd),
}

/// The sending side of a session.
#[derive(Debug)]
pub struct Sender {
    reader: FrameReader,
    options: SenderOptions,
    out: Outbox,
    stage: SenderStage,
    patience: Patience,
    interrupt: InterruptKey,
    escaping: Escaping,
    form: HeaderForm,
    /// Maximum length of a frame, behind which the sender waits for ZACK.
    frame_max: Option<u32>,
    window: Window,
    offer: FileOffer,
    size: u32,
    /// Position up to which data was sent, and the one up to which it was acknowledged.
    sent: u32,
    acked: u32,
    /// Position of the frame that is sent, and when it was begun.
    frame: (u32, Instant),
    /// Whether the sender waits for ZACK at the end of a frame.
    awaits_ack: bool,
    /// Whether a byte has had its high bit, as the end of a hexadecimal header has from lrzsz and from coshell.
    has_high_bit: bool,
    /// Whether the receiver's last header says that it has read no offer, and when the first offer was sent that was repeated
    /// because of that.
    is_offer_unread: bool,
    unread_since: Option<Instant>,
}

impl Sender {
    /// Creates a sender, which has ZRQINIT to send.
    pub fn new(now: Instant, options: SenderOptions) -> Self {
        let escaping = if options.escapes_least { Escaping::Needed } else { Escaping::Controls };
        let mut sender = Self {
            reader: FrameReader::of_receiver(),
            options,
            out: Outbox::default(),
            stage: SenderStage::Greeting,
            patience: Patience::new(now),
            interrupt: InterruptKey::default(),
            escaping,
            form: HeaderForm::Binary16,
            frame_max: None,
            window: Window::new(),
            offer: FileOffer::default(),
            size: 0,
            sent: 0,
            acked: 0,
            frame: (0, now),
            awaits_ack: false,
            has_high_bit: false,
            is_offer_unread: false,
            unread_since: None,
        };
        // Starts `rz` where a shell reads this.
        sender.out.replace(b"rz\r");
        sender.send_hex(FrameHeader::at(FrameType::ZRqInit, 0));
        sender
    }

    /// Takes bytes of the receiver from the front of `bytes`; returns the next step, `None` when all are taken.
    pub fn next(&mut self, now: Instant, bytes: &mut &[u8]) -> Option<SenderStep> {
        if self.end().is_some() {
            return None;
        }
        self.has_high_bit = self.has_high_bit || !bytes.is_ascii();
        let header = match self.reader.next(bytes)? {
            FrameEvent::Header(header) => header,
            FrameEvent::Cancel => {
                self.stage = SenderStage::Ended(SessionEnd::CancelledThere);
                return Some(SenderStep::Continue);
            }
            FrameEvent::Outside(text) if self.stage == SenderStage::Greeting && self.interrupt.is_in(text) => {
                self.stop(SessionEnd::Interrupted);
                return Some(SenderStep::Continue);
            }
            // The answer to ZFIN, which a receiver that has left cannot repeat.
            FrameEvent::BrokenHeader if matches!(self.stage, SenderStage::Last(_)) => {
                self.repeat(now);
                return Some(SenderStep::Continue);
            }
            _ => return Some(SenderStep::Continue),
        };
        Some(self.header(now, header))
    }

    fn header(&mut self, now: Instant, header: FrameHeader) -> SenderStep {
        self.is_offer_unread =
            matches!((header.frame, self.stage), (FrameType::ZRInit | FrameType::ZNak, SenderStage::Offered(_)));
        match (header.frame, self.stage) {
            (FrameType::ZRInit, SenderStage::Greeting) => return self.ready(now, header),
            (FrameType::ZNak, SenderStage::Offered(since)) => self.offer_again(now, since),
            (FrameType::ZRInit, SenderStage::Offered(since)) if now >= since + self.offer_lost() => {
                self.offer_again(now, since);
            }
            (FrameType::ZRInit, SenderStage::Complete) => return self.file_ends(now, FileFate::Received),
            (FrameType::ZRInit, SenderStage::Last(_)) | (FrameType::ZNak, _) => self.repeat(now),
            (FrameType::ZChallenge, _) => self.send_hex(FrameHeader { frame: FrameType::ZAck, ..header }),
            (FrameType::ZCrc, SenderStage::Offered(_)) => {
                self.patience.progress(now);
                return SenderStep::Compare(header.position());
            }
            (
                FrameType::ZRPos,
                SenderStage::Offered(_) | SenderStage::Sending | SenderStage::Checking | SenderStage::Complete,
            ) => {
                return self.begin_at(now, header.position());
            }
            (FrameType::ZAck, SenderStage::Sending | SenderStage::Checking | SenderStage::Complete) => {
                self.acknowledge(now, header.position());
            }
            (
                FrameType::ZSkip | FrameType::ZFErr,
                SenderStage::Offered(_) | SenderStage::Sending | SenderStage::Checking | SenderStage::Complete,
            ) => {
                let fate = if header.frame == FrameType::ZSkip { FileFate::Skipped } else { FileFate::Failed };
                return self.file_ends(now, fate);
            }
            (FrameType::ZFin, SenderStage::Last(_)) => {
                self.out.end().extend_from_slice(OVER_AND_OUT);
                self.stage = SenderStage::Ended(SessionEnd::Done);
            }
            (FrameType::ZFin | FrameType::ZAbort | FrameType::ZCan, _) => {
                self.stage = SenderStage::Ended(SessionEnd::CancelledThere);
            }
            _ => {}
        }
        SenderStep::Continue
    }

    fn ready(&mut self, now: Instant, header: FrameHeader) -> SenderStep {
        let (flags, _) = header.flags();
        if flags & CANFC32 != 0 {
            self.form = HeaderForm::Binary32;
        }
        if flags & ESCCTL != 0 {
            self.escaping = Escaping::Controls;
        }
        let buffer = u32::from(u16::from_le_bytes([header.bytes[0], header.bytes[1]]));
        let streams = flags & (CANFDX | CANOVIO) == CANFDX | CANOVIO;
        self.frame_max = match buffer {
            0 if streams => None,
            0 => Some(SHORT_FRAME),
            length => Some(length),
        };
        self.stage = SenderStage::Waiting;
        self.patience.progress(now);
        SenderStep::Ready
    }

    /// Offers a file, whose size is at most `MAX_SIZE`.
    pub fn offer(&mut self, now: Instant, offer: FileOffer) {
        if self.end().is_some() {
            return;
        }
        let size = offer.size.unwrap_or(0);
        self.size = u32::try_from(size).unwrap_or(u32::MAX);
        self.offer = offer;
        (self.sent, self.acked) = (0, 0);
        self.unread_since = None;
        self.patience.progress(now);
        self.send_offer(now);
    }

    fn send_offer(&mut self, now: Instant) {
        let conversion = if self.options.resumes { ZCRECOV } else { ZCBIN };
        let management = match self.options {
            SenderOptions { overwrites: true, .. } => ZMCLOB,
            SenderOptions { protects: true, .. } => ZMPROT,
            _ => 0,
        };
        self.send(FrameHeader::with_flags(FrameType::ZFile, conversion, management));
        let data = self.offer.write();
        subpacket::append(&data, SubpacketEnd::FrameEndAck, self.form, self.escaping, self.out.end());
        self.stage = SenderStage::Offered(now);
    }

    /// Repeats the offer that was sent at `since`, and that the receiver has not read.
    fn offer_again(&mut self, now: Instant, since: Instant) {
        self.is_offer_unread = false;
        let unread_since = *self.unread_since.get_or_insert(since);
        if now >= unread_since + SEVEN_BIT_TIME && !self.has_high_bit {
            self.stop(SessionEnd::SevenBits);
        } else {
            self.send_offer(now);
        }
    }

    /// Returns the time after which ZRINIT says that the offer was not read.
    fn offer_lost(&self) -> Duration {
        if self.has_high_bit { OFFER_LOST } else { OFFER_LOST_PLAIN }
    }

    /// Ends the session: there is no further file.
    pub fn finish(&mut self, now: Instant) {
        if self.end().is_none() {
            self.stage = SenderStage::Last(now + LAST_WAIT);
            self.patience.progress(now);
            self.send_hex(FrameHeader::at(FrameType::ZFin, 0));
        }
    }

    /// Answers `SenderStep::Compare`.
    pub fn compared(&mut self, crc: u32) {
        self.send_hex(FrameHeader::at(FrameType::ZCrc, crc));
    }

    fn begin_at(&mut self, now: Instant, position: u32) -> SenderStep {
        if position > self.size {
            self.stop(SessionEnd::Violated(Violation::BehindEnd));
            return SenderStep::Continue;
        }
        let is_first = matches!(self.stage, SenderStage::Offered(_));
        let (begun_at, begun) = self.frame;
        if !is_first {
            if position == begun_at
                && self.acked == begun_at
                && now < begun + CROSSING_MIN.max(2 * self.window.answer_time())
            {
                return SenderStep::Continue;
            }
            // Data behind a loss is sent again. The receiver would discard what of it still waits to be written here.
            self.drop_unwritten();
            if position < self.sent {
                self.window.lose();
            }
        }
        self.patience.progress(now);
        self.stage = SenderStage::Sending;
        self.acked = position;
        self.begin_frame(now, position);
        if is_first { SenderStep::Start(position) } else { SenderStep::Continue }
    }

    fn begin_frame(&mut self, now: Instant, position: u32) {
        self.sent = position;
        self.frame = (position, now);
        self.awaits_ack = false;
        self.window.restart(position);
        self.send(FrameHeader::at(FrameType::ZData, position));
        if position == self.size {
            subpacket::append(b"", SubpacketEnd::FrameEnd, self.form, self.escaping, self.out.end());
            self.stage = SenderStage::Checking;
        }
    }

    fn drop_unwritten(&mut self) {
        self.out.replace(CUT);
    }

    fn acknowledge(&mut self, now: Instant, position: u32) {
        if position > self.sent || position < self.acked {
            return;
        }
        self.window.acknowledge(position, position - self.acked, now);
        if position > self.acked {
            self.acked = position;
            self.patience.progress(now);
        }
        if self.awaits_ack && position == self.sent && self.stage == SenderStage::Sending {
            self.begin_frame(now, position);
        }
    }

    fn file_ends(&mut self, now: Instant, fate: FileFate) -> SenderStep {
        if self.stage == SenderStage::Sending {
            self.drop_unwritten();
        }
        self.stage = SenderStage::Waiting;
        self.patience.progress(now);
        SenderStep::FileEnd(fate)
    }

    /// Returns what is needed from the file now.
    pub fn demand(&self) -> Option<Demand> {
        match self.stage {
            SenderStage::Checking => Some(Demand::Check),
            SenderStage::Sending if self.pending().len() < OUT_MAX && !self.awaits_ack => {
                let room = match self.frame_room() {
                    None => self.window.room_to_ask(self.acked, self.sent),
                    Some(left) => self.window.room(self.acked, self.sent).min(left),
                };
                let len = room.min(READ_MAX).min(self.size - self.sent);
                (len > 0).then_some(Demand::Data(self.sent, len))
            }
            _ => None,
        }
    }

    /// Returns how much more the frame may hold; `None` if frames are not limited.
    fn frame_room(&self) -> Option<u32> {
        self.frame_max.map(|most| most - (self.sent - self.frame.0))
    }

    /// Returns whether the frame has to end here, for a receiver whose frames are limited: it acknowledges their end only, so
    /// that a frame cannot be longer than the window either.
    fn is_frame_full(&self) -> bool {
        self.frame_room().is_some_and(|left| left == 0 || self.window.room(self.acked, self.sent) == 0)
    }

    /// Takes data of the file from the position that was demanded, at most as much.
    pub fn data(&mut self, now: Instant, data: &[u8]) {
        for piece in subpackets(data) {
            // A subpacket has at most 1,024 bytes.
            self.sent += u32::try_from(piece.len()).unwrap_or(0);
            let end = if self.sent == self.size {
                self.stage = SenderStage::Checking;
                SubpacketEnd::FrameEnd
            } else if self.is_frame_full() {
                self.awaits_ack = true;
                // The window learns the time to the answer. A frame shorter than its steps is not measured.
                self.window.asks_at(self.acked, self.sent, now);
                SubpacketEnd::FrameEndAck
            } else if self.frame_max.is_none() && self.window.asks_at(self.acked, self.sent, now) {
                SubpacketEnd::GoesOnAck
            } else {
                SubpacketEnd::GoesOn
            };
            subpacket::append(piece, end, self.form, self.escaping, self.out.end());
        }
    }

    /// Says that the file ends behind the data that was sent.
    pub fn complete(&mut self) {
        if self.stage == SenderStage::Checking {
            self.stage = SenderStage::Complete;
            self.send(FrameHeader::at(FrameType::ZEof, self.size));
        }
    }

    /// Cancels the session.
    pub fn cancel(&mut self) {
        self.stop(SessionEnd::CancelledHere);
    }

    /// Takes the end of the input.
    pub fn close(&mut self) {
        self.stage = SenderStage::Ended(match self.stage {
            SenderStage::Ended(end) => end,
            // Every file was acknowledged.
            SenderStage::Last(_) => SessionEnd::Done,
            _ => SessionEnd::Closed,
        });
    }

    /// Returns how the session has ended, once it has.
    pub fn end(&self) -> Option<SessionEnd> {
        match self.stage {
            SenderStage::Ended(end) => Some(end),
            _ => None,
        }
    }

    /// Returns the position up to which the receiver may have the file.
    pub fn position(&self) -> u32 {
        self.sent
    }

    /// Returns how long nothing has gone on, once that is to be said.
    pub fn stalled_for(&self, now: Instant) -> Option<Duration> {
        self.patience.stalled_for(now)
    }

    /// Returns the bytes to write to the receiver.
    pub fn pending(&self) -> &[u8] {
        self.out.pending()
    }

    /// Records that the first `n` of these were written.
    pub fn wrote(&mut self, now: Instant, n: usize) {
        self.out.wrote(n);
        if n > 0 && self.stage == SenderStage::Sending {
            self.patience.progress(now);
        }
    }

    /// Returns when `tick` is due.
    pub fn deadline(&self) -> Option<Instant> {
        let patience = self.patience.deadline();
        match self.stage {
            SenderStage::Ended(_) => None,
            SenderStage::Last(until) => Some(until.min(patience)),
            SenderStage::Offered(since) if self.is_offer_unread => Some(patience.min(since + self.offer_lost())),
            _ => Some(patience),
        }
    }

    /// Does what is due at `now`.
    pub fn tick(&mut self, now: Instant) {
        match self.stage {
            SenderStage::Ended(_) => return,
            // Every file was acknowledged.
            SenderStage::Last(until) if now >= until => return self.stage = SenderStage::Ended(SessionEnd::Done),
            SenderStage::Offered(since) if self.is_offer_unread && now >= since + self.offer_lost() => {
                self.offer_again(now, since);
            }
            _ => {}
        }
        match self.patience.due(now) {
            // What waits to be written would only wait longer.
            Some(Due::Ask) if self.pending().is_empty() => self.repeat(now),
            Some(Due::GiveUp) if self.unread_since.is_some() && !self.has_high_bit => self.stop(SessionEnd::SevenBits),
            Some(Due::GiveUp) => self.stop(SessionEnd::TimedOut),
            Some(Due::GiveUpStart) => self.stop(SessionEnd::NotBegun),
            _ => {}
        }
    }

    /// Repeats what was sent last and not answered.
    fn repeat(&mut self, now: Instant) {
        match self.stage {
            SenderStage::Greeting => self.send_hex(FrameHeader::at(FrameType::ZRqInit, 0)),
            SenderStage::Offered(_) => self.send_offer(now),
            SenderStage::Sending => {
                // Ends the frame. The receiver acknowledges the empty one behind it, or says which position it has.
                subpacket::append(b"", SubpacketEnd::FrameEnd, self.form, self.escaping, self.out.end());
                self.send(FrameHeader::at(FrameType::ZData, self.sent));
                subpacket::append(b"", SubpacketEnd::FrameEndAck, self.form, self.escaping, self.out.end());
                self.awaits_ack = true;
            }
            SenderStage::Complete => self.send(FrameHeader::at(FrameType::ZEof, self.size)),
            SenderStage::Last(_) => self.send_hex(FrameHeader::at(FrameType::ZFin, 0)),
            SenderStage::Waiting | SenderStage::Checking | SenderStage::Ended(_) => {}
        }
    }

    fn send(&mut self, header: FrameHeader) {
        header.append(self.form, self.escaping, self.out.end());
    }

    fn send_hex(&mut self, header: FrameHeader) {
        header.append(HeaderForm::Hex, Escaping::Needed, self.out.end());
    }

    fn stop(&mut self, end: SessionEnd) {
        if self.end().is_none() {
            self.out.replace(CANCEL_SEQUENCE);
            self.stage = SenderStage::Ended(end);
        }
    }
}
