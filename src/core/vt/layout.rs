//! Position of the cursor after text that is written left to right and wraps (DECAWM).

use super::{scan, utf8, valid};

/// Cursor position in the rows of a wrapped line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct CellPos {
    pub(super) row: usize,
    /// Column, or the terminal's width while a wrap is pending: the last column is filled, and the next character wraps.
    pub(super) col: usize,
}

/// Returns the position after `text` written from `pos` on, in rows of `cols` columns.
pub(super) fn advance(mut pos: CellPos, text: &[u8], cols: usize) -> CellPos {
    if text.is_ascii() {
        return if text.is_empty() { pos } else { advance_cols(pos, text.len(), cols) };
    }
    let mut rest = text;
    loop {
        let singles = scan::singles(rest);
        if singles > 0 {
            pos = advance_cols(pos, singles, cols);
            rest = &rest[singles..];
        }
        if rest.is_empty() {
            return pos;
        }
        // Consecutive characters of several bytes are likely to be followed by more.
        let valid = if singles == 0 { valid::valid(rest) } else { 0 };
        if valid > 0 {
            pos = advance_valid(pos, &rest[..valid], cols);
            rest = &rest[valid..];
        } else {
            let (what, len) = utf8::first(rest);
            pos = advance_char(pos, what.map_or(1, utf8::width), cols);
            rest = &rest[len..];
        }
    }
}

/// Does the same for text that is known to be UTF-8.
fn advance_valid(mut pos: CellPos, text: &[u8], cols: usize) -> CellPos {
    let mut rest = text;
    while let Some(&lead) = rest.first() {
        let (len, width) = match lead {
            0..0x80 => (1, 1),
            // Letters of Latin-1; U+5000 to U+9FFF and U+B000 to U+CFFF, where all are wide.
            0xc3 => (2, 1),
            0xe5..=0xe9 | 0xeb | 0xec => (3, 2),
            _ => {
                let (what, len) = utf8::first(rest);
                (len, what.map_or(1, utf8::width))
            }
        };
        pos = advance_char(pos, width, cols);
        rest = rest.get(len..).unwrap_or_default();
    }
    pos
}

/// Returns the position after one more character of `width` columns.
#[inline]
fn advance_char(pos: CellPos, width: usize, cols: usize) -> CellPos {
    if pos.col + width <= cols {
        return CellPos { col: pos.col + width, ..pos };
    }
    // A wide character does not straddle two rows: the last column stays empty.
    let hole = usize::from(width == 2 && cols > 1 && pos.col + 1 == cols);
    let width = width.min(cols);
    advance_cols(pos, width + hole, cols)
}

/// Returns the position `count` columns further on; `count` is not 0.
fn advance_cols(pos: CellPos, count: usize, cols: usize) -> CellPos {
    if pos.col + count <= cols {
        return CellPos { col: pos.col + count, ..pos };
    }
    let before_last = pos.col + count - 1;
    CellPos { row: pos.row + before_last / cols, col: before_last % cols + 1 }
}

/// Returns how often `text`, UTF-8 at the start of a row, wraps. A sum over its bytes shows for most that it does not.
pub(super) fn wraps(text: &[u8], cols: usize) -> usize {
    if text.len() <= cols {
        return 0;
    }
    if text.is_ascii() {
        return (text.len() - 1) / cols;
    }
    let most: usize = text.chunks(FEW).map(|few| usize::from(most_columns(few))).sum();
    if most <= cols { 0 } else { advance_valid(CellPos::default(), text, cols).row }
}

/// Returns the length of the first row of `text`, UTF-8 or not, in rows of `cols` columns, and whether its last column stays
/// empty, since the wide character that follows does not fit; `None` where the text does not wrap.
pub(super) fn row_break(text: &[u8], cols: usize) -> Option<(usize, bool)> {
    // No character has more columns than bytes.
    if text.len() <= cols {
        return None;
    }
    if text.get(..cols).is_some_and(<[u8]>::is_ascii) {
        // Combining marks belong to the last character.
        let len = cols + marks(&text[cols..]);
        return (len < text.len()).then_some((len, false));
    }
    let (mut at, mut col) = (0, 0);
    while at < text.len() {
        let (what, len) = utf8::first(&text[at..]);
        let width = what.map_or(1, utf8::width).min(cols);
        if col + width > cols {
            return Some((at, col < cols));
        }
        (at, col) = (at + len, col + width);
    }
    None
}

/// Returns the length of the combining marks at the start of `text`.
fn marks(text: &[u8]) -> usize {
    let mut at = 0;
    while text.get(at).is_some_and(|&byte| byte >= 0x80) {
        let (what, len) = utf8::first(&text[at..]);
        if what.map_or(1, utf8::width) > 0 {
            break;
        }
        at += len;
    }
    at
}

/// Number of bytes whose columns are summed in a `u8`, so that the sum vectorises.
const FEW: usize = 64;

/// Returns an upper bound of the columns of `few` bytes of UTF-8: a character takes no more columns than bytes, and at
/// most two.
#[inline]
fn most_columns(few: &[u8]) -> u8 {
    few.iter().map(|&byte| u8::from(byte < 0x80) + 2 * u8::from(byte >= 0xc0)).sum()
}

#[cfg(test)]
mod tests {
    use super::{CellPos, advance, advance_valid, row_break, wraps};
    use crate::core::vt::utf8;

    #[test]
    fn rows_break_where_text_wraps() {
        for (text, cols, len) in [
            ("", 10, None),
            ("0123456789", 10, None),
            ("0123456789x", 10, Some((10, false))),
            ("012345678e\u{301}\u{302}", 10, None),
            ("012345678e\u{301}\u{302}x", 10, Some((14, false))),
            ("012345678\u{6f22}", 10, Some((9, true))),
            ("01234567\u{6f22}", 10, None),
            ("01234567\u{6f22}\u{301}x", 10, Some((13, false))),
            ("\u{6f22}\u{6f22}", 1, Some((3, false))),
        ] {
            assert_eq!(row_break(text.as_bytes(), cols), len, "{text:?}");
        }
    }

    #[test]
    fn lead_byte_widths_agree_with_unicode_tables() {
        let letters = ['À'..='ÿ', '\u{5000}'..='\u{9fff}', '\u{b000}'..='\u{cfff}'];
        for char in letters.into_iter().flatten() {
            let text = char.to_string();
            let pos = advance_valid(CellPos::default(), text.as_bytes(), 80);
            assert_eq!(pos.col, utf8::width(char), "{char:?}");
        }
    }

    #[test]
    fn position_after_text() {
        for (from, text, cols, to) in [
            ((0, 0), "", 10, (0, 0)),
            ((0, 0), "0123456789", 10, (0, 10)),
            ((0, 10), "x", 10, (1, 1)),
            ((0, 3), "0123456789", 10, (1, 3)),
            ((0, 0), "漢字漢字漢", 10, (0, 10)),
            ((0, 1), "漢字漢字漢", 10, (1, 2)),
            ((0, 10), "漢", 10, (1, 2)),
            ((0, 0), "e\u{301}", 10, (0, 1)),
            ((0, 0), "漢漢", 1, (1, 1)),
            ((0, 0), "漢漢漢", 3, (2, 2)),
        ] {
            let pos = |(row, col)| CellPos { row, col };
            assert_eq!(advance(pos(from), text.as_bytes(), cols), pos(to), "{text:?} from {from:?}");
            if from == (0, 0) {
                assert_eq!(wraps(text.as_bytes(), cols), to.0, "{text:?}");
            }
        }
        assert_eq!(advance(CellPos::default(), b"a\xffb", 10).col, 3);
    }
}
