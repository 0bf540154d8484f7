//! The rows of one screen, the cursor on them, and the scrolling region.

use std::collections::VecDeque;

use super::clusters::Clusters;
use super::row::ScreenRow;
use super::style::StyleId;

/// Generator of ids for rows that no byte of the stream created: those present at the start or scrolled in blank.
#[derive(Clone, Debug, Default)]
pub(super) struct RowIds(u64);

impl RowIds {
    /// Returns a new id. Rows created by text have stream offsets as ids, so generated ones have the high bit set.
    pub(super) fn new_id(&mut self) -> u64 {
        self.0 += 1;
        1 << 63 | self.0
    }
}

/// Position of the cursor that DECSC saved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct SavedPosition {
    pub(super) row: usize,
    /// Column, as `Grid::col`.
    pub(super) col: usize,
    /// DECOM.
    pub(super) origin: bool,
}

/// A screen.
#[derive(Clone, Debug)]
pub(super) struct Grid {
    /// Never empty.
    pub(super) rows: VecDeque<ScreenRow>,
    /// Cursor's row, below `rows.len()`.
    pub(super) row: usize,
    /// Cursor's column, or the number of columns while a wrap is pending: the last column is filled, and the next character
    /// wraps (DECAWM).
    pub(super) col: usize,
    /// First and last row of the scrolling region; `top <= bottom < rows.len()`.
    pub(super) top: usize,
    pub(super) bottom: usize,
    pub(super) saved: SavedPosition,
    /// Number of rows that have scrolled off the top, by which rows are numbered absolutely.
    pub(super) scrolled: u64,
}

impl Grid {
    /// Creates a blank screen with the cursor in the first column of the first row.
    pub(super) fn new(rows: usize, row_ids: &mut RowIds) -> Self {
        let rows: VecDeque<ScreenRow> = (0..rows).map(|_| ScreenRow::new(row_ids.new_id())).collect();
        let bottom = rows.len() - 1;
        Self { rows, row: 0, col: 0, top: 0, bottom, saved: SavedPosition::default(), scrolled: 0 }
    }

    /// Returns the number of rows.
    pub(super) fn height(&self) -> usize {
        self.rows.len()
    }

    /// Returns the cursor's row.
    #[inline]
    pub(super) fn cursor_row(&mut self) -> &mut ScreenRow {
        &mut self.rows[self.row]
    }

    /// Returns whether the scrolling region is the whole screen.
    pub(super) fn has_whole_region(&self) -> bool {
        self.top == 0 && self.bottom + 1 == self.rows.len()
    }

    /// Returns the first row of the line that row `row` belongs to.
    pub(super) fn first_of_line(&self, row: usize) -> usize {
        let mut first = row;
        while first > 0 && self.rows[first].continues {
            first -= 1;
        }
        first
    }

    /// Returns the last row of the line that row `row` belongs to.
    pub(super) fn last_of_line(&self, row: usize) -> usize {
        let mut last = row;
        while self.continues(last + 1) {
            last += 1;
        }
        last
    }

    /// Returns whether the row exists and continues the line above.
    pub(super) fn continues(&self, row: usize) -> bool {
        self.rows.get(row).is_some_and(|row| row.continues)
    }

    /// Appends the text of the rows `first..=last`, all but the last of which wrap into the next.
    pub(super) fn push_line(&self, first: usize, last: usize, cols: usize, clusters: &Clusters, out: &mut Vec<u8>) {
        for row in first..last {
            self.rows[row].push_text(0, cols, true, clusters, out);
        }
        self.rows[last].push_text(0, usize::MAX, false, clusters, out);
    }

    /// Scrolls all rows up by `count` rows, not more than there are. The rows that come in have the id `id`.
    #[inline]
    pub(super) fn scroll(&mut self, count: usize, id: u64, fill: StyleId) {
        self.rows.rotate_left(count);
        let first = self.rows.len() - count;
        self.rows.range_mut(first..).for_each(|row| row.renew(id, fill));
        self.scrolled += count as u64;
    }

    /// Returns the last row that is not blank; `None` where all are.
    pub(super) fn last_written(&self) -> Option<usize> {
        self.rows.iter().rposition(|row| !row.is_blank())
    }

    /// Rotates the rows `first..=last` up (`up`) or down by `count` rows and renews those that come in blank. The caller has
    /// handled the rows that go out.
    pub(super) fn rotate(
        &mut self,
        first: usize,
        last: usize,
        count: usize,
        up: bool,
        row_ids: &mut RowIds,
        fill: StyleId,
    ) {
        let count = count.min(last + 1 - first);
        if first == 0 && last + 1 == self.rows.len() {
            if up { self.rows.rotate_left(count) } else { self.rows.rotate_right(count) }
        } else if count == 1 {
            let (from, to) = if up { (first, last) } else { (last, first) };
            if let Some(row) = self.rows.remove(from) {
                self.rows.insert(to, row);
            }
        } else {
            let rows = &mut self.rows.make_contiguous()[first..=last];
            if up { rows.rotate_left(count) } else { rows.rotate_right(count) }
        }
        let fresh = if up { last + 1 - count..last + 1 } else { first..first + count };
        for row in fresh {
            self.rows[row].renew(row_ids.new_id(), fill);
        }
        // A line that was cut in two is two lines; one that scrolls off the top stays one.
        let seams = if up { [first, last + 1] } else { [first + count, last + 1] };
        for seam in seams.into_iter().filter(|&seam| seam > 0) {
            if let Some(row) = self.rows.get_mut(seam) {
                row.continues = false;
            }
        }
    }

    /// Returns the row `count` rows above the cursor, bounded by the region's edge.
    pub(super) fn above(&self, count: usize) -> usize {
        let edge = if self.row >= self.top { self.top } else { 0 };
        self.row.saturating_sub(count).max(edge)
    }

    /// Returns the row `count` rows below the cursor, bounded by the region's edge.
    pub(super) fn below(&self, count: usize) -> usize {
        let edge = if self.row <= self.bottom { self.bottom } else { self.rows.len() - 1 };
        self.row.saturating_add(count).min(edge)
    }

    /// Returns the row with the number `number`, counted from 0 or, with `origin` (DECOM), within the region.
    pub(super) fn absolute(&self, number: usize, origin: bool) -> usize {
        let (first, last) = if origin { (self.top, self.bottom) } else { (0, self.rows.len() - 1) };
        first.saturating_add(number).min(last)
    }

    /// Returns the row `count` rows below the cursor, bounded by the screen or, with `origin` (DECOM), by the region.
    pub(super) fn absolute_below(&self, count: usize, origin: bool) -> usize {
        self.row.saturating_add(count).min(self.absolute(usize::MAX, origin))
    }

    /// Sets the scrolling region `top..end`, counted from 0, where `end` 0 is the last row; returns whether it is valid.
    pub(super) fn set_region(&mut self, top: usize, end: usize) -> bool {
        let end = if end == 0 { self.rows.len() } else { end.min(self.rows.len()) };
        if top + 1 >= end {
            return false;
        }
        (self.top, self.bottom) = (top, end - 1);
        true
    }

    /// Resets the scrolling region to the whole screen.
    pub(super) fn reset_region(&mut self) {
        (self.top, self.bottom) = (0, self.rows.len() - 1);
    }
}
