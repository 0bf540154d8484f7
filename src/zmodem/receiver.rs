//! The receiving side.

use std::time::{Duration, Instant};

use super::offer::FileOffer;
use super::outbox::Outbox;
use super::patience::{Due, Patience};
use super::{InterruptKey, SessionEnd, Violation};
use crate::wire::zmodem::CANCEL_SEQUENCE;
use crate::wire::zmodem::escape::Escaping;
use crate::wire::zmodem::header::{
    CANFC32, CANFDX, CANOVIO, ESCCTL, FrameHeader, FrameType, HeaderForm, ZCRECOV, ZMCLOB, ZMMASK, ZMPROT,
};
use crate::wire::zmodem::reader::{FrameEvent, FrameReader};
use crate::wire::zmodem::subpacket::SubpacketEnd;

/// Time after which the position is asked for again when data was broken; it doubles each time.
const ASK_POSITION: Duration = Duration::from_secs(1);
const ASK_POSITION_MAX: Duration = Duration::from_secs(8);
/// Time to wait for ZRQINIT before ZRINIT is sent unasked: two ZRINIT make some senders offer a file twice.
const FIRST_WAIT: Duration = Duration::from_millis(100);
/// Time after an answer within which the same request is one that crossed it.
const CROSSING: Duration = Duration::from_secs(1);
/// Number of broken frames in a row, without any byte that has its high bit, behind which the connection is taken to pass
/// seven bits: a check value of four bytes has a high bit in 15 of 16 cases.
const SEVEN_BIT_FRAMES: u32 = 5;
/// Time to wait for the sender's `OO`.
const LAST_WAIT: Duration = Duration::from_secs(5);

/// What the caller does next.
#[derive(Debug, PartialEq, Eq)]
pub enum ReceiverStep<'a> {
    /// Call `next` again.
    Continue,
    /// Answer the offer by `accept`, `compare` or `skip`.
    Offer(FileOffer),
    /// The beginning of the sender's file has this CRC-32: answer by `accept`.
    Compared(u32),
    /// Append these bytes to the file; call `fail` if that does not succeed.
    Store(&'a [u8]),
    /// The file is whole: close it, and answer by `stored` or `fail`.
    Close,
    /// The sender has given up the file.
    Abandon,
}

/// State between the two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ReceiverStage {
    /// ZRQINIT is expected until then.
    Opening(Instant),
    /// A file or the end is expected.
    Ready,
    /// The caller decides about an offer, or closes a file.
    Waiting,
    /// The CRC of the beginning of this length is expected.
    Comparing(u32),
    /// Data is expected: the next frame, or more of the one that is read (`true`).
    Receiving(bool),
    /// The file was skipped.
    Skipped,
    /// ZFIN was answered; `OO` is expected until then.
    Last(Instant),
    Ended(SessionEnd),
}

/// The receiving side of a session.
#[derive(Debug)]
pub struct Receiver {
    reader: FrameReader,
    reception: Reception,
}

/// The receiving side without its reader, whose parts it takes.
#[derive(Debug)]
struct Reception {
    out: Outbox,
    stage: ReceiverStage,
    patience: Patience,
    interrupt: InterruptKey,
    /// Flags of ZRINIT.
    flags: u8,
    /// Frame whose subpackets are read.
    frame: FrameHeader,
    /// Data of the last ZFILE, which the sender may repeat.
    offer: Vec<u8>,
    /// Number of bytes of the file that have arrived.
    position: u32,
    /// When the position is asked for again, and the time behind that.
    ask_position: Option<(Instant, Duration)>,
    /// When the sender was asked last.
    asked: Instant,
    /// Whether a byte has had its high bit.
    has_high_bit: bool,
    /// Number of broken frames since the last whole subpacket.
    broken_frames: u32,
}

