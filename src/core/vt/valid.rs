//! Vectorised check for UTF-8 without C1 controls.
//!
//! The three bytes before a byte decide whether it is valid, so a window is checked without a branch for each character.
//! The standard library locates the error in a window that fails.

use super::utf8::{incomplete_len, is_c1};

/// Number of bytes in one step of the vectorised loop.
const WINDOW: usize = 64;

/// Length of the start that is checked by the scalar code, because it has no three bytes before it.
const SCALAR_HEAD: usize = 8;

/// Number of preceding bytes that decide whether a byte is valid.
const LOOKBACK: usize = 3;

/// Returns the length of the longest prefix that is UTF-8.
pub(super) fn valid(bytes: &[u8]) -> usize {
    std::str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len)
}

/// Returns the length of the longest prefix that is UTF-8 without C1 controls.
pub(super) fn clean(bytes: &[u8]) -> usize {
    let mut at = clean_scalar(&bytes[..bytes.len().min(SCALAR_HEAD)]);
    if at < LOOKBACK || bytes.len() < WINDOW {
        return from_boundary(bytes, at);
    }
    while let Some(these) = bytes.get(at - LOOKBACK..at + WINDOW) {
        if !is_clean(these) {
            return from_boundary(&bytes[..at + WINDOW], at);
        }
        at += WINDOW;
    }
    from_boundary(bytes, at)
}

/// Does the same where all before `at` is clean, except for a character that `at` may split.
fn from_boundary(bytes: &[u8], at: usize) -> usize {
    let at = at - incomplete_len(&bytes[..at]);
    at + clean_scalar(&bytes[at..])
}

/// Does the same with scalar code.
fn clean_scalar(bytes: &[u8]) -> usize {
    let valid = valid(bytes);
    let c1 = memchr::memchr_iter(0xc2, &bytes[..valid]).find(|&at| is_c1(&bytes[at..valid]));
    c1.unwrap_or(valid)
}

/// Returns whether all bytes after the first three are valid.
fn is_clean(bytes: &[u8]) -> bool {
    let (three, two, one) = (bytes, &bytes[1..], &bytes[2..]);
    let mut bad = 0;
    for (((&byte, &one), &two), &three) in bytes[LOOKBACK..].iter().zip(one).zip(two).zip(three) {
        bad |= error_bits(byte, one, two, three);
    }
    bad == 0
}

/// Returns a non-zero number if `byte` is invalid after the bytes `one`, `two` and `three` positions before it, or
/// completes a C1 control with them; computed without branches, so that the loop over it vectorises.
#[inline]
fn error_bits(byte: u8, one: u8, two: u8, three: u8) -> u8 {
    let mask = |holds: bool| u8::from(holds).wrapping_neg();
    let follows = byte & !byte.wrapping_add(byte);
    let is_due = one.saturating_sub(0x40) | two.saturating_sub(0x60) | three.saturating_sub(0x70);
    let never = mask(byte & 0xfe == 0xc0) | byte.saturating_sub(0x75) & 0x80;
    // Overlong forms and C1 controls; surrogates; four-byte forms that are overlong or above U+10FFFF.
    let too_low = mask(one == 0xe0) | mask(one == 0xc2);
    let too_high = mask(one == 0xed);
    let quarters = byte & 0x30;
    let of_four = mask(one == 0xf0) & mask(quarters == 0) | mask(one == 0xf4) & quarters;
    (follows ^ is_due) & 0x80 | never | too_low & !byte & 0x20 | too_high & byte & 0x20 | of_four
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{clean, clean_scalar, is_clean};

    #[test]
    fn is_clean_agrees_with_scalar_code() {
        // The first and the last byte of each class.
        let kinds =
            *b" \x7f\x80\x8f\x90\x9f\xa0\xbf\xc0\xc1\xc2\xc3\xdf\xe0\xe1\xec\xed\xee\xef\xf0\xf1\xf3\xf4\xf5\xff";
        for number in 0..kinds.len().pow(4) {
            let kind = |place| kinds[number / kinds.len().pow(place) % kinds.len()];
            let text = [b'x', b'x', b'x', kind(0), kind(1), kind(2), kind(3), b'x'];
            assert_eq!(is_clean(&text), clean_scalar(&text) == text.len(), "{text:x?}");
        }
    }

    proptest! {
        #[test]
        fn clean_agrees_with_scalar_code(
            pieces in prop::collection::vec(prop_oneof![
                20 => "[a-z漢字仮名한글éßđ→✓🚀\n ]{1,30}".prop_map(String::into_bytes),
                1 => prop::collection::vec(prop_oneof![0xc0u8..=0xff, 0x80u8..=0xbf], 1..4),
            ], 0..40),
            cut in 0usize..4,
        ) {
            let mut text = pieces.concat();
            text.truncate(text.len().saturating_sub(cut));
            prop_assert_eq!(clean(&text), clean_scalar(&text));
        }
    }
}
