//! Removal of bytes without effect from a stream that is only partly UTF-8, a byte at a time and without branches.
//!
//! In random bytes nearly every branch is mispredicted, which costs more than all other work. So the states of the UTF-8
//! decoder are the positions of 6-bit fields in a word, each byte has a word whose fields hold the next states, and a
//! transition is a shift (Per Vognsen's shift-based DFA).

use super::{scan, utf8};

/// Maximum number of bytes processed in one call.
pub(super) const WINDOW: usize = 64;

/// The byte is text or not UTF-8: it is kept. No character is open.
const KEPT: u32 = 0;
/// The byte has no effect: it is dropped. No character is open.
const DROPPED: u32 = 6;
/// The byte must be executed by the caller.
const STOP: u32 = 12;
/// One, two or three continuation bytes 0x80 to 0xBF are missing.
const NEED_1: u32 = 18;
const NEED_2: u32 = 24;
const NEED_3: u32 = 30;
/// After lead bytes that exclude some continuation bytes: overlong forms, surrogates, codes above U+10FFFF.
const AFTER_E0: u32 = 36;
const AFTER_ED: u32 = 42;
const AFTER_F0: u32 = 48;
const AFTER_F4: u32 = 54;

const STATES: [u32; 10] = [KEPT, DROPPED, STOP, NEED_1, NEED_2, NEED_3, AFTER_E0, AFTER_ED, AFTER_F0, AFTER_F4];

/// Transitions of each byte.
static STEPS: [u64; 256] = steps();

const fn steps() -> [u64; 256] {
    let mut steps = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut i = 0;
        while i < STATES.len() {
            steps[byte] |= (step(STATES[i], byte as u8) as u64) << STATES[i];
            i += 1;
        }
        byte += 1;
    }
    steps
}

const fn step(state: u32, byte: u8) -> u32 {
    match (state, byte) {
        (STOP, _) => STOP,
        (NEED_1, 0x80..=0xbf) => KEPT,
        (NEED_2, 0x80..=0xbf) | (AFTER_E0, 0xa0..=0xbf) | (AFTER_ED, 0x80..=0x9f) => NEED_1,
        (NEED_3, 0x80..=0xbf) | (AFTER_F0, 0x90..=0xbf) | (AFTER_F4, 0x80..=0x8f) => NEED_2,
        _ => first(byte),
    }
}

/// Returns the state after a byte that does not continue a character.
const fn first(byte: u8) -> u32 {
    match byte {
        // Controls with an effect, and the lead byte of C1 controls.
        0x07..=0x0f | 0x1b | 0xc2 => STOP,
        0x00..=0x1f | 0x7f | 0x80..=0x9f => DROPPED,
        0xc3..=0xdf => NEED_1,
        0xe0 => AFTER_E0,
        0xed => AFTER_ED,
        0xe1..=0xef => NEED_2,
        0xf0 => AFTER_F0,
        0xf1..=0xf3 => NEED_3,
        0xf4 => AFTER_F4,
        _ => KEPT,
    }
}

/// Text of a window without the bytes that have no effect.
pub(super) struct Stripped {
    /// Padded, so that `scan::singles` can read whole words at the end.
    bytes: [u8; WINDOW + scan::LOOKAHEAD],
    len: usize,
    /// Bit set of the bytes of the text in front of which something was removed.
    seams: u64,
    /// Number of bytes processed: up to a control with an effect, an incomplete character, or the window's end.
    pub(super) used: usize,
}

impl Stripped {
    /// Returns the remaining text.
    pub(super) fn text(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// Returns whether the last byte of the window is part of the text.
    pub(super) fn ends_in_text(&self) -> bool {
        self.len > 0 && self.seams.checked_shr(self.len as u32).unwrap_or(0) & 1 == 0
    }

    /// Returns how many bytes from `at` on are glyphs of their own.
    pub(super) fn singles(&self, at: usize) -> usize {
        scan::singles(&self.bytes[at..self.len + scan::LOOKAHEAD]).min(self.len - at)
    }

    /// Returns the text from `at` on up to the next removal, behind which bytes were not adjacent.
    pub(super) fn contiguous(&self, at: usize) -> &[u8] {
        let behind = self.seams.checked_shr(at as u32 + 1).unwrap_or(0);
        &self.bytes[at..self.len.min(at + 1 + behind.trailing_zeros() as usize)]
    }

    /// Returns the place in the text where a character begins to consist of bytes that were not adjacent.
    pub(super) fn joint(&self) -> Option<usize> {
        let (text, mut seams) = (self.text(), self.seams);
        while seams != 0 {
            let at = (seams.trailing_zeros() as usize).min(self.len);
            if utf8::joins(&text[..at], &text[at..]) {
                return Some(at);
            }
            seams &= seams - 1;
        }
        None
    }

    /// Returns whether the window is UTF-8 and nothing was removed.
    pub(super) fn is_clean(&self) -> bool {
        self.len == self.used && std::str::from_utf8(self.text()).is_ok()
    }
}

/// Removes controls without effect and C1 controls from the beginning of a text.
#[inline]
pub(super) fn strip(text: &[u8]) -> Stripped {
    let window = &text[..text.len().min(WINDOW)];
    let window = &window[..window.len() - utf8::incomplete_len(window)];
    let mut stripped = Stripped { bytes: [0; WINDOW + scan::LOOKAHEAD], len: 0, seams: 0, used: window.len() };
    let (mut len, mut seams, mut state) = (0, 0, 0);
    for (at, &byte) in window.iter().enumerate() {
        state = STEPS[usize::from(byte)] >> (state & 63);
        let now = state as u32 & 63;
        if now == STOP {
            stripped.used = at;
            break;
        }
        let dropped = now == DROPPED;
        stripped.bytes[len % WINDOW] = byte;
        seams |= u64::from(dropped) << (len % WINDOW);
        len += usize::from(!dropped);
    }
    (stripped.len, stripped.seams) = (len, seams);
    stripped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Stripped, WINDOW, strip};
    use crate::core::vt::pieces::{Utf8Piece, piece};
    use crate::core::vt::utf8::incomplete_len;

