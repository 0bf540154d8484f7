//! How much of a text is UTF-8 without C1 controls, found out many bytes at a time.
//!
//! Whether a byte is right can be told by the three before it, so a window is judged without a branch for each
//! character. Where one is wrong the standard library says which.

use super::utf8::{is_c1, open};

/// How much the vectorised loop looks at in one step.
const WINDOW: usize = 64;

/// What is looked at one by one at the start, where there is nothing before.
const HEAD: usize = 8;

/// So many bytes before one say whether it is right.
const BEFORE: usize = 3;

/// The length of the longest prefix that is UTF-8.
pub(super) fn valid(bytes: &[u8]) -> usize {
    std::str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len)
}

/// The length of the longest prefix that is UTF-8 without C1 controls.
pub(super) fn clean(bytes: &[u8]) -> usize {
    let mut at = slowly(&bytes[..bytes.len().min(HEAD)]);
    if at < BEFORE || bytes.len() < WINDOW {
        return from_boundary(bytes, at);
    }
    while let Some(these) = bytes.get(at - BEFORE..at + WINDOW) {
        if !is_clean(these) {
            return from_boundary(&bytes[..at + WINDOW], at);
        }
        at += WINDOW;
    }
    from_boundary(bytes, at)
}

/// The same where all before `at` is clean, but for a character that `at` may stand in.
fn from_boundary(bytes: &[u8], at: usize) -> usize {
    let at = at - open(&bytes[..at]);
    at + slowly(&bytes[at..])
}

/// The same, one character after the other.
fn slowly(bytes: &[u8]) -> usize {
    let valid = valid(bytes);
    let c1 = memchr::memchr_iter(0xc2, &bytes[..valid]).find(|&at| is_c1(&bytes[at..valid]));
    c1.unwrap_or(valid)
}

/// Whether no byte is wrong behind the first three.
fn is_clean(bytes: &[u8]) -> bool {
    let (three, two, one) = (bytes, &bytes[1..], &bytes[2..]);
    let mut bad = 0;
    for (((&byte, &one), &two), &three) in bytes[BEFORE..].iter().zip(one).zip(two).zip(three) {
        bad |= wrong(byte, one, two, three);
    }
    bad == 0
}

/// Not 0 where a byte cannot stand in text behind those that stand one, two and three before it, or makes a C1 control
/// with them; as a number without branches, so that the loop over it becomes vector code.
#[inline]
fn wrong(byte: u8, one: u8, two: u8, three: u8) -> u8 {
    let mask = |holds: bool| u8::from(holds).wrapping_neg();
    let follows = byte & !byte.wrapping_add(byte);
    let is_due = one.saturating_sub(0x40) | two.saturating_sub(0x60) | three.saturating_sub(0x70);
    let never = mask(byte & 0xfe == 0xc0) | byte.saturating_sub(0x75) & 0x80;
    // Two ways to write a character, and C1 controls; then surrogates; then what is too small or too large for four.
    let too_low = mask(one == 0xe0) | mask(one == 0xc2);
    let too_high = mask(one == 0xed);
    let quarters = byte & 0x30;
    let of_four = mask(one == 0xf0) & mask(quarters == 0) | mask(one == 0xf4) & quarters;
    (follows ^ is_due) & 0x80 | never | too_low & !byte & 0x20 | too_high & byte & 0x20 | of_four
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{clean, is_clean, slowly};

    #[test]
    fn a_window_is_judged_rightly() {
        // The first and the last of each kind of byte.
        let kinds =
            *b" \x7f\x80\x8f\x90\x9f\xa0\xbf\xc0\xc1\xc2\xc3\xdf\xe0\xe1\xec\xed\xee\xef\xf0\xf1\xf3\xf4\xf5\xff";
        for number in 0..kinds.len().pow(4) {
            let kind = |place| kinds[number / kinds.len().pow(place) % kinds.len()];
            let text = [b'x', b'x', b'x', kind(0), kind(1), kind(2), kind(3), b'x'];
            assert_eq!(is_clean(&text), slowly(&text) == text.len(), "{text:x?}");
        }
    }

    proptest! {
        #[test]
        fn windows_find_what_characters_do(
            pieces in prop::collection::vec(prop_oneof![
                20 => "[a-z漢字仮名한글éßđ→✓🚀\n ]{1,30}".prop_map(String::into_bytes),
                1 => prop::collection::vec(prop_oneof![0xc0u8..=0xff, 0x80u8..=0xbf], 1..4),
            ], 0..40),
            cut in 0usize..4,
        ) {
            let mut text = pieces.concat();
            text.truncate(text.len().saturating_sub(cut));
            prop_assert_eq!(clean(&text), slowly(&text));
        }
    }
}
