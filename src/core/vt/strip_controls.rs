//! Takes what is not text out of a stream that is not all UTF-8, a byte at a time and without a branch for each.
//!
//! Among bytes that come as they like nearly every branch is taken wrong, which costs more than all the rest. So the states
//! of the decoder are the places of six bits in a word, each byte has a word that says where every state leads, and a
//! step is a shift.

use super::{scan, utf8};

/// So much is looked at in one go.
pub(super) const WINDOW: usize = 64;

/// The byte was text, or is not UTF-8: it is kept. Nothing is open.
const KEPT: u32 = 0;
/// The byte does nothing. Nothing is open.
const GONE: u32 = 6;
/// The byte needs looking at.
const STOP: u32 = 12;
/// So many bytes are missing that may be any from 0x80 to 0xBF.
const ONE: u32 = 18;
const TWO: u32 = 24;
const THREE: u32 = 30;
/// The next byte must not be any of these, lest there be two ways to write a character, or half of one.
const AFTER_E0: u32 = 36;
const AFTER_ED: u32 = 42;
const AFTER_F0: u32 = 48;
const AFTER_F4: u32 = 54;

const STATES: [u32; 10] = [KEPT, GONE, STOP, ONE, TWO, THREE, AFTER_E0, AFTER_ED, AFTER_F0, AFTER_F4];

/// Where each byte leads.
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
        (ONE, 0x80..=0xbf) => KEPT,
        (TWO, 0x80..=0xbf) | (AFTER_E0, 0xa0..=0xbf) | (AFTER_ED, 0x80..=0x9f) => ONE,
        (THREE, 0x80..=0xbf) | (AFTER_F0, 0x90..=0xbf) | (AFTER_F4, 0x80..=0x8f) => TWO,
        _ => first(byte),
    }
}

/// Where a byte leads that does not go on with a character.
const fn first(byte: u8) -> u32 {
    match byte {
        // What acts, and what may lead a C1 control.
        0x07..=0x0f | 0x1b | 0xc2 => STOP,
        0x00..=0x1f | 0x7f | 0x80..=0x9f => GONE,
        0xc3..=0xdf => ONE,
        0xe0 => AFTER_E0,
        0xed => AFTER_ED,
        0xe1..=0xef => TWO,
        0xf0 => AFTER_F0,
        0xf1..=0xf3 => THREE,
        0xf4 => AFTER_F4,
        _ => KEPT,
    }
}

/// What went through the sieve.
pub(super) struct Stripped {
    /// With some behind the window, so that words can be read from its end.
    bytes: [u8; WINDOW + scan::AHEAD],
    len: usize,
    /// A bit for each byte of the text in front of which something was taken out.
    seams: u64,
    /// How much was looked at: up to a byte that acts, to the end, or to what may be half a character.
    pub(super) used: usize,
}

impl Stripped {
    /// What is left.
    pub(super) fn text(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// How many bytes from this one on each stand for themselves.
    pub(super) fn singles(&self, at: usize) -> usize {
        scan::singles(&self.bytes[at..self.len + scan::AHEAD]).min(self.len - at)
    }

    /// What is left from this byte on, without what was not next to it before.
    pub(super) fn seamless(&self, at: usize) -> &[u8] {
        let behind = self.seams.checked_shr(at as u32 + 1).unwrap_or(0);
        &self.bytes[at..self.len.min(at + 1 + behind.trailing_zeros() as usize)]
    }

    /// Whether all of it is UTF-8 and nothing was taken out.
    pub(super) fn is_clean(&self) -> bool {
        self.len == self.used && std::str::from_utf8(self.text()).is_ok()
    }
}

/// Takes what does nothing out of the beginning of a text: controls without effect, C1 controls.
#[inline]
pub(super) fn sieve(text: &[u8]) -> Stripped {
    let window = &text[..text.len().min(WINDOW)];
    let window = &window[..window.len() - utf8::open(window)];
    let mut sieved = Stripped { bytes: [0; WINDOW + scan::AHEAD], len: 0, seams: 0, used: window.len() };
    let (mut len, mut seams, mut state) = (0, 0, 0);
    for (at, &byte) in window.iter().enumerate() {
        state = STEPS[usize::from(byte)] >> (state & 63);
        let now = state as u32 & 63;
        if now == STOP {
            sieved.used = at;
            break;
        }
        let gone = now == GONE;
        sieved.bytes[len % WINDOW] = byte;
        seams |= u64::from(gone) << (len % WINDOW);
        len += usize::from(!gone);
    }
    (sieved.len, sieved.seams) = (len, seams);
    sieved
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Stripped, WINDOW, sieve};
    use crate::core::vt::pieces::{Utf8Piece, piece};
    use crate::core::vt::utf8::open;

    /// The same, one piece after the other.
    fn slowly(text: &[u8]) -> (Vec<u8>, usize) {
        let window = &text[..text.len().min(WINDOW)];
        let window = &window[..window.len() - open(window)];
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

    fn parts(sieved: &Stripped) -> (Vec<u8>, usize) {
        (sieved.text().to_vec(), sieved.used)
    }

    #[test]
    fn what_is_taken_out() {
        for (text, kept, used) in [
            (&b"abc\n"[..], &b"abc"[..], 3),
            (b"a\0\x8ab\xff\x7f\x1b", b"ab\xff", 6),
            (b"\xe2\x82", b"", 0),
            (b"\xe2\x82a\xe2", b"\xe2\x82a", 3),
            (b"\xe2\x82\xac\x80", b"\xe2\x82\xac", 4),
            (b"\xed\xa0\x80", b"\xed\xa0", 3),
            (b"x\xc2\x9b", b"x", 1),
        ] {
            assert_eq!(parts(&sieve(text)), (kept.to_vec(), used), "{text:x?}");
        }
    }

    #[test]
    fn what_was_not_together_is_told_apart() {
        let sieved = sieve(b"a\xc3\0\xa9\x80\x81b\0");
        assert_eq!(sieved.text(), b"a\xc3\xa9b");
        assert_eq!(sieved.seamless(0), b"a\xc3");
        assert_eq!(sieved.seamless(1), b"\xc3");
        assert_eq!(sieved.seamless(2), b"\xa9");
        assert_eq!(sieved.seamless(3), b"b");
        assert_eq!(sieve(&[b'x'; WINDOW]).seamless(WINDOW - 1), b"x");
    }

    proptest! {
        #[test]
        fn the_shifts_do_what_the_pieces_say(text in prop::collection::vec(prop_oneof![
            4 => 0x20u8..0x7f, 4 => 0x80u8..=0xff, 3 => 0x80u8..=0xbf, 2 => 0xe0u8..=0xf4, 1 => 0u8..0x20,
        ], 0..100)) {
            prop_assert_eq!(parts(&sieve(&text)), slowly(&text));
        }
    }
}