    /// Returns text and length that `strip` should give, piece by piece.
    fn strip_scalar(text: &[u8]) -> (Vec<u8>, usize) {
        let window = &text[..text.len().min(WINDOW)];
        let window = &window[..window.len() - incomplete_len(window)];
        let (mut kept, mut at) = (Vec::new(), 0);
        while let Some(&byte) = window.get(at) {
            match byte {
                0x07..=0x0f | 0x1b | 0xc2 => break,
                0x00..=0x1f | 0x7f => {
                    at += 1;
                    continue;
                }
                _ => {}
            }
            let end = window[at + 1..].iter().position(|&byte| byte < 0x20 || matches!(byte, 0x7f | 0xc2));
            let run = &window[at..end.map_or(window.len(), |end| at + 1 + end)];
            let (len, keep) = match piece(run) {
                Utf8Piece::Text(len) | Utf8Piece::Raw(len) => (len, true),
                Utf8Piece::Control(len) => (len, false),
                Utf8Piece::Open => (run.len(), true),
            };
            kept.extend_from_slice(if keep { &run[..len] } else { &[] });
            at += len;
        }
        (kept, at)
    }

    fn parts(stripped: &Stripped) -> (Vec<u8>, usize) {
        (stripped.text().to_vec(), stripped.used)
    }

    #[test]
    fn strip_removes_bytes_without_effect() {
        for (text, kept, used) in [
            (&b"abc\n"[..], &b"abc"[..], 3),
            (b"a\0\x8ab\xff\x7f\x1b", b"ab\xff", 6),
            (b"\xe2\x82", b"", 0),
            (b"\xe2\x82a\xe2", b"\xe2\x82a", 3),
            (b"\xe2\x82\xac\x80", b"\xe2\x82\xac", 4),
            (b"\xed\xa0\x80", b"\xed\xa0", 3),
            (b"x\xc2\x9b", b"x", 1),
        ] {
            assert_eq!(parts(&strip(text)), (kept.to_vec(), used), "{text:x?}");
        }
    }

    #[test]
    fn contiguous_ends_at_removed_byte() {
        let stripped = strip(b"a\xc3\0\xa9\x80\x81b\0");
        assert_eq!(stripped.text(), b"a\xc3\xa9b");
        assert_eq!(stripped.contiguous(0), b"a\xc3");
        assert_eq!(stripped.contiguous(1), b"\xc3");
        assert_eq!(stripped.contiguous(2), b"\xa9");
        assert_eq!(stripped.contiguous(3), b"b");
        assert_eq!(strip(&[b'x'; WINDOW]).contiguous(WINDOW - 1), b"x");
    }

    #[test]
    fn joint_is_where_removed_byte_was() {
        for (text, expected) in [
            (&b"a\xc3\0\xa9"[..], Some(2)),
            (b"a\xc3\0b\xa9", None),
            (b"a\xc3\xa9\0\xa9", None),
            (b"\0\xf0\0\xa0\x80\xa0\x7f\xa0b", Some(1)),
            (b"\xf0\0\xa0\xa0", None),
        ] {
            assert_eq!(strip(text).joint(), expected, "{}", text.escape_ascii());
        }
    }

    proptest! {
        #[test]
        fn strip_agrees_with_scalar_version(text in prop::collection::vec(prop_oneof![
            4 => 0x20u8..0x7f, 4 => 0x80u8..=0xff, 3 => 0x80u8..=0xbf, 2 => 0xe0u8..=0xf4, 1 => 0u8..0x20,
        ], 0..100)) {
            prop_assert_eq!(parts(&strip(&text)), strip_scalar(&text));
        }
    }
}
