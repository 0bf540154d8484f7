//! The stream of one side as frames.

use std::mem;

use memchr::memchr2;

use super::crc::Crc;
use super::escape::{is_flow_control, plain_prefix, unescaped};
use super::header::{self, FrameHeader, FrameType, HeaderCandidate, HeaderForm};
use super::payload::Payload;
use super::subpacket::{MAX_LEN, SubpacketEnd};
use super::{BS, CANCEL_CANS, OVER_AND_OUT, XON, ZDLE, ZPAD};

/// Maximum number of asterisks that are held.
const PADS_MAX: usize = 8;
/// Maximum number of bytes that are held. A header has at most 28, and flow control may be inserted among them. More of
/// that makes a candidate invalid, since each byte reads all that is held again.
const HELD_MAX: usize = 64;

/// Part of a stream. All bytes that are not given as `Outside` belong to the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameEvent<'a> {
    /// Bytes that belong to no frame, such as text of a shell or the rest of a broken subpacket.
    Outside(&'a [u8]),
    /// A header with the right check value.
    Header(FrameHeader),
    /// A header with a wrong check value. Its bytes follow as `Outside`.
    BrokenHeader,
    /// A subpacket with the right check value.
    Subpacket(&'a [u8], SubpacketEnd),
    /// A subpacket of ZDATA with this number of bytes, from a reader that counts data: it has compared the check value only if the
    /// subpacket ends the frame.
    Counted(usize),
    /// A subpacket with a wrong check value or an invalid escape. The frame has ended.
    BrokenSubpacket,
    /// Five CAN; further CAN and BS behind them belong to it.
    Cancel,
    /// `OO` behind a sender's ZFIN.
    OverAndOut,
}

/// A part that was found, without its bytes, which `FrameReader` holds except for those of `OutsideInput`.
#[derive(Clone, Copy)]
enum Found {
    /// This number of bytes, the last that were taken.
    OutsideInput(usize),
    /// The bytes in `outside`.
    Outside,
    Header(FrameHeader),
    BrokenHeader,
    Subpacket(SubpacketEnd),
    BrokenSubpacket,
    Cancel,
    OverAndOut,
}

/// What the next byte of the stream belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// No frame, or the candidate for one in `held`.
    Between,
    /// The end of a line behind digits, of which this number of bytes may have come: CR, LF, XON. A frame with subpackets of
    /// this check value follows, or none.
    LineEnd(u8, Option<Crc>),
    /// Data of a subpacket.
    Data(Crc),
    /// The check value of a subpacket.
    CheckValue(Crc, SubpacketEnd),
    /// CAN, or BS if `true`, behind a cancel.
    Cancelled(bool),
}

/// Reader of the stream of one side: takes bytes in any pieces and returns its parts.
///
/// ```
/// use coshell::wire::zmodem::header::{FrameHeader, FrameType};
/// use coshell::wire::zmodem::reader::{FrameEvent, FrameReader};
///
/// let mut reader = FrameReader::of_sender();
/// let mut bytes = &b"rz\r**\x18B00000000000000\r\x8a\x11"[..];
/// assert_eq!(reader.next(&mut bytes), Some(FrameEvent::Outside(b"rz\r")));
/// let asked = FrameHeader::at(FrameType::ZRqInit, 0);
/// assert_eq!(reader.next(&mut bytes), Some(FrameEvent::Header(asked)));
/// assert_eq!(reader.next(&mut bytes), None);
/// ```
#[derive(Clone, Debug)]
pub struct FrameReader {
    is_sender: bool,
    place: Place,
    /// Bytes that may become a header, a cancel or `OO`.
    held: Vec<u8>,
    /// Bytes that were held and are read again, since they begin no frame.
    again: Vec<u8>,
    outside: Vec<u8>,
    /// Whether `outside` is the next part.
    is_outside_due: bool,
    payload: Payload,
    /// Whether `payload` has been returned, so that the next subpacket begins.
    is_payload_given: bool,
    /// Whether data of ZDATA is counted only.
    counts_data: bool,
    check_value: Vec<u8>,
    /// Number of ZDLE in a row in a subpacket.
    escapes: usize,
    /// Whether `OO` may follow.
    after_fin: bool,
}

