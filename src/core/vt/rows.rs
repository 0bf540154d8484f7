//! The rows of one screen: which is which, and which one the cursor is on. What stands in them is not known here.

use std::collections::VecDeque;

/// More rows than any screen has.
const MOST_ROWS: usize = 1000;

/// The ids of rows that no byte of the stream stands for: those that are there at the start, or come by scrolling.
#[derive(Clone, Debug, Default)]
pub(super) struct RowIds(u64);

impl RowIds {
    /// Offsets in the stream are the ids of rows that text made, so these have the high bit.
    pub(super) fn fresh(&mut self) -> u64 {
        self.0 += 1;
        1 << 63 | self.0
    }
}

/// A screen.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    /// One for each row, never empty.
    ids: VecDeque<u64>,
    /// Where the cursor is: below `ids.len()`.
    pub(super) row: usize,
    /// Where it was in this row when the screen was left for the other one.
    pub(super) left_at: usize,
    /// The first and the last row that scroll; `top <= bottom < ids.len()`.
    top: usize,
    bottom: usize,
    /// The row and column that DECSC has saved.
    pub(super) saved: (usize, usize),
}

impl Rows {
    /// A screen with the cursor on its last row.
    pub(super) fn new(rows: u16, maker: &mut RowIds) -> Self {
        let rows = usize::from(rows).clamp(1, MOST_ROWS);
        let ids = (0..rows).map(|_| maker.fresh()).collect();
        Self { ids, row: rows - 1, left_at: 0, top: 0, bottom: rows - 1, saved: (0, 0) }
    }

    pub(super) fn rows(&self) -> usize {
        self.ids.len()
    }

    /// The id of the cursor's row.
    pub(super) fn id(&self) -> u64 {
        self.ids[self.row]
    }

    /// Gives the cursor's row another id.
    pub(super) fn rename(&mut self, id: u64) {
        let row = self.row;
        self.ids[row] = id;
    }

    /// The ids of all rows, the last row first.
    pub(super) fn upwards(&mut self) -> impl ExactSizeIterator<Item = &mut u64> {
        self.ids.iter_mut().rev()
    }

    /// New ids for all rows.
    pub(super) fn refresh(&mut self, maker: &mut RowIds) {
        self.ids.iter_mut().for_each(|id| *id = maker.fresh());
    }

    /// Whether the cursor is on the last row of a screen that scrolls as a whole.
    pub(super) fn at_end(&self) -> bool {
        self.row + 1 == self.ids.len() && self.bottom == self.row && self.top == 0
    }

    /// One row down; a row that scrolls in gets the id.
    #[inline]
    pub(super) fn down(&mut self, fresh: u64) {
        if self.row == self.bottom {
            self.roll(self.top, fresh);
        } else if self.row + 1 < self.ids.len() {
            self.row += 1;
        }
    }

    /// One row up; a row that scrolls in gets the id.
    pub(super) fn up(&mut self, fresh: u64) {
        if self.row == self.top {
            self.roll_back(self.top, fresh);
        } else {
            self.row = self.row.saturating_sub(1);
        }
    }

    /// Scrolls the rows from `first` to the end of the region up by one.
    #[inline]
    fn roll(&mut self, first: usize, fresh: u64) {
        if first == 0 && self.bottom + 1 == self.ids.len() {
            self.ids.pop_front();
            self.ids.push_back(fresh);
        } else {
            self.ids.remove(first);
            self.ids.insert(self.bottom, fresh);
        }
    }

    /// Scrolls the rows from `first` to the end of the region down by one.
    fn roll_back(&mut self, first: usize, fresh: u64) {
        self.ids.remove(self.bottom);
        self.ids.insert(first, fresh);
    }

    /// Scrolls the region by `count` rows, up or down.
    pub(super) fn scroll(&mut self, count: usize, up: bool, maker: &mut RowIds) {
        self.shift(self.top, count, up, maker);
    }

    /// Takes out (`up`) or puts in rows at the cursor.
    pub(super) fn splice(&mut self, count: usize, up: bool, maker: &mut RowIds) {
        if (self.top..=self.bottom).contains(&self.row) {
            self.shift(self.row, count, up, maker);
        }
    }

    fn shift(&mut self, first: usize, count: usize, up: bool, maker: &mut RowIds) {
        for _ in 0..count.min(self.bottom + 1 - first) {
            let fresh = maker.fresh();
            if up { self.roll(first, fresh) } else { self.roll_back(first, fresh) }
        }
    }

    /// The row that is `count` rows above the cursor, stopped by the region's edge.
    pub(super) fn above(&self, count: usize) -> usize {
        let edge = if self.row >= self.top { self.top } else { 0 };
        self.row.saturating_sub(count).max(edge)
    }

    /// The row that is `count` rows below the cursor, stopped by the region's edge.
    pub(super) fn below(&self, count: usize) -> usize {
        let edge = if self.row <= self.bottom { self.bottom } else { self.ids.len() - 1 };
        self.row.saturating_add(count).min(edge)
    }

    /// The row with this number, counted from 0 or, with `origin`, within the region.
    pub(super) fn numbered(&self, number: usize, origin: bool) -> usize {
        let (first, last) = if origin { (self.top, self.bottom) } else { (0, self.ids.len() - 1) };
        first.saturating_add(number).min(last)
    }

    /// Sets the scrolling region, counted from 0, the end excluded. Says whether that can be.
    pub(super) fn set_region(&mut self, top: usize, end: usize) -> bool {
        let end = if end == 0 { self.ids.len() } else { end.min(self.ids.len()) };
        if top + 1 >= end {
            return false;
        }
        (self.top, self.bottom) = (top, end - 1);
        true
    }

    /// The whole screen scrolls.
    pub(super) fn drop_region(&mut self) {
        (self.top, self.bottom) = (0, self.ids.len() - 1);
    }

    /// Another number of rows: they come and go at the top, as most terminals do it.
    pub(super) fn resize(&mut self, rows: u16, maker: &mut RowIds) {
        let rows = usize::from(rows).clamp(1, MOST_ROWS);
        while self.ids.len() < rows {
            self.ids.push_front(maker.fresh());
            self.row += 1;
        }
        while self.ids.len() > rows {
            // The cursor stays on the screen: rows below it go when there are none above.
            if self.row == 0 {
                self.ids.pop_back();
            } else {
                self.ids.pop_front();
                self.row -= 1;
            }
        }
        self.drop_region();
        self.saved.0 = self.saved.0.min(rows - 1);
    }
}
