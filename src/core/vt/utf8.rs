//! Incremental decoding of UTF-8, and of bytes that are not UTF-8.

use unicode_width::UnicodeWidthChar;

/// Incomplete character at the end of a chunk.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PartialChar {
    /// The first `len` bytes are a valid prefix of a character.
    bytes: [u8; 4],
    len: usize,
}

/// Result of adding a byte to a [`PartialChar`].
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Joined {
    /// The byte belongs to the character, which is still incomplete.
    More,
    /// The character is complete.
    Whole,
    /// The byte does not belong to it: the bytes so far are not UTF-8.
    Broken,
}

impl PartialChar {
    /// Returns whether no character is incomplete.
    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the number of bytes held.
    pub(super) fn len(&self) -> u64 {
        self.len as u64
    }

    /// Takes the bytes held.
    pub(super) fn take(&mut self) -> ([u8; 4], usize) {
        let taken = (self.bytes, self.len);
        self.len = 0;
        taken
    }

    /// Holds the incomplete character `bytes`.
    pub(super) fn set(&mut self, bytes: &[u8]) {
        self.bytes[..bytes.len()].copy_from_slice(bytes);
        self.len = bytes.len();
    }

    /// Adds a byte, unless it does not belong to the character.
    pub(super) fn join(&mut self, byte: u8) -> Joined {
        self.bytes[self.len] = byte;
        match std::str::from_utf8(&self.bytes[..=self.len]) {
            Ok(_) => {
                self.len += 1;
                Joined::Whole
            }
            Err(error) if error.error_len().is_none() => {
                self.len += 1;
                Joined::More
            }
            Err(_) => Joined::Broken,
        }
    }

    /// Advances over `run` and holds the incomplete character at its end, if any.
    pub(super) fn follow(&mut self, run: &[u8]) {
        if run.last().is_none_or(u8::is_ascii) {
            self.len = 0;
            return;
        }
        let mut end = [0; 6];
        let old = if run.len() < 3 { self.len } else { 0 };
        let new = &run[run.len().saturating_sub(3)..];
        end[..old].copy_from_slice(&self.bytes[..old]);
        end[old..old + new.len()].copy_from_slice(new);
        let end = &end[..old + new.len()];
        self.set(&end[end.len() - incomplete_len(end)..]);
    }
}

/// First character of a text, or the bytes in its place.
pub(super) enum Utf8State {
    /// Character of this many bytes.
    Char(usize),
    /// Bytes that are not UTF-8: the longest valid prefix of a character, at least one byte.
    Broken(usize),
    /// Incomplete character at the end of the text.
    Open,
}

/// Classifies the start of a text that is not empty.
#[inline]
pub(super) fn sequence(text: &[u8]) -> Utf8State {
    let (len, second) = match text[0] {
        0..0x80 => return Utf8State::Char(1),
        0xc2..=0xdf => (2, 0x80..=0xbf),
        0xe0 => (3, 0xa0..=0xbf),
        0xed => (3, 0x80..=0x9f),
        0xe1..=0xef => (3, 0x80..=0xbf),
        0xf0 => (4, 0x90..=0xbf),
        0xf1..=0xf3 => (4, 0x80..=0xbf),
        0xf4 => (4, 0x80..=0x8f),
        _ => return Utf8State::Broken(1),
    };
    for at in 1..len {
        match text.get(at) {
            None => return Utf8State::Open,
            Some(byte) if at == 1 && second.contains(byte) => {}
            Some(0x80..=0xbf) if at > 1 => {}
            Some(_) => return Utf8State::Broken(at),
        }
    }
    Utf8State::Char(len)
}

/// Returns the number of bytes at the end of a text that are an incomplete character.
pub(in crate::core) fn incomplete_len(text: &[u8]) -> usize {
    if text.last().is_none_or(u8::is_ascii) {
        return 0;
    }
    let lead = (1..=text.len().min(3)).find(|&back| text[text.len() - back] >= 0xc0);
    lead.filter(|&back| matches!(sequence(&text[text.len() - back..]), Utf8State::Open)).unwrap_or(0)
}