impl FrameReader {
    /// Creates a reader of what a sender sends.
    pub fn of_sender() -> Self {
        Self::new(true)
    }

    /// Creates a reader of what a receiver sends: headers, and ZSTDERR with a subpacket.
    pub fn of_receiver() -> Self {
        Self::new(false)
    }

    /// Makes the reader count the data of files, which takes a quarter of the time to read it: it returns `FrameEvent::Counted`.
    /// What follows a broken subpacket is counted too, up to the end of the frame: a sender that goes back to an earlier position
    /// ends the frame first.
    pub fn counting(self) -> Self {
        Self { counts_data: true, ..self }
    }

    fn new(is_sender: bool) -> Self {
        Self {
            is_sender,
            place: Place::Between,
            held: Vec::new(),
            again: Vec::new(),
            outside: Vec::new(),
            is_outside_due: false,
            payload: Payload::default(),
            is_payload_given: false,
            counts_data: false,
            check_value: Vec::new(),
            escapes: 0,
            after_fin: false,
        }
    }

    /// Takes bytes from the front of `bytes` up to the end of the next part, which it returns; `None` if all were taken.
    /// Those that may begin a frame are held until more come.
    pub fn next<'a, 'b: 'a>(&'a mut self, bytes: &mut &'b [u8]) -> Option<FrameEvent<'a>> {
        let input = *bytes;
        let found = self.find(bytes)?;
        let taken = &input[..input.len() - bytes.len()];
        Some(match found {
            Found::OutsideInput(n) => FrameEvent::Outside(&taken[taken.len() - n..]),
            Found::Outside => FrameEvent::Outside(&self.outside),
            Found::Header(header) => FrameEvent::Header(header),
            Found::BrokenHeader => FrameEvent::BrokenHeader,
            Found::Subpacket(end) => match self.payload.counted() {
                Some(n) => FrameEvent::Counted(n),
                None => FrameEvent::Subpacket(self.payload.bytes(), end),
            },
            Found::BrokenSubpacket => FrameEvent::BrokenSubpacket,
            Found::Cancel => FrameEvent::Cancel,
            Found::OverAndOut => FrameEvent::OverAndOut,
        })
    }

    /// Returns whether the next byte belongs to a frame that has begun with a whole header.
    pub fn is_in_frame(&self) -> bool {
        matches!(self.place, Place::LineEnd(_, Some(_)) | Place::Data(_) | Place::CheckValue(..))
    }

    /// Returns the bytes that may begin a frame and were not given yet.
    pub fn held(&self) -> &[u8] {
        &self.held
    }

    /// Ends the frame, and what may begin one: the next byte is outside. Returns the bytes that were held, which are outside
    /// too.
    pub fn resync(&mut self) -> Vec<u8> {
        self.break_subpacket();
        self.is_payload_given = false;
        let outside = if mem::take(&mut self.is_outside_due) { mem::take(&mut self.outside) } else { Vec::new() };
        [outside, mem::take(&mut self.held), mem::take(&mut self.again)].concat()
    }

    fn find(&mut self, bytes: &mut &[u8]) -> Option<Found> {
        if mem::take(&mut self.is_payload_given) {
            self.payload.clear();
        }
        loop {
            if mem::take(&mut self.is_outside_due) {
                return Some(Found::Outside);
            }
            if self.again.is_empty() {
                return self.scan(bytes);
            }
            let again = mem::take(&mut self.again);
            let mut rest = &again[..];
            let found = self.scan(&mut rest);
            // Behind the bytes that the scan has put there.
            self.again.extend_from_slice(rest);
            match found {
                Some(Found::OutsideInput(n)) => {
                    let end = again.len() - rest.len();
                    self.outside = again[end - n..end].to_vec();
                    return Some(Found::Outside);
                }
                Some(found) => return Some(found),
                None => {}
            }
        }
    }

