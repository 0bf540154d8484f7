//! Classification of the start of a run of printable bytes: text, C1 controls, or bytes that are not UTF-8.

use super::utf8::{Utf8State, is_c1, sequence};
use super::valid::clean;

/// First piece of a run of printable bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Utf8Piece {
    /// Text of this many bytes.
    Text(usize),
    /// C1 control of this many bytes, 8-bit or in UTF-8, which is dropped.
    Control(usize),
    /// This many bytes that are not UTF-8.
    Raw(usize),
    /// Incomplete character at the end of the run.
    Open,
}

/// Returns the first piece of `run`, which is not empty.
#[inline]
pub(super) fn piece(run: &[u8]) -> Utf8Piece {
    let mut at = 0;
    while at < run.len().min(SCALAR_LEN) {
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
    // A long prefix is text, so the vectorised check pays off.
    Utf8Piece::Text(at + clean(&run[at..]))
}

/// Length of the prefix that is decoded character by character.
const SCALAR_LEN: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_piece_of_run() {
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