/// Returns whether bytes at the end of `text` that are an incomplete character become a whole one with the start of `more`.
pub(super) fn joins(text: &[u8], more: &[u8]) -> bool {
    if !matches!(more, [0x80..=0xbf, ..]) {
        return false;
    }
    let open = &text[text.len() - incomplete_len(text)..];
    let mut both = [0; 6];
    let len = open.len() + more.len().min(3);
    both[..open.len()].copy_from_slice(open);
    both[open.len()..len].copy_from_slice(&more[..len - open.len()]);
    !open.is_empty() && matches!(sequence(&both[..len]), Utf8State::Char(_))
}

/// Returns the length of the longest part at the start of `text` that has at most `most` bytes and splits no character.
pub(super) fn part_len(text: &[u8], most: usize) -> usize {
    if text.len() <= most {
        return text.len();
    }
    let is_boundary = |&at: &usize| !matches!(text[at], 0x80..=0xbf);
    // What has more continuation bytes in a row is not UTF-8.
    (most.saturating_sub(3)..=most).rev().find(is_boundary).unwrap_or(most)
}

/// Returns whether valid UTF-8 begins with a C1 control.
pub(super) fn is_c1(text: &[u8]) -> bool {
    matches!(text, [0xc2, 0x80..=0x9f, ..])
}

/// Returns the first character of a text that is not empty, or its first byte if that is not UTF-8, and the number of
/// bytes it takes.
#[inline]
pub(super) fn first(text: &[u8]) -> (Result<char, u8>, usize) {
    let Utf8State::Char(len) = sequence(text) else { return (Err(text[0]), 1) };
    let lead = u32::from(text[0]);
    let code = match len {
        1 => lead,
        2 => lead & 0x1f,
        3 => lead & 0xf,
        _ => lead & 0x7,
    };
    let code = text[1..len].iter().fold(code, |code, &byte| code << 6 | u32::from(byte & 0x3f));
    (char::from_u32(code).ok_or(text[0]), len)
}

/// Returns the columns that a character takes: 0, 1 or 2.
pub(super) fn width(char: char) -> usize {
    match char {
        // Frequent ranges, before the lookup in the tables.
        '\0'..='\u{7f}' | 'À'..='\u{2ff}' | 'Α'..='Ρ' | 'Σ'..='ё' | '\u{2190}'..='\u{2319}' | '─'..='◼' => 1,
        'ぁ'..='ゖ' | 'ァ'..='ヿ' | '一'..='\u{9fff}' | '가'..='힣' => 2,
        _ => char.width().unwrap_or(0).min(2),
    }
}

#[cfg(test)]
mod tests {
    use super::{Joined, PartialChar, first, incomplete_len, joins, part_len, width};
    use crate::core::vt::pieces::{Utf8Piece, piece};
    use proptest::prelude::*;

    #[test]
    fn width_and_length_of_first_character() {
        for (text, expected) in [("a", 1), ("é", 1), ("漢", 2), ("\u{301}", 0), ("\u{200d}", 0), ("\u{fe0f}", 0)] {
            let (char, len) = first(text.as_bytes());
            assert_eq!((char.map(width), len), (Ok(expected), text.len()), "{text}");
        }
    }

    #[test]
    fn part_splits_no_character() {
        for (text, most, len) in [
            (&b"abc"[..], 2, 2),
            (b"abc", 9, 3),
            ("a\u{6f22}b".as_bytes(), 3, 1),
            ("a\u{6f22}b".as_bytes(), 4, 4),
            ("\u{1f600}".as_bytes(), 3, 0),
            (b"\x80\x80\x80\x80\x80\x80", 5, 5),
        ] {
            assert_eq!(part_len(text, most), len, "{text:x?}");
        }
    }