    /// Takes bytes up to the end of the next part; `None` if all were taken.
    fn scan(&mut self, bytes: &mut &[u8]) -> Option<Found> {
        while !bytes.is_empty() {
            let found = match self.place {
                Place::Between => self.scan_between(bytes),
                Place::LineEnd(len, next) => self.scan_line_end(bytes, len, next),
                Place::Data(crc) => self.scan_data(bytes, crc),
                Place::CheckValue(crc, end) => self.scan_check_value(bytes, crc, end),
                Place::Cancelled(erases) => self.scan_cancelled(bytes, erases),
            };
            if found.is_some() {
                return found;
            }
        }
        None
    }

    fn scan_between(&mut self, bytes: &mut &[u8]) -> Option<Found> {
        if self.held.is_empty() {
            let may_be_over = self.after_fin && bytes.first() == OVER_AND_OUT.first();
            let n = if may_be_over { 0 } else { memchr2(ZPAD, ZDLE, bytes).unwrap_or(bytes.len()) };
            if n > 0 {
                *bytes = &bytes[n..];
                self.after_fin = false;
                return Some(Found::OutsideInput(n));
            }
        }
        self.held.push(*bytes.split_off_first()?);
        match self.held[0] {
            ZPAD if self.held.len() > PADS_MAX && self.held.iter().all(|byte| *byte == ZPAD) => self.release(),
            ZPAD if self.held.len() > HELD_MAX => self.release(),
            ZPAD => match header::candidate(&self.held) {
                HeaderCandidate::Incomplete => return None,
                HeaderCandidate::Invalid => self.release(),
                HeaderCandidate::Broken => {
                    self.release();
                    self.is_outside_due = true;
                    return Some(Found::BrokenHeader);
                }
                HeaderCandidate::Whole(header, form) => return Some(self.begin_frame(header, form)),
            },
            ZDLE if self.held.last() != Some(&ZDLE) => self.release(),
            ZDLE if self.held.len() < CANCEL_CANS => return None,
            ZDLE => return Some(self.cancel()),
            _ if self.held == OVER_AND_OUT => {
                self.held.clear();
                self.after_fin = false;
                return Some(Found::OverAndOut);
            }
            _ if OVER_AND_OUT.starts_with(&self.held) => return None,
            _ => self.release(),
        }
        Some(Found::Outside)
    }

    /// Moves the bytes that are held, up to the next that may begin a frame, to those outside. The others are read again.
    fn release(&mut self) {
        let pads = self.held.iter().take_while(|byte| **byte == ZPAD).count();
        let skipped = match self.held.len() - pads {
            0 => 1,
            // A ZDLE without the letter of a form may begin a cancel.
            1 | 2 => pads.max(1),
            _ => pads + 1,
        };
        let end = memchr2(ZPAD, ZDLE, &self.held[skipped..]).map_or(self.held.len(), |at| at + skipped);
        self.again = self.held.split_off(end);
        self.outside = mem::take(&mut self.held);
        self.after_fin = false;
    }

    fn begin_frame(&mut self, header: FrameHeader, form: HeaderForm) -> Found {
        self.held.clear();
        self.payload.begin(self.counts_data && header.frame == FrameType::ZData);
        self.after_fin = self.is_sender && header.frame == FrameType::ZFin;
        let from_sender = [FrameType::ZSInit, FrameType::ZFile, FrameType::ZData, FrameType::ZCommand];
        let has_subpackets = self.is_sender && from_sender.contains(&header.frame)
            || !self.is_sender && header.frame == FrameType::ZStdErr;
        let next = has_subpackets.then(|| form.crc());
        self.place = match form {
            HeaderForm::Hex => Place::LineEnd(0, next),
            HeaderForm::Binary16 | HeaderForm::Binary32 => next.map_or(Place::Between, Place::Data),
        };
        Found::Header(header)
    }

    fn cancel(&mut self) -> Found {
        self.held.clear();
        self.payload.clear();
        self.escapes = 0;
        self.place = Place::Cancelled(false);
        Found::Cancel
    }

