//! Hexadecimal ZMODEM headers: `ZPAD ZPAD ZDLE 'B'`, then type, four bytes and CRC in hexadecimal digits, then the end of
//! the line. Every transfer begins with one, and a receiver sends no others.

use memchr::memmem;

use crate::wire::zmodem::header::{FrameHeader, FrameType};

/// Start of a header.
pub(super) const START: &[u8] = b"**\x18B";
/// Number of digits behind it.
pub(super) const DIGITS: usize = 14;
/// Bytes that may end a header, in this order: CR, LF (with a parity bit by lrzsz), XON.
const ENDS: [&[u8]; 4] = [b"\r", b"\x8a", b"\n", b"\x11"];

/// Direction of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::core) enum Direction {
    /// The far side waits to receive: `rz` there, `sz` here.
    Up,
    /// The far side waits to send: `sz` there, `rz` here.
    Down,
}

/// Returns where the first whole header with a right CRC that offers a transfer begins, and in which direction.
pub(super) fn offered(bytes: &[u8]) -> Option<(usize, Direction)> {
    memmem::find_iter(bytes, START).find_map(|at| Some((at, offer(&bytes[at + START.len()..])?)))
}

/// Returns the bytes behind the header that `bytes` begin with; `None` if they do not.
pub(super) fn behind(bytes: &[u8]) -> Option<&[u8]> {
    let digits = bytes.strip_prefix(START).filter(|digits| digits.len() >= DIGITS)?;
    let (digits, rest) = digits.split_at(DIGITS);
    digits.iter().all(u8::is_ascii_hexdigit).then(|| behind_the_line(rest))
}

/// Returns the bytes behind the end of a header's line.
pub(super) fn behind_the_line(bytes: &[u8]) -> &[u8] {
    ENDS.iter().fold(bytes, |bytes, end| bytes.strip_prefix(*end).unwrap_or(bytes))
}

/// Returns the direction that the digits of a header offer, if they are whole and right.
pub(super) fn offer(digits: &[u8]) -> Option<Direction> {
    match FrameHeader::of_digits(digits.get(..DIGITS)?)?.frame {
        FrameType::ZRqInit => Some(Direction::Down),
        FrameType::ZRInit => Some(Direction::Up),
        _ => None,
    }
}