    #[test]
    fn partial_char_is_completed_or_broken() {
        let mut carry = PartialChar::default();
        assert_eq!(carry.join(0xe6), Joined::More);
        assert_eq!(carry.join(0xbc), Joined::More);
        assert_eq!(carry.join(b'a'), Joined::Broken);
        assert_eq!(carry.join(0xa2), Joined::Whole);
        assert_eq!(carry.take(), ([0xe6, 0xbc, 0xa2, 0], 3));
    }

    #[test]
    fn incomplete_len_counts_cut_character() {
        for (text, expected) in [
            (&b"abc"[..], 0),
            (b"", 0),
            (b"\xc3\xa9", 0),
            (b"a\xc3", 1),
            (b"a\xff", 0),
            (b"\xff\xe2\x82", 2),
            (b"\xf0\x9f\x98", 3),
        ] {
            assert_eq!(incomplete_len(text), expected, "{}", text.escape_ascii());
        }
    }

    #[test]
    fn incomplete_character_joins_its_rest() {
        for (text, more, expected) in [
            (&b"a\xe2"[..], &b"\x82\xac"[..], true),
            (b"\xe2\x82", b"\xacb", true),
            (b"\xe2", b"\x82", false),
            (b"\xe2", b"\x82b", false),
            (b"\xe2\x82\xac", b"\x82", false),
            (b"\xf0", b"\x80\xa0\xa0", false),
            (b"\xf0", b"\xa0\xa0\xa0\xa0", true),
            (b"\xe2", b"", false),
            (b"", b"\xac", false),
        ] {
            assert_eq!(joins(text, more), expected, "{} {}", text.escape_ascii(), more.escape_ascii());
        }
    }

    #[test]
    fn width_agrees_with_unicode_tables() {
        use unicode_width::UnicodeWidthChar;
        for char in '\u{a0}'..=char::MAX {
            assert_eq!(width(char), char.width().unwrap_or(0).min(2), "{char:?}");
        }
    }

    proptest! {
        #[test]
        fn decoding_agrees_with_standard_library(
            bytes in prop::collection::vec(prop_oneof![
                2 => 0x20u8..0x7f, 2 => 0x80u8..=0xff, 3 => 0x80u8..=0xbf, 1 => 0xe0u8..=0xf4,
            ], 1..6),
        ) {
            let known = match std::str::from_utf8(&bytes) {
                Ok(text) => text.chars().next().map(|char| (Ok(char), char.len_utf8())),
                Err(error) => {
                    let valid = String::from_utf8_lossy(&bytes[..error.valid_up_to()]).into_owned();
                    valid.chars().next().map(|char| (Ok(char), char.len_utf8()))
                }
            };
            prop_assert_eq!(first(&bytes), known.unwrap_or((Err(bytes[0]), 1)));
            if let Err(error) = std::str::from_utf8(&bytes) && error.valid_up_to() == 0 {
                let expected = match error.error_len() {
                    None => Utf8Piece::Open,
                    Some(1) if bytes[0] < 0xa0 => Utf8Piece::Control(1),
                    Some(len) => Utf8Piece::Raw(len),
                };
                prop_assert_eq!(piece(&bytes), expected);
            }
        }

        #[test]
        fn follow_does_not_depend_on_cuts(
            bytes in prop::collection::vec(prop_oneof![0x20u8..0x7f, 0x80u8..=0xff], 0..12),
            at in 0usize..12,
        ) {
            let (mut whole, mut cut, mut single) = (PartialChar::default(), PartialChar::default(), PartialChar::default());
            let at = at.min(bytes.len());
            whole.follow(&bytes);
            cut.follow(&bytes[..at]);
            if at < bytes.len() { cut.follow(&bytes[at..]); }
            for byte in &bytes { single.follow(&[*byte]); }
            let open = |carry: &PartialChar| carry.bytes[..carry.len].to_vec();
            prop_assert_eq!(open(&whole), open(&cut));
            prop_assert_eq!(open(&whole), open(&single));
        }
    }
}