impl Receiver {
    /// Creates a receiver. With `escapes` the sender is asked to escape all control characters.
    pub fn new(now: Instant, escapes: bool) -> Self {
        let flags = CANFDX | CANOVIO | CANFC32 | if escapes { ESCCTL } else { 0 };
        let reception = Reception {
            out: Outbox::default(),
            stage: ReceiverStage::Opening(now + FIRST_WAIT),
            patience: Patience::new(now),
            interrupt: InterruptKey::default(),
            flags,
            frame: FrameHeader::at(FrameType::ZRqInit, 0),
            offer: Vec::new(),
            position: 0,
            ask_position: None,
            asked: now,
            has_high_bit: false,
            broken_frames: 0,
        };
        Self { reader: FrameReader::of_sender(), reception }
    }

    /// Takes bytes of the sender from the front of `bytes`; returns the next step, `None` when all are taken.
    pub fn next<'a, 'b: 'a>(&'a mut self, now: Instant, bytes: &mut &'b [u8]) -> Option<ReceiverStep<'a>> {
        if self.end().is_some() {
            return None;
        }
        self.reception.has_high_bit = self.reception.has_high_bit || !bytes.is_ascii();
        let event = self.reader.next(bytes)?;
        Some(self.reception.take(now, event))
    }

    /// Accepts the offered file from `position` on.
    pub fn accept(&mut self, now: Instant, position: u32) {
        self.reception.position = position;
        self.reception.go_to(now, ReceiverStage::Receiving(false));
    }

    /// Asks for the CRC-32 of the first `len` bytes of the offered file.
    pub fn compare(&mut self, now: Instant, len: u32) {
        self.reception.go_to(now, ReceiverStage::Comparing(len));
    }

    /// Declines the offered file.
    pub fn skip(&mut self, now: Instant) {
        self.reception.go_to(now, ReceiverStage::Skipped);
    }

    /// Gives up the file, which cannot be stored. The sender goes on with the next.
    pub fn fail(&mut self, now: Instant) {
        self.skip(now);
    }

    /// Tells the sender that the file has been stored.
    pub fn stored(&mut self, now: Instant) {
        self.reception.go_to(now, ReceiverStage::Ready);
    }

    /// Cancels the session.
    pub fn cancel(&mut self) {
        self.reception.cancel(SessionEnd::CancelledHere);
    }

    /// Takes the end of the input.
    pub fn close(&mut self) {
        let end =
            if matches!(self.reception.stage, ReceiverStage::Last(_)) { SessionEnd::Done } else { SessionEnd::Closed };
        self.reception.end(end);
    }

    /// Returns how the session has ended, once it has.
    pub fn end(&self) -> Option<SessionEnd> {
        match self.reception.stage {
            ReceiverStage::Ended(end) => Some(end),
            _ => None,
        }
    }

    /// Returns the number of bytes of the file that have arrived.
    pub fn position(&self) -> u32 {
        self.reception.position
    }

    /// Returns how long nothing has gone on, once that is to be said.
    pub fn stalled_for(&self, now: Instant) -> Option<Duration> {
        self.reception.patience.stalled_for(now)
    }

    /// Returns the bytes to write to the sender.
    pub fn pending(&self) -> &[u8] {
        self.reception.out.pending()
    }

    /// Records that the first `n` of these were written.
    pub fn wrote(&mut self, n: usize) {
        self.reception.out.wrote(n);
    }

    /// Returns when `tick` is due.
    pub fn deadline(&self) -> Option<Instant> {
        match self.reception.stage {
            ReceiverStage::Ended(_) => None,
            ReceiverStage::Last(until) | ReceiverStage::Opening(until) => Some(until),
            _ => {
                let patience = self.reception.patience.deadline();
                Some(self.reception.ask_position.map_or(patience, |(at, _)| at.min(patience)))
            }
        }
    }

