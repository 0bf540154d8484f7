//! Rows of one screen: their ids, the cursor's row and the scrolling region. The text of the rows is not kept.

use std::collections::VecDeque;

/// Maximum number of rows, above that of any terminal.
const MAX_ROWS: usize = 1000;

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

/// Rows of a screen.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    /// Id of each row; never empty.
    ids: VecDeque<u64>,
    /// Cursor's row, below `ids.len()`.
    pub(super) row: usize,
    /// Cursor's column when the other screen was switched to.
    pub(super) saved_col: usize,
    /// First and last row of the scrolling region; `top <= bottom < ids.len()`.
    top: usize,
    bottom: usize,
    /// Row and column saved by DECSC.
    pub(super) saved: (usize, usize),
}

impl Rows {
    /// Creates a screen with the cursor on its last row.
    pub(super) fn new(rows: u16, row_ids: &mut RowIds) -> Self {
        let rows = usize::from(rows).clamp(1, MAX_ROWS);
        let ids = (0..rows).map(|_| row_ids.new_id()).collect();
        Self { ids, row: rows - 1, saved_col: 0, top: 0, bottom: rows - 1, saved: (0, 0) }
    }

    pub(super) fn rows(&self) -> usize {
        self.ids.len()
    }

    /// Returns the id of the cursor's row.
    pub(super) fn id(&self) -> u64 {
        self.ids[self.row]
    }

    /// Sets the id of the cursor's row.
    pub(super) fn set_id(&mut self, id: u64) {
        let row = self.row;
        self.ids[row] = id;
    }

    /// Returns the ids of all rows, the last row first.
    pub(super) fn ids_from_bottom(&mut self) -> impl ExactSizeIterator<Item = &mut u64> {
        self.ids.iter_mut().rev()
    }

    /// Gives all rows new ids.
    pub(super) fn renew_ids(&mut self, row_ids: &mut RowIds) {
        self.ids.iter_mut().for_each(|id| *id = row_ids.new_id());
    }

    /// Returns whether the cursor is on the last row and the region is the whole screen.
    pub(super) fn at_end(&self) -> bool {
        self.row + 1 == self.ids.len() && self.bottom == self.row && self.top == 0
    }

    /// Executes IND: moves the cursor down or scrolls up; a row that scrolls in gets the id `fresh`.
    #[inline]
    pub(super) fn down(&mut self, fresh: u64) {
        if self.row == self.bottom {
            self.scroll_up(self.top, fresh);
        } else if self.row + 1 < self.ids.len() {
            self.row += 1;
        }
    }

    /// Executes RI: moves the cursor up or scrolls down; a row that scrolls in gets the id `fresh`.
    pub(super) fn up(&mut self, fresh: u64) {
        if self.row == self.top {
            self.scroll_down(self.top, fresh);
        } else {
            self.row = self.row.saturating_sub(1);
        }
    }

    /// Scrolls the rows from `first` to the end of the region up by one.
    #[inline]
    fn scroll_up(&mut self, first: usize, fresh: u64) {
        if first == 0 && self.bottom + 1 == self.ids.len() {
            self.ids.pop_front();
            self.ids.push_back(fresh);
        } else {
            self.ids.remove(first);
            self.ids.insert(self.bottom, fresh);
        }
    }

    /// Scrolls the rows from `first` to the end of the region down by one.
    fn scroll_down(&mut self, first: usize, fresh: u64) {
        self.ids.remove(self.bottom);
        self.ids.insert(first, fresh);
    }

    /// Scrolls the region by `count` rows, up or down.
    pub(super) fn scroll(&mut self, count: usize, up: bool, row_ids: &mut RowIds) {
        self.scroll_from(self.top, count, up, row_ids);
    }

    /// Executes DL (`up`) or IL at the cursor, which have no effect outside of the region.
    pub(super) fn insert_or_delete(&mut self, count: usize, up: bool, row_ids: &mut RowIds) {
        if (self.top..=self.bottom).contains(&self.row) {
            self.scroll_from(self.row, count, up, row_ids);
        }
    }

    /// Scrolls the rows from `first` to the end of the region at once, since `count` may be large.
    fn scroll_from(&mut self, first: usize, count: usize, up: bool, row_ids: &mut RowIds) {
        let rows = &mut self.ids.make_contiguous()[first..=self.bottom];
        let count = count.min(rows.len());
        if up {
            rows.rotate_left(count);
            let kept = rows.len() - count;
            rows[kept..].fill_with(|| row_ids.new_id());
        } else {
            rows.rotate_right(count);
            rows[..count].fill_with(|| row_ids.new_id());
        }
    }

    /// Returns the row `count` rows above the cursor, bounded by the region's edge.
    pub(super) fn above(&self, count: usize) -> usize {
        let edge = if self.row >= self.top { self.top } else { 0 };
        self.row.saturating_sub(count).max(edge)
    }

    /// Returns the row `count` rows below the cursor, bounded by the region's edge.
    pub(super) fn below(&self, count: usize) -> usize {
        let edge = if self.row <= self.bottom { self.bottom } else { self.ids.len() - 1 };
        self.row.saturating_add(count).min(edge)
    }

    /// Returns the row with the number `number`, counted from 0 or, with `origin` (DECOM), within the region.
    pub(super) fn absolute(&self, number: usize, origin: bool) -> usize {
        let (first, last) = if origin { (self.top, self.bottom) } else { (0, self.ids.len() - 1) };
        first.saturating_add(number).min(last)
    }

    /// Sets the scrolling region `top..end`, counted from 0, where `end` 0 is the last row; returns whether it is valid.
    pub(super) fn set_region(&mut self, top: usize, end: usize) -> bool {
        let end = if end == 0 { self.ids.len() } else { end.min(self.ids.len()) };
        if top + 1 >= end {
            return false;
        }
        (self.top, self.bottom) = (top, end - 1);
        true
    }

    /// Resets the scrolling region to the whole screen.
    pub(super) fn reset_region(&mut self) {
        (self.top, self.bottom) = (0, self.ids.len() - 1);
    }

    /// Changes the number of rows, at the top, as most terminals do.
    pub(super) fn resize(&mut self, rows: u16, row_ids: &mut RowIds) {
        let rows = usize::from(rows).clamp(1, MAX_ROWS);
        while self.ids.len() < rows {
            self.ids.push_front(row_ids.new_id());
            self.row += 1;
        }
        while self.ids.len() > rows {
            // The cursor stays on the screen: rows below it are removed once there are none above.
            if self.row == 0 {
                self.ids.pop_back();
            } else {
                self.ids.pop_front();
                self.row -= 1;
            }
        }
        self.reset_region();
        self.saved.0 = self.saved.0.min(rows - 1);
    }
}
