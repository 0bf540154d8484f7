//! How a run of printable bytes begins: with text, with C1 controls, or with bytes that are not UTF-8.

use super::utf8::{Utf8State, is_c1, sequence};
use super::valid::clean;

/// How a run of printable bytes begins.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Utf8Piece {
    /// With this many bytes of text.
    Text(usize),
    /// With this many bytes that are gone: C1 controls, whether as one byte or as UTF-8.
    Control(usize),
    /// With this many bytes that are not UTF-8.
    Raw(usize),
    /// With an incomplete character, and nothing behind it.
    Open,
}

/// How `run` begins; it is not empty.
#[inline]
pub(super) fn piece(run: &[u8]) -> Utf8Piece {
    let mut at = 0;
    while at < run.len().min(NEAR) {
        match sequence(&run[at..]) {
            Utf8State::Char(2) if is_c1(&run[at..]) => {
                return if at > 0 { Utf8Piece::Text(at) } else { Utf8Piece::Control(2) };
            }
            Utf8State::Char(len) => at += len,
            _ if at > 0 => return Utf8Piece::Text(at),
            Utf8State::Broken(1) if matches!(run[0], 0x80..=0x9f) => return Utf8Piece::Control(1),
            Utf8State::Broken(len) => return Utf8Piece::Raw(len),
            Utf8State::Open => return Utf8Piece::Open,
        }
    }
    // Text so far, so it is worth to look at a lot of it at once.
    Utf8Piece::Text(at + clean(&run[at..]))
}

/// Up to where characters are looked at one by one first.
const NEAR: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_begins_with() {
        for (run, expected) in [
            (&b"abc"[..], Utf8Piece::Text(3)),
            (b"\xc3\xa9\xff", Utf8Piece::Text(2)),
            (b"\x8aabc", Utf8Piece::Control(1)),
            (b"\xc2\x9babc", Utf8Piece::Control(2)),
            (b"ab\xc2\x9b", Utf8Piece::Text(2)),
            (b"\xa0abc", Utf8Piece::Raw(1)),
            (b"\xe2\x82abc", Utf8Piece::Raw(2)),
            (b"\xe2\x82", Utf8Piece::Open),
            (b"\xed\xa0\x80", Utf8Piece::Raw(1)),
        ] {
            assert_eq!(piece(run), expected, "{run:x?}");
        }
    }
}
