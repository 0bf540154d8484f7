//! Headers: a frame's type and four bytes, which are a position in a file or flags.

use super::crc::Crc;
use super::escape::{self, Escaping, is_flow_control, unescaped};
use super::{XON, ZDLE, ZPAD};

/// Flag of ZRINIT: the receiver can send and receive at the same time.
pub const CANFDX: u8 = 0x01;
/// Flag of ZRINIT: the receiver takes data while it writes to its disk.
pub const CANOVIO: u8 = 0x02;
/// Flag of ZRINIT: the receiver knows CRC-32.
pub const CANFC32: u8 = 0x20;
/// Flag of ZRINIT and ZSINIT: all control characters are to be escaped.
pub const ESCCTL: u8 = 0x40;
/// Conversion of ZFILE, in the first flag: bytes as they are.
pub const ZCBIN: u8 = 1;
/// Conversion of ZFILE: the receiver continues a file that it has in part.
pub const ZCRECOV: u8 = 3;
/// Management of ZFILE, in the second flag: the receiver overwrites its file.
pub const ZMCLOB: u8 = 4;
/// Management of ZFILE: the receiver keeps its file and skips this one.
pub const ZMPROT: u8 = 7;
/// Bits of the management.
pub const ZMMASK: u8 = 0x1f;

/// Type of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameType {
    /// The sender asks for ZRINIT.
    ZRqInit,
    /// The receiver is ready for a file.
    ZRInit,
    /// The sender's attention sequence, in a subpacket.
    ZSInit,
    /// Acknowledgement of a position, of ZSINIT or of ZCHALLENGE.
    ZAck,
    /// The file's name and what is known of it, in a subpacket.
    ZFile,
    /// The receiver does not want the file.
    ZSkip,
    /// The last header was broken.
    ZNak,
    /// The session is to end.
    ZAbort,
    /// The session has ended.
    ZFin,
    /// The receiver wants data from this position.
    ZRPos,
    /// Data from this position, in subpackets.
    ZData,
    /// The file ends at this position.
    ZEof,
    /// Reading or writing of the file has failed.
    ZFErr,
    /// The CRC-32 of the file up to a position, asked or answered.
    ZCrc,
    /// The receiver asks for ZACK with this number.
    ZChallenge,
    /// The request has been fulfilled.
    ZCompl,
    /// The session was cancelled.
    ZCan,
    /// The sender asks for the free space.
    ZFreeCnt,
    /// A command for the receiver's shell, in a subpacket.
    ZCommand,
    /// Text for the sender's standard error, in a subpacket.
    ZStdErr,
    /// A type that the protocol does not define.
    Unknown(u8),
}

/// The types in the order of their numbers.
const TYPES: [FrameType; 20] = [
    FrameType::ZRqInit,
    FrameType::ZRInit,
    FrameType::ZSInit,
    FrameType::ZAck,
    FrameType::ZFile,
    FrameType::ZSkip,
    FrameType::ZNak,
    FrameType::ZAbort,
    FrameType::ZFin,
    FrameType::ZRPos,
    FrameType::ZData,
    FrameType::ZEof,
    FrameType::ZFErr,
    FrameType::ZCrc,
    FrameType::ZChallenge,
    FrameType::ZCompl,
    FrameType::ZCan,
    FrameType::ZFreeCnt,
    FrameType::ZCommand,
    FrameType::ZStdErr,
];

impl FrameType {
    fn of(number: u8) -> Self {
        TYPES.get(usize::from(number)).copied().unwrap_or(Self::Unknown(number))
    }

    fn number(self) -> u8 {
        match self {
            Self::Unknown(number) => number,
            known => TYPES.iter().zip(0..).find(|(other, _)| **other == known).map_or(u8::MAX, |(_, number)| number),
        }
    }
}

/// A header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    /// Type of the frame.
    pub frame: FrameType,
    /// The four bytes: ZP0 to ZP3 of a position, or ZF3 to ZF0 of flags.
    pub bytes: [u8; 4],
}

/// How a header is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderForm {
    /// Hexadecimal digits, and the end of the line.
    Hex,
    /// Escaped bytes with a CRC of 16 bits.
    Binary16,
    /// Escaped bytes with a CRC of 32 bits.
    Binary32,
}

impl HeaderForm {
    fn of(letter: u8) -> Option<Self> {
        match letter {
            b'A' => Some(Self::Binary16),
            b'B' => Some(Self::Hex),
            b'C' => Some(Self::Binary32),
            _ => None,
        }
    }

    fn letter(self) -> u8 {
        match self {
            Self::Binary16 => b'A',
            Self::Hex => b'B',
            Self::Binary32 => b'C',
        }
    }

    /// Returns the check value of the header and of the subpackets behind it.
    pub(super) fn crc(self) -> Crc {
        match self {
            Self::Hex | Self::Binary16 => Crc::Short,
            Self::Binary32 => Crc::Long,
        }
    }
}

impl FrameHeader {
    /// Creates a header with a position.
    pub fn at(frame: FrameType, position: u32) -> Self {
        Self { frame, bytes: position.to_le_bytes() }
    }

