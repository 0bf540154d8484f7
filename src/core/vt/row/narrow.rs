//! Rows of ASCII text in the default style, which are held as one byte for each column wherever they are written: most rows of
//! full-screen programs are.

use super::{ScreenRow, StyleId};

/// Number of bytes that are written at once.
pub(in crate::core::vt) const FEW: usize = 16;

/// Writes the first `len` of `bytes`, at least one, into `place`. It has no loop, whose length could not be predicted.
#[inline]
fn put_few(place: &mut [u8; FEW], bytes: &[u8; FEW], len: usize) {
    let (old, new) = (u128::from_le_bytes(*place), u128::from_le_bytes(*bytes));
    let mask = u128::MAX >> (8 * (FEW - len));
    *place = (old ^ (old ^ new) & mask).to_le_bytes();
}

impl ScreenRow {
    /// Returns whether the row is held as one byte for each column, all in the default style, so that it can be written and
    /// erased as such.
    #[inline]
    pub(in crate::core::vt) fn is_narrow(&mut self) -> bool {
        if !self.cells.is_empty() || self.fill != StyleId::DEFAULT {
            return false;
        }
        self.narrow = self.narrow || self.runs.is_empty() && self.hole.is_none() && self.flat.is_ascii();
        self.narrow
    }

    /// Writes the first `len` bytes of `output`, ASCII text, into the columns from `at` on of a row that is narrow.
    #[inline]
    pub(in crate::core::vt) fn put_ascii(&mut self, at: usize, output: &[u8], len: usize) {
        self.changed = true;
        let end = at + len;
        if end > self.flat.len() {
            self.flat.resize(end, 0);
        }
        let few = self.flat.get_mut(at..).and_then(|bytes| bytes.first_chunk_mut::<FEW>());
        match (few, output.first_chunk::<FEW>()) {
            (Some(place), Some(bytes)) if (1..=FEW).contains(&len) => put_few(place, bytes, len),
            _ => self.flat[at..end].copy_from_slice(&output[..len]),
        }
    }

    /// Blanks the columns `from..to` of a narrow row of `cols` columns.
    pub(super) fn erase_narrow(&mut self, from: usize, to: usize, cols: usize) {
        if to >= cols {
            self.flat.truncate(from);
        } else if let Some(erased) = self.flat.get_mut(from..) {
            let to = erased.len().min(to - from);
            erased[..to].fill(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::core::vt::clusters::Clusters;

    const COLS: usize = 40;

    /// Returns the text of a row with the padding of one that wraps, and without.
    fn texts(row: &ScreenRow) -> [Vec<u8>; 2] {
        [(COLS, true), (usize::MAX, false)].map(|(to, padded)| {
            let mut text = Vec::new();
            row.push_text(0, to, padded, &Clusters::default(), &mut text);
            text
        })
    }

    proptest! {
        #[test]
        fn narrow_row_agrees_with_cells(
            steps in prop::collection::vec((0..COLS, prop_oneof![2 => "[ -~]{1,20}", 1 => Just(String::new())], 0..=COLS), 1..12),
            behind in prop_oneof![Just(""), Just("text behind the run")],
        ) {
            let (mut narrow, mut cells) = (ScreenRow::new(1), ScreenRow::new(1));
            for (at, text, to) in steps {
                prop_assert!(narrow.is_narrow());
                let len = text.len().min(COLS - at);
                if len > 0 {
                    narrow.put_ascii(at, format!("{text}{behind}").as_bytes(), len);
                    cells.put_singles(at, &text.as_bytes()[..len], StyleId::DEFAULT);
                } else {
                    narrow.erase(at.min(to), to, COLS, StyleId::DEFAULT);
                    cells.erase(at.min(to), to, COLS, StyleId::DEFAULT);
                }
                prop_assert_eq!(texts(&narrow), texts(&cells));
                prop_assert_eq!(narrow.is_unwritten(), cells.is_unwritten());
            }
            narrow.make_cells(COLS, &mut Clusters::default());
            prop_assert_eq!(narrow.len(), cells.len());
        }
    }
}
