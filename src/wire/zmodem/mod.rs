//! ZMODEM frames (Chuck Forsberg, "The ZMODEM Inter Application File Transfer Protocol"): bytes to headers and subpackets,
//! and back. Has no role in a transfer: `FrameReader` reads the stream of either side.
//!
//! A frame is a header, which has a type and four bytes, and for some types data subpackets behind it. A header is written
//! in hexadecimal digits, or as escaped bytes with a CRC of 16 or 32 bits; that CRC is also the one of its subpackets.

mod crc;
pub mod escape;
pub mod header;
pub mod offer;
mod payload;
pub mod reader;
pub mod subpacket;
#[cfg(test)]
mod tests;

pub use crc::crc32;

/// The asterisk, one or two of which stand in front of a header.
const ZPAD: u8 = b'*';
/// CAN: begins a header behind its pads, escapes bytes in data, and five of them running cancel the session.
pub const ZDLE: u8 = 0x18;
/// Number of CAN that cancel a session. Frames never hold that many running, since CAN itself is escaped.
pub const CANCEL_CANS: usize = 5;
const BS: u8 = 0x08;
const XON: u8 = 0x11;
/// The cancel that lrzsz sends: the BS erase what a line discipline has echoed of the CAN.
pub const CANCEL_SEQUENCE: &[u8] = b"\x18\x18\x18\x18\x18\x18\x18\x18\x18\x18\x08\x08\x08\x08\x08\x08\x08\x08\x08\x08";
/// Sent by a sender behind the receiver's ZFIN, at the end of the session.
pub const OVER_AND_OUT: &[u8] = b"OO";