    fn scan_line_end(&mut self, bytes: &mut &[u8], len: u8, next: Option<Crc>) -> Option<Found> {
        let behind = match (len, bytes[0]) {
            (0, b'\r') => Some(Place::LineEnd(1, next)),
            (0 | 1, b'\n' | 0x8a) => Some(Place::LineEnd(2, next)),
            (_, XON) => Some(next.map_or(Place::Between, Place::Data)),
            _ => None,
        };
        if behind.is_some() {
            *bytes = &bytes[1..];
        }
        self.place = behind.unwrap_or_else(|| next.map_or(Place::Between, Place::Data));
        None
    }

    fn scan_cancelled(&mut self, bytes: &mut &[u8], erases: bool) -> Option<Found> {
        match bytes[0] {
            ZDLE if !erases => *bytes = &bytes[1..],
            BS => {
                *bytes = &bytes[1..];
                self.place = Place::Cancelled(true);
            }
            _ => self.place = Place::Between,
        }
        None
    }

    fn scan_data(&mut self, bytes: &mut &[u8], crc: Crc) -> Option<Found> {
        if self.escapes == 0 {
            self.take_whole(bytes);
            if bytes.is_empty() {
                return None;
            }
        }
        if let (1, Some(end)) = (self.escapes, SubpacketEnd::of(bytes[0])) {
            *bytes = &bytes[1..];
            self.escapes = 0;
            self.check_value.clear();
            self.place = Place::CheckValue(crc, end);
            return None;
        }
        match self.unescape(bytes) {
            Ok(Some(_)) if self.payload.len() == MAX_LEN => Some(self.break_subpacket()),
            Ok(Some(byte)) => {
                self.payload.push_unescaped(byte);
                None
            }
            Ok(None) => None,
            Err(found) => Some(found),
        }
    }

    /// Takes data up to the first byte that is neither plain nor, with the one behind it, an escaped byte. Nearly all of a
    /// file passes here.
    fn take_whole(&mut self, bytes: &mut &[u8]) {
        let most = bytes.len().min(MAX_LEN - self.payload.len());
        let mut rest = &bytes[self.payload.push_blocks(&bytes[..most])..most];
        loop {
            let (plain, behind) = rest.split_at(plain_prefix(rest));
            self.payload.push_plain(plain);
            rest = behind;
            let [ZDLE, form, behind @ ..] = rest else { break };
            let Some(byte) = unescaped(*form) else { break };
            self.payload.push_unescaped(byte);
            rest = behind;
        }
        *bytes = &bytes[most - rest.len()..];
    }

    fn scan_check_value(&mut self, bytes: &mut &[u8], crc: Crc, end: SubpacketEnd) -> Option<Found> {
        match self.unescape(bytes) {
            Ok(Some(byte)) => self.check_value.push(byte),
            Ok(None) => return None,
            Err(found) => return Some(found),
        }
        if self.check_value.len() < crc.len() {
            return None;
        }
        if !self.payload.is_right(&self.check_value, crc, end) {
            return Some(self.break_subpacket());
        }
        self.is_payload_given = true;
        // An XON may follow the end of a frame.
        self.place = if end.ends_frame() { Place::LineEnd(2, None) } else { Place::Data(crc) };
        Some(Found::Subpacket(end))
    }

    /// Takes a byte of a subpacket. Returns the byte that it stands for, `None` if it stands for none, or a part that it
    /// ends. A byte behind ZDLE that is invalid there is not taken, since it may begin a header.
    fn unescape(&mut self, bytes: &mut &[u8]) -> Result<Option<u8>, Found> {
        let byte = bytes[0];
        let decoded = match (byte, self.escapes) {
            (ZDLE, escapes) => {
                self.escapes = escapes + 1;
                None
            }
            _ if is_flow_control(byte) => None,
            (_, 0) => Some(byte),
            (_, 1) => Some(unescaped(byte).ok_or_else(|| self.break_subpacket())?),
            _ => return Err(self.break_subpacket()),
        };
        *bytes = &bytes[1..];
        if self.escapes == CANCEL_CANS {
            return Err(self.cancel());
        }
        if decoded.is_some() {
            self.escapes = 0;
        }
        Ok(decoded)
    }

    fn break_subpacket(&mut self) -> Found {
        self.payload.clear();
        self.escapes = 0;
        self.place = Place::Between;
        Found::BrokenSubpacket
    }
}
