//! Where text that is put one character behind the other ends up.

use super::{scan, utf8, valid};

/// A place in the rows of a wrapped line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct CellSpan {
    pub(super) row: usize,
    /// The terminal's width when the last column was filled: the next character goes to the next row.
    pub(super) col: usize,
}

/// The place behind a text put from `place` on, in rows of `cols` columns.
pub(super) fn lay(mut place: CellSpan, text: &[u8], cols: usize) -> CellSpan {
    if text.is_ascii() {
        return if text.is_empty() { place } else { ahead(place, text.len(), cols) };
    }
    let mut rest = text;
    loop {
        let singles = scan::singles(rest);
        if singles > 0 {
            place = ahead(place, singles, cols);
            rest = &rest[singles..];
        }
        if rest.is_empty() {
            return place;
        }
        // Where one character follows the other, there are likely to be more.
        let valid = if singles == 0 { valid::valid(rest) } else { 0 };
        if valid > 0 {
            place = lay_valid(place, &rest[..valid], cols);
            rest = &rest[valid..];
        } else {
            let (what, len) = utf8::first(rest);
            place = one(place, what.map_or(1, utf8::width), cols);
            rest = &rest[len..];
        }
    }
}

/// The same for a text that is known to be UTF-8.
fn lay_valid(mut place: CellSpan, text: &[u8], cols: usize) -> CellSpan {
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
        place = one(place, width, cols);
        rest = rest.get(len..).unwrap_or_default();
    }
    place
}

/// The place behind one more character.
#[inline]
fn one(place: CellSpan, width: usize, cols: usize) -> CellSpan {
    if place.col + width <= cols {
        return CellSpan { col: place.col + width, ..place };
    }
    // A wide one does not stand on two rows.
    let hole = usize::from(width == 2 && cols > 1 && place.col + 1 == cols);
    let width = width.min(cols);
    ahead(place, width + hole, cols)
}

/// The place `count` columns further on; `count` is not 0.
fn ahead(place: CellSpan, count: usize, cols: usize) -> CellSpan {
    if place.col + count <= cols {
        return CellSpan { col: place.col + count, ..place };
    }
    let before_last = place.col + count - 1;
    CellSpan { row: place.row + before_last / cols, col: before_last % cols + 1 }
}

/// How often a text, which is UTF-8 and begins a row, wraps. Counts bytes where that is enough to see that it does not.
pub(super) fn wraps(text: &[u8], cols: usize) -> usize {
    if text.len() <= cols {
        return 0;
    }
    if text.is_ascii() {
        return (text.len() - 1) / cols;
    }
    let most: usize = text.chunks(FEW).map(|few| usize::from(most_columns(few))).sum();
    if most <= cols { 0 } else { lay_valid(CellSpan::default(), text, cols).row }
}

/// The columns of so many bytes can be counted in a byte.
const FEW: usize = 64;

/// The most columns that a few bytes of UTF-8 can take: no character takes more than bytes, and none more than two.
#[inline]
fn most_columns(few: &[u8]) -> u8 {
    few.iter().map(|&byte| u8::from(byte < 0x80) + 2 * u8::from(byte >= 0xc0)).sum()
}

#[cfg(test)]
mod tests {
    use super::{CellSpan, lay, lay_valid, wraps};
    use crate::core::vt::utf8;

    #[test]
    fn the_short_cuts_agree_with_the_tables() {
        let letters = ['À'..='ÿ', '\u{5000}'..='\u{9fff}', '\u{b000}'..='\u{cfff}'];
        for char in letters.into_iter().flatten() {
            let text = char.to_string();
            let place = lay_valid(CellSpan::default(), text.as_bytes(), 80);
            assert_eq!(place.col, utf8::width(char), "{char:?}");
        }
    }

    #[test]
    fn places() {
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
            let place = |(row, col)| CellSpan { row, col };
            assert_eq!(lay(place(from), text.as_bytes(), cols), place(to), "{text:?} from {from:?}");
            if from == (0, 0) {
                assert_eq!(wraps(text.as_bytes(), cols), to.0, "{text:?}");
            }
        }
        assert_eq!(lay(CellSpan::default(), b"a\xffb", 10).col, 3);
    }
}