    /// Creates a header with the flags ZF0 and ZF1.
    pub fn with_flags(frame: FrameType, zf0: u8, zf1: u8) -> Self {
        Self { frame, bytes: [0, 0, zf1, zf0] }
    }

    /// Returns the header that these hexadecimal digits are, if they are whole and the check value is right.
    pub fn of_digits(digits: &[u8]) -> Option<Self> {
        let mut decoded = [0; 7];
        match read_hex(digits, &mut decoded).map(|n| (n, checked(&decoded, HeaderForm::Hex))) {
            Some((7, HeaderCandidate::Whole(header, _))) => Some(header),
            _ => None,
        }
    }

    /// Returns the position.
    pub fn position(self) -> u32 {
        u32::from_le_bytes(self.bytes)
    }

    /// Returns the flags ZF0 and ZF1.
    pub fn flags(self) -> (u8, u8) {
        (self.bytes[3], self.bytes[2])
    }

    /// Appends the header to `out`.
    pub fn append(self, form: HeaderForm, escaping: Escaping, out: &mut Vec<u8>) {
        let [a, b, c, d] = self.bytes;
        let body = [self.frame.number(), a, b, c, d];
        let crc = form.crc().of(&body, &[]);
        let crc = &crc[..form.crc().len()];
        if form != HeaderForm::Hex {
            out.extend_from_slice(&[ZPAD, ZDLE, form.letter()]);
            escape::append(&body, escaping, out);
            return escape::append(crc, escaping, out);
        }
        out.extend_from_slice(&[ZPAD, ZPAD, ZDLE, form.letter()]);
        for byte in body.iter().chain(crc) {
            out.extend([byte >> 4, byte & 0xf].map(|digit| b"0123456789abcdef"[usize::from(digit)]));
        }
        // LF with the high bit, as lrzsz sends it: a line discipline that is not raw yet does not change it.
        out.extend_from_slice(b"\r\x8a");
        // Restarts a side that an XOFF from the line has stopped; behind ZFIN there may be no side left to read it.
        if !matches!(self.frame, FrameType::ZFin | FrameType::ZAck) {
            out.push(XON);
        }
    }
}

/// What bytes are that may begin with a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HeaderCandidate {
    /// The beginning of a header.
    Incomplete,
    /// No header.
    Invalid,
    /// A whole header with a wrong check value.
    Broken,
    /// A header.
    Whole(FrameHeader, HeaderForm),
}

/// Returns what `bytes` are, of which the last may be the first that shows it.
pub(super) fn candidate(bytes: &[u8]) -> HeaderCandidate {
    let pads = bytes.iter().take_while(|byte| **byte == ZPAD).count();
    let (form, written) = match bytes[pads..] {
        [] | [ZDLE] if pads > 0 => return HeaderCandidate::Incomplete,
        [ZDLE, letter, ref written @ ..] if pads > 0 => match HeaderForm::of(letter) {
            Some(form) => (form, written),
            None => return HeaderCandidate::Invalid,
        },
        _ => return HeaderCandidate::Invalid,
    };
    let mut decoded = [0; 9];
    let wanted = 5 + form.crc().len();
    let read = if form == HeaderForm::Hex { read_hex } else { read_binary };
    match read(written, &mut decoded[..wanted]) {
        Some(n) if n == wanted => checked(&decoded[..wanted], form),
        Some(_) => HeaderCandidate::Incomplete,
        None => HeaderCandidate::Invalid,
    }
}

fn checked(decoded: &[u8], form: HeaderForm) -> HeaderCandidate {
    let (body, crc) = decoded.split_at(5);
    if form.crc().of(body, &[])[..crc.len()] != *crc {
        return HeaderCandidate::Broken;
    }
    let header = FrameHeader { frame: FrameType::of(body[0]), bytes: [body[1], body[2], body[3], body[4]] };
    HeaderCandidate::Whole(header, form)
}

/// Reads hexadecimal digits into `decoded`. Returns the number of whole bytes; `None` if a byte is no digit.
fn read_hex(written: &[u8], decoded: &mut [u8]) -> Option<usize> {
    let mut digits = written.iter().filter(|byte| !is_flow_control(**byte)).take(2 * decoded.len());
    let mut n = 0;
    while let Some(high) = digits.next() {
        let high = digit(*high)?;
        let Some(low) = digits.next() else { break };
        decoded[n] = high << 4 | digit(*low)?;
        n += 1;
    }
    Some(n)
}

/// Returns the value of a digit. Those of a header are small letters; others, as in text, are none.
fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

/// Reads escaped bytes into `decoded`. Returns their number; `None` if an escape is invalid.
fn read_binary(written: &[u8], decoded: &mut [u8]) -> Option<usize> {
    let mut bytes = written.iter().copied().filter(|byte| !is_flow_control(*byte));
    let mut n = 0;
    while n < decoded.len() {
        decoded[n] = match bytes.next() {
            None => break,
            Some(ZDLE) => match bytes.next() {
                None => break,
                Some(form) => unescaped(form)?,
            },
            Some(byte) => byte,
        };
        n += 1;
    }
    Some(n)
}
