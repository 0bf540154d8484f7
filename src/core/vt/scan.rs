//! Vectorised searches for bytes of a class, independent of the parser's state.

/// Returns a word with each byte set to `byte`.
const fn each(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// High bit of every byte.
const HIGH: u64 = each(0x80);

/// Number of bytes in one step of the vectorised loops.
const WINDOW: usize = 64;
/// Number of bytes in a vector that all processors have.
const LANES: usize = 16;

/// Returns the high bit of each byte of `word` that is a C0 control or DEL; above the first of them it may be set falsely.
#[inline]
fn controls(word: u64) -> u64 {
    // Bytes below 0x20, and bytes that are 0x7F; a borrow makes false hits above the first true one only.
    let control = word.wrapping_sub(each(0x20)) & !word;
    let delete = (word ^ each(0x7f)).wrapping_sub(each(1)) & !(word ^ each(0x7f));
    (control | delete) & HIGH
}

/// Returns the length of the longest prefix without C0 controls and DEL, and whether it has bytes above 0x7F.
#[inline]
pub(super) fn printable(bytes: &[u8]) -> (usize, bool) {
    // Words of full-screen programs are about as long as eight bytes, so that the length of a loop could not be predicted.
    if let Some(sixteen) = bytes.first_chunk::<16>() {
        let word = u128::from_le_bytes(*sixteen);
        let hits = u128::from(controls(word as u64)) | u128::from(controls((word >> 64) as u64)) << 64;
        if hits != 0 {
            let plain = hits.trailing_zeros() / 8;
            let before = !hits & (hits - 1);
            let high = word & before & (u128::from(HIGH) << 64 | u128::from(HIGH));
            return (plain as usize, high != 0);
        }
    }
    long_printable(bytes)
}

fn long_printable(bytes: &[u8]) -> (usize, bool) {
    let mut high = 0;
    let mut at = 0;
    while let Some(eight) = bytes.get(at..at + 8) {
        let word = u64::from_le_bytes(eight.try_into().expect("a slice of eight bytes"));
        let hit = controls(word);
        if hit != 0 {
            let plain = hit.trailing_zeros() & !7;
            high |= word & HIGH & ((1u64 << plain) - 1);
            return (at + plain as usize / 8, high != 0);
        }
        high |= word & HIGH;
        at += 8;
    }
    let rest = &bytes[at..];
    let plain = rest.iter().position(|&byte| byte < 0x20 || byte == 0x7f).unwrap_or(rest.len());
    (at + plain, high != 0 || rest[..plain].iter().any(|&byte| byte >= 0x80))
}

/// Distance within which dense colour has its next ESC: for so little the setup of `memchr3` costs more than the search.
const NEAR_LEN: usize = 32;

/// Returns the index of the next ESC, SO or SI: all other bytes leave the terminal's modes unchanged.
pub(super) fn find_mode_change(bytes: &[u8]) -> Option<usize> {
    let near = &bytes[..bytes.len().min(NEAR_LEN)];
    let (words, _) = near.as_chunks::<8>();
    for (&word, at) in words.iter().zip((0..).step_by(8)) {
        let word = u64::from_le_bytes(word);
        // A borrow makes false hits above the first true one only.
        let hit = |byte| (word ^ each(byte)).wrapping_sub(each(1)) & !(word ^ each(byte));
        let hits = (hit(0x1b) | hit(0x0e) | hit(0x0f)) & HIGH;
        if hits != 0 {
            return Some(at + hits.trailing_zeros() as usize / 8);
        }
    }
    let known = 8 * words.len();
    memchr::memchr3(0x1b, 0x0e, 0x0f, &bytes[known..]).map(|at| known + at)
}

/// Returns the length of the longest prefix of digits, colons and semicolons.
pub(super) fn parameters(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    let from = bytes.len() - rest.len();
    for (&word, at) in words.iter().zip((0..).step_by(8)) {
        // They are the bytes 0x30 to 0x3b.
        let over = u64::from_le_bytes(word) ^ each(0x30);
        let others = (((over & !HIGH) + each(0x7f - 0x0b)) | over) & HIGH;
        if others != 0 {
            return at + others.trailing_zeros() as usize / 8;
        }
    }
    from + rest.iter().take_while(|byte| matches!(byte, b'0'..=b';')).count()
}

/// Returns the number that the first `digits` bytes of `word` are in decimal, of at most seven.
#[inline]
fn number(word: u64, digits: usize) -> usize {
    // The last digit goes into the last byte, with zeros in front; then pairs are added up, of digits and of numbers.
    let digits = (word << (8 * (7 - digits)) << 8) & each(0x0f);
    let pairs = (digits.wrapping_mul(10 << 8 | 1) >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul(100 << 16 | 1) >> 16) & 0x0000_ffff_0000_ffff;
    (fours.wrapping_mul(10_000 << 32 | 1) >> 32) as usize
}

/// Returns the two numbers that the first `len` bytes of `bytes`, digits and separators, consist of, 0 where absent. `None` for
/// long parameters, more of them, or little text behind. It has no loop, whose length could not be predicted.
#[inline]
pub(super) fn two_numbers(bytes: &[u8], len: usize) -> Option<(usize, usize)> {
    let word = u64::from_le_bytes(*bytes.first_chunk::<8>().filter(|_| len < 8)?);
    let separators = (word & !HIGH).wrapping_add(each(0x80 - b':')) & HIGH & ((1 << (8 * len)) - 1);
    if separators & separators.wrapping_sub(1) != 0 {
        return None;
    }
    let first = (separators.trailing_zeros() as usize / 8).min(len);
    let second = len.saturating_sub(first + 1);
    let behind = word.checked_shr(8 * (first as u32 + 1)).unwrap_or(0);
    Some((number(word, first), number(behind, second)))
}

/// Number of bytes that `singles` reads from a position: 8, and 3 that may continue a character.
pub(super) const LOOKAHEAD: usize = 11;

/// Returns the length of a prefix in which no multi-byte character begins: each of its bytes is a glyph of its own. The
/// bytes after it look like the start of a character.
pub(super) fn singles(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(these) = bytes.get(at..at + LOOKAHEAD) {
        let word = |from: usize| u64::from_le_bytes(these[from..from + 8].try_into().expect("a slice of eight bytes"));
        let (lead, next) = (word(0), word(1));
        let follows = |word: u64| word & !(word << 1);
        let third = follows(word(2)) | !(lead << 2);
        let fourth = follows(word(3)) | !(lead << 3) | !(lead << 2);
        let hits = lead & (lead << 1) & follows(next) & third & fourth & HIGH;
        if hits != 0 {
            return at + hits.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let pair = bytes[at..].windows(2).position(|pair| pair[0] >= 0xc0 && pair[1] & 0xc0 == 0x80);
    pair.map_or(bytes.len(), |pair| at + pair)
}

/// Prefix of whole lines, each of printable bytes and ended by CR LF.
pub(super) struct Plain {
    /// Length; 0 if there is no such line.
    pub(super) len: usize,
    /// Whether it may have bytes above 0x7F.
    pub(super) high: bool,
}

/// Returns 1 if `byte`, followed by `next`, makes its line not plain, else 0; a number without branches, so that the loops
/// over it vectorise.
#[inline]
fn breaks_line(byte: u8, next: u8) -> u8 {
    let control = u8::from(byte < 0x20) & u8::from(byte != b'\r') & u8::from(byte != b'\n');
    let unpaired = u8::from(byte == b'\r') ^ u8::from(next == b'\n');
    control | u8::from(byte == 0x7f) | unpaired
}

/// Returns the longest prefix of whole plain lines. The caller knows that the first `known` bytes are such lines.
pub(super) fn plain_lines(bytes: &[u8], known: usize) -> Plain {
    let (mut high, mut at) = (0, known);
    if bytes.get(at) != Some(&b'\n') {
        // One number for each lane of a vector, so that the lanes are combined once.
        let mut highs = [0; LANES];
        while let Some(these) = bytes.get(at..).and_then(|rest| rest.first_chunk::<{ WINDOW + 1 }>()) {
            let mut bad = [0; LANES];
            let [these, next] = [&these[..], &these[1..]].map(|bytes| bytes.as_chunks::<LANES>().0);
            for (these, next) in these.iter().zip(next) {
                for (((bad, high), &byte), &next) in bad.iter_mut().zip(&mut highs).zip(these).zip(next) {
                    *bad |= breaks_line(byte, next);
                    *high |= byte;
                }
            }
            if u128::from_ne_bytes(bad) != 0 {
                break;
            }
            at += WINDOW;
        }
        high = highs.iter().fold(0, |all, &byte| all | byte);
        // The last byte has no successor to be checked against; a line end there was checked with the CR before it.
        let rest = &bytes[at..];
        let broken = rest.windows(2).position(|pair| breaks_line(pair[0], pair[1]) != 0);
        let until = broken.unwrap_or_else(|| rest.len().saturating_sub(1));
        // The same holds for a line end just before a byte that breaks the line.
        let until = until + usize::from(rest.get(until) == Some(&b'\n'));
        high |= rest[..until].iter().fold(0, |all, &byte| all | byte);
        at += until;
    }
    let tail = memchr::memrchr(b'\n', &bytes[known..at]).map_or(0, |newline| newline + 1);
    Plain { len: known + tail, high: high >= 0x80 }
}

/// Returns the indices of the line feeds, for text where they are dense and `memchr` would restart too often.
pub(super) fn line_feeds(bytes: &[u8]) -> impl Iterator<Item = usize> {
    let (words, rest) = bytes.as_chunks::<8>();
    let from = bytes.len() - rest.len();
    let in_words = words.iter().zip((0..).step_by(8)).flat_map(|(&word, at)| {
        let other = u64::from_le_bytes(word) ^ each(b'\n');
        // This form has no borrow between bytes, so every hit is a true one.
        let mut hits = !(((other & !HIGH) + !HIGH) | other) & HIGH;
        std::iter::from_fn(move || {
            let hit = hits.checked_sub(1).map(|_| hits.trailing_zeros() as usize / 8)?;
            hits &= hits - 1;
            Some(at + hit)
        })
    });
    let behind = rest.iter().enumerate().filter(|&(_, &byte)| byte == b'\n').map(move |(at, _)| from + at);
    in_words.chain(behind)
}

#[cfg(test)]
mod tests {
    use super::{find_mode_change, line_feeds, parameters, plain_lines, printable, singles, two_numbers};
    use crate::core::vt::utf8;
    use proptest::prelude::*;

    /// Generates bytes of all classes, with controls rare enough for runs to grow.
    fn stream() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![
            40 => 0x20u8..0x7f, 3 => Just(b'\n'), 1 => Just(b'\r'), 2 => Just(0x80u8..=0xff).prop_flat_map(|r| r),
            1 => 0u8..0x20, 1 => Just(0x7f),
        ];
        let piece = prop_oneof![
            8 => prop::collection::vec(byte, 0..20),
            4 => Just(b"\r\n".to_vec()),
        ];
        prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    /// Returns the length that `plain_lines` should find, byte by byte.
    fn plain_lines_scalar(bytes: &[u8]) -> usize {
        let mut good = 0;
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            if byte == b'\r' && bytes.get(at + 1) == Some(&b'\n') {
                at += 2;
                good = at;
            } else if byte < 0x20 || byte == 0x7f {
                break;
            } else {
                at += 1;
            }
        }
        good
    }

    proptest! {
        #[test]
        fn printable_agrees_with_scalar_search(bytes in stream()) {
            let plain = bytes.iter().take_while(|&&byte| byte >= 0x20 && byte != 0x7f).count();
            let high = bytes[..plain].iter().any(|&byte| byte >= 0x80);
            prop_assert_eq!(printable(&bytes), (plain, high));
        }

        #[test]
        fn singles_end_before_the_first_character(bytes in prop::collection::vec(prop_oneof![
            3 => 0x20u8..0x7f, 3 => 0xc0u8..=0xff, 2 => 0x80u8..=0xbf,
        ], 0..60)) {
            let long = |at: &usize| matches!(utf8::first(&bytes[*at..]), (Ok(_), 2..));
            let first = (0..bytes.len()).find(long).unwrap_or(bytes.len());
            let found = singles(&bytes);
            prop_assert!(found <= first);
            let looks = |at: usize| bytes[at] >= 0xc0 && bytes[at + 1] & 0xc0 == 0x80;
            prop_assert!(found == bytes.len() || looks(found));
        }

        #[test]
        fn parameters_agree_with_scalar_search(
            first in "[0-9:;]{0,20}", bytes in prop::collection::vec(any::<u8>(), 0..20),
        ) {
            let bytes = [first.as_bytes(), &bytes].concat();
            let count = bytes.iter().take_while(|byte| b"0123456789:;".contains(byte)).count();
            prop_assert_eq!(parameters(&bytes), count);
        }

        #[test]
        fn two_numbers_agree_with_parser(parameters in "[0-9]{0,4}([:;][0-9]{0,4}){0,2}", behind in "[@-~]{0,9}") {
            let text = format!("{parameters}{behind}");
            let short = parameters.len() < 8 && text.len() >= 8;
            let numbers: Vec<usize> = parameters.split([':', ';']).map(|number| number.parse().unwrap_or(0)).collect();
            let expected = match numbers[..] {
                [first] => Some((first, 0)),
                [first, second] => Some((first, second)),
                _ => None,
            };
            prop_assert_eq!(two_numbers(text.as_bytes(), parameters.len()), expected.filter(|_| short));
        }

        #[test]
        fn mode_changes_agree_with_memchr(bytes in prop::collection::vec(prop_oneof![
            60 => 0x10u8..=0xff, 1 => Just(0x1b), 1 => Just(0x0e), 1 => Just(0x0f), 1 => 0u8..0x20,
        ], 0..100)) {
            prop_assert_eq!(find_mode_change(&bytes), memchr::memchr3(0x1b, 0x0e, 0x0f, &bytes));
        }

        #[test]
        fn line_feeds_agree_with_memchr(bytes in stream()) {
            prop_assert!(line_feeds(&bytes).eq(memchr::memchr_iter(b'\n', &bytes)));
        }

        #[test]
        fn plain_lines_agree_with_scalar_search(bytes in stream()) {
            let found = plain_lines(&bytes, 0);
            let len = plain_lines_scalar(&bytes);
            prop_assert_eq!(found.len, len);
            prop_assert!(found.high || bytes[..len].is_ascii());
            let first = memchr::memchr(b'\n', &bytes[..len]).map_or(0, |newline| newline + 1);
            prop_assert_eq!(plain_lines(&bytes, first).len, len);
        }
    }
}