    /// Does what is due at `now`.
    pub fn tick(&mut self, now: Instant) {
        match self.reception.stage {
            ReceiverStage::Ended(_) => return,
            ReceiverStage::Last(until) if now >= until => return self.reception.end(SessionEnd::Done),
            ReceiverStage::Opening(until) if now >= until => return self.reception.open(now),
            ReceiverStage::Last(_) | ReceiverStage::Opening(_) => return,
            _ => {}
        }
        if let Some((at, wait)) = self.reception.ask_position
            && now >= at
        {
            self.reader.resync();
            self.reception.ask_for_position(now, (wait * 2).min(ASK_POSITION_MAX));
        }
        match self.reception.patience.due(now) {
            Some(Due::Ask) => {
                // What was read of a frame may be a part whose rest was lost.
                self.reader.resync();
                self.reception.ask_again(now);
            }
            Some(Due::GiveUp) => self.reception.cancel(SessionEnd::TimedOut),
            Some(Due::GiveUpStart) => self.reception.cancel(SessionEnd::NotBegun),
            Some(Due::Say) | None => {}
        }
    }
}

impl Reception {
    fn take<'a>(&mut self, now: Instant, event: FrameEvent<'a>) -> ReceiverStep<'a> {
        match event {
            FrameEvent::BrokenHeader | FrameEvent::BrokenSubpacket => self.broken_frames += 1,
            FrameEvent::Subpacket(..) => self.broken_frames = 0,
            _ => {}
        }
        if self.broken_frames == SEVEN_BIT_FRAMES && !self.has_high_bit {
            self.cancel(SessionEnd::SevenBits);
            return ReceiverStep::Continue;
        }
        match event {
            FrameEvent::Outside(text) => self.outside(text),
            FrameEvent::Header(header) => return self.header(now, header),
            FrameEvent::Subpacket(data, end) => return self.subpacket(now, data, end),
            FrameEvent::BrokenHeader if self.stage == ReceiverStage::Ready => {
                self.send(FrameHeader::at(FrameType::ZNak, 0))
            }
            FrameEvent::BrokenHeader if matches!(self.stage, ReceiverStage::Receiving(_)) => self.ask_once(now),
            // A receiver needs the data: its reader counts none.
            FrameEvent::BrokenHeader | FrameEvent::Counted(_) => {}
            FrameEvent::BrokenSubpacket => self.broken_subpacket(now),
            FrameEvent::Cancel => self.end(SessionEnd::CancelledThere),
            FrameEvent::OverAndOut => {
                if matches!(self.stage, ReceiverStage::Last(_)) {
                    self.end(SessionEnd::Done);
                }
            }
        }
        ReceiverStep::Continue
    }

    fn outside(&mut self, text: &[u8]) {
        let is_ready = matches!(self.stage, ReceiverStage::Opening(_) | ReceiverStage::Ready);
        // What follows a broken header is the rest of its frame, in which any byte may be.
        let has_begun = self.frame.frame != FrameType::ZRqInit || !is_ready || self.broken_frames > 0;
        if !has_begun && self.interrupt.is_in(text) {
            self.cancel(SessionEnd::Interrupted);
        }
    }

    fn header<'a>(&mut self, now: Instant, header: FrameHeader) -> ReceiverStep<'a> {
        self.frame = header;
        if header.frame == FrameType::ZRqInit {
            self.patience.begin(now);
        }
        match (header.frame, self.stage) {
            (FrameType::ZCan | FrameType::ZAbort, _) => self.end(SessionEnd::CancelledThere),
            (FrameType::ZRqInit, ReceiverStage::Opening(_)) => self.open(now),
            (FrameType::ZRqInit, ReceiverStage::Ready) | (FrameType::ZNak, _) => self.ask_again(now),
            (FrameType::ZFreeCnt, _) => self.send(FrameHeader::at(FrameType::ZAck, u32::MAX)),
            (FrameType::ZData, _) => self.data_begins(now, header.position()),
            (FrameType::ZEof, _) => return self.file_ends(now, header.position()),
            (FrameType::ZFErr, ReceiverStage::Receiving(_)) => {
                self.go_to(now, ReceiverStage::Ready);
                return ReceiverStep::Abandon;
            }
            (FrameType::ZCrc, ReceiverStage::Comparing(_)) => {
                self.stage = ReceiverStage::Waiting;
                self.patience.progress(now);
                return ReceiverStep::Compared(header.position());
            }
            (FrameType::ZFin, _) => self.session_ends(now),
            _ => {}
        }
        ReceiverStep::Continue
    }

    fn data_begins(&mut self, now: Instant, position: u32) {
        match self.stage {
            ReceiverStage::Receiving(_) if position == self.position => {
                self.stage = ReceiverStage::Receiving(true);
                self.ask_position = None;
            }
            ReceiverStage::Receiving(_) => {
                self.stage = ReceiverStage::Receiving(false);
                self.ask_once(now);
            }
            ReceiverStage::Skipped => self.ask_uncrossed(now),
            _ => {}
        }
    }

    fn file_ends<'a>(&mut self, now: Instant, position: u32) -> ReceiverStep<'a> {
        match self.stage {
            ReceiverStage::Receiving(_) if position == self.position => {
                self.stage = ReceiverStage::Waiting;
                self.ask_position = None;
                self.patience.progress(now);
                return ReceiverStep::Close;
            }
            ReceiverStage::Receiving(_) => {
                self.stage = ReceiverStage::Receiving(false);
                self.ask_once(now);
            }
            // The answer was lost.
            ReceiverStage::Ready | ReceiverStage::Skipped => self.ask_uncrossed(now),
            _ => {}
        }
        ReceiverStep::Continue
    }

    fn session_ends(&mut self, now: Instant) {
        match self.stage {
            ReceiverStage::Opening(_) | ReceiverStage::Ready | ReceiverStage::Skipped | ReceiverStage::Last(_) => {
                self.stage = ReceiverStage::Last(now + LAST_WAIT);
                self.ask(now);
            }
            _ => self.cancel(SessionEnd::Violated(Violation::LeftFile)),
        }
    }

    fn subpacket<'a>(&mut self, now: Instant, data: &'a [u8], end: SubpacketEnd) -> ReceiverStep<'a> {
        match self.frame.frame {
            FrameType::ZFile => self.offered(now, data),
            FrameType::ZData if self.stage == ReceiverStage::Receiving(true) => self.data(now, data, end),
            FrameType::ZSInit => {
                self.patience.progress(now);
                self.send(FrameHeader::at(FrameType::ZAck, 1));
                ReceiverStep::Continue
            }
            FrameType::ZCommand => {
                self.cancel(SessionEnd::Violated(Violation::Command));
                ReceiverStep::Continue
            }
            _ => ReceiverStep::Continue,
        }
    }

    fn data<'a>(&mut self, now: Instant, data: &'a [u8], end: SubpacketEnd) -> ReceiverStep<'a> {
        // A subpacket is shorter than 2^32 bytes.
        let Some(position) = u32::try_from(data.len()).ok().and_then(|len| self.position.checked_add(len)) else {
            self.cancel(SessionEnd::Violated(Violation::TooLong));
            return ReceiverStep::Continue;
        };
        self.position = position;
        self.patience.progress(now);
        if end.wants_ack() {
            self.send(FrameHeader::at(FrameType::ZAck, position));
        }
        self.stage = ReceiverStage::Receiving(!end.ends_frame());
        ReceiverStep::Store(data)
    }

    fn offered<'a>(&mut self, now: Instant, data: &[u8]) -> ReceiverStep<'a> {
        let is_repeated = self.offer == data;
        match self.stage {
            // The answer was lost.
            ReceiverStage::Comparing(_) | ReceiverStage::Receiving(_) | ReceiverStage::Skipped if is_repeated => {
                self.ask_uncrossed(now)
            }
            ReceiverStage::Comparing(_) | ReceiverStage::Receiving(_) => {
                self.cancel(SessionEnd::Violated(Violation::LeftFile))
            }
            ReceiverStage::Opening(_) | ReceiverStage::Ready | ReceiverStage::Skipped => {
                self.offer = data.to_vec();
                self.position = 0;
                self.stage = ReceiverStage::Waiting;
                self.patience.progress(now);
                let (conversion, management) = self.frame.flags();
                return ReceiverStep::Offer(FileOffer {
                    recovers: conversion == ZCRECOV,
                    overwrites: management & ZMMASK == ZMCLOB,
                    protects: management & ZMMASK == ZMPROT,
                    ..FileOffer::read(data)
                });
            }
            _ => {}
        }
        ReceiverStep::Continue
    }

    fn broken_subpacket(&mut self, now: Instant) {
        match (self.frame.frame, self.stage) {
            (FrameType::ZData, ReceiverStage::Receiving(true)) => {
                self.stage = ReceiverStage::Receiving(false);
                self.ask_position = None;
                self.ask_once(now);
            }
            (FrameType::ZFile | FrameType::ZSInit, _) => self.send(FrameHeader::at(FrameType::ZNak, 0)),
            _ => {}
        }
    }

    /// Asks for the position, unless that was asked a short while ago: all that was in flight then has the wrong position
    /// too.
    fn ask_once(&mut self, now: Instant) {
        if self.ask_position.is_none() {
            self.ask_for_position(now, ASK_POSITION);
        }
    }

    fn ask_for_position(&mut self, now: Instant, wait: Duration) {
        self.ask_position = Some((now + wait, wait));
        self.ask(now);
    }

    /// Says that this side is ready.
    fn open(&mut self, now: Instant) {
        self.stage = ReceiverStage::Ready;
        self.ask(now);
    }

    /// Repeats what was asked last, unless that is still on its way.
    fn ask_uncrossed(&mut self, now: Instant) {
        if now >= self.asked + CROSSING {
            self.ask(now);
        }
    }

    /// Repeats what was asked last.
    fn ask_again(&mut self, now: Instant) {
        if let ReceiverStage::Receiving(is_in_frame) = &mut self.stage {
            *is_in_frame = false;
        }
        self.ask(now);
    }

    fn go_to(&mut self, now: Instant, stage: ReceiverStage) {
        if matches!(self.stage, ReceiverStage::Ended(_)) {
            return;
        }
        self.stage = stage;
        self.ask_position = None;
        self.patience.progress(now);
        self.ask(now);
    }

    /// Sends the header that asks for what is expected.
    fn ask(&mut self, now: Instant) {
        self.asked = now;
        let header = match self.stage {
            ReceiverStage::Ready => FrameHeader::with_flags(FrameType::ZRInit, self.flags, 0),
            ReceiverStage::Comparing(len) => FrameHeader::at(FrameType::ZCrc, len),
            ReceiverStage::Receiving(_) => FrameHeader::at(FrameType::ZRPos, self.position),
            ReceiverStage::Skipped => FrameHeader::at(FrameType::ZSkip, 0),
            ReceiverStage::Last(_) => FrameHeader::at(FrameType::ZFin, 0),
            ReceiverStage::Opening(_) | ReceiverStage::Waiting | ReceiverStage::Ended(_) => return,
        };
        self.send(header);
    }

    fn send(&mut self, header: FrameHeader) {
        header.append(HeaderForm::Hex, Escaping::Needed, self.out.end());
    }

    fn cancel(&mut self, end: SessionEnd) {
        if !matches!(self.stage, ReceiverStage::Ended(_)) {
            self.out.replace(CANCEL_SEQUENCE);
            self.stage = ReceiverStage::Ended(end);
        }
    }

    fn end(&mut self, end: SessionEnd) {
        if !matches!(self.stage, ReceiverStage::Ended(_)) {
            self.stage = ReceiverStage::Ended(end);
        }
    }
}
