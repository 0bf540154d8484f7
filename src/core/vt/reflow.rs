//! Change of the terminal's size: lines of the primary screen are wrapped anew, rows of the alternate one are cut.

use std::collections::VecDeque;

use super::VtSink;
use super::clusters::{BLANK, HOLE, TAIL};
use super::grid::{Grid, RowIds};
use super::row::{RawCell, ScreenRow};
use super::screens::Screens;
use super::style::StyleId;

impl Screens {
    /// Changes the size of both screens. The cursor's line is settled.
    pub(super) fn reflow(&mut self, cols: usize, rows: usize, sink: &mut impl VtSink) {
        let alternate = self.on_alternate;
        if alternate {
            self.swap_grids();
        }
        if let Some(hidden) = &mut self.hidden {
            crop(hidden, cols);
            fit(hidden, rows, &mut self.row_ids);
        }
        self.reflow_primary(cols, rows, sink);
        if alternate {
            self.swap_grids();
        }
    }

    /// Exchanges the screen that is shown and the other.
    fn swap_grids(&mut self) {
        if let Some(hidden) = &mut self.hidden {
            std::mem::swap(&mut self.grid, hidden);
            self.on_alternate = !self.on_alternate;
        }
    }

    fn reflow_primary(&mut self, cols: usize, rows: usize, sink: &mut impl VtSink) {
        if cols != self.cols {
            let moved = wrap(&mut self.grid, self.cols, cols, &mut self.clusters, &mut self.row_ids);
            self.cols = cols;
            self.move_anchors(moved);
        }
        let surplus = self.grid.height().saturating_sub(rows);
        let below = self.blank_below().min(surplus);
        self.grid.rows.truncate(self.grid.height() - below);
        for _ in below..surplus {
            if self.grid.row == 0 {
                self.grid.rows.pop_back();
            } else {
                self.scroll_off_for_resize(sink);
            }
        }
        fit(&mut self.grid, rows, &mut self.row_ids);
    }

    /// Returns the number of blank rows at the end of the screen, below the cursor.
    fn blank_below(&self) -> usize {
        let last = self.grid.last_written().unwrap_or(0).max(self.grid.row);
        self.grid.height() - 1 - last
    }

    /// Takes note that the cursor's line, and with it the prompt, has moved by `moved` rows, since lines were wrapped anew.
    fn move_anchors(&mut self, moved: i64) {
        self.anchors.shift(moved);
        if let Some((_, col)) = &mut self.anchors.input {
            *col = (*col).min(self.cols - 1);
        }
        self.current.piece = None;
        (self.suspended, self.anchors.returned_from) = (None, None);
    }
}

/// Cuts or extends the rows of a screen whose lines are not wrapped anew.
fn crop(grid: &mut Grid, cols: usize) {
    grid.rows.iter_mut().for_each(|row| row.crop(cols));
    grid.col = grid.col.min(cols - 1);
    grid.saved.col = grid.saved.col.min(cols - 1);
}

/// Gives a screen this number of rows: blank rows are added at its end, and its last rows are dropped.
fn fit(grid: &mut Grid, rows: usize, row_ids: &mut RowIds) {
    while grid.rows.len() > rows && grid.row > 0 && grid.row + 1 == grid.rows.len() {
        grid.rows.pop_front();
        grid.row -= 1;
        grid.scrolled += 1;
    }
    grid.rows.truncate(rows);
    while grid.rows.len() < rows {
        grid.rows.push_back(ScreenRow::new(row_ids.new_id()));
    }
    grid.row = grid.row.min(rows - 1);
    grid.saved.row = grid.saved.row.min(rows - 1);
    grid.reset_region();
}

/// Wraps all lines at `cols` columns. Returns by how many rows the first row of the cursor's line moved.
fn wrap(
    grid: &mut Grid,
    old_cols: usize,
    cols: usize,
    clusters: &mut super::clusters::Clusters,
    row_ids: &mut RowIds,
) -> i64 {
    let old = std::mem::take(&mut grid.rows);
    let (mut new, mut cursor, mut moved): (VecDeque<ScreenRow>, _, _) = (VecDeque::new(), None, 0);
    let (mut at, mut rows) = (0, old.into_iter().peekable());
    while let Some(first) = rows.next() {
        let mut line = vec![first];
        while let Some(next) = rows.next_if(|row| row.continues) {
            line.push(next);
        }
        let here = new.len();
        let inside = (at..at + line.len()).contains(&grid.row).then(|| (grid.row - at, grid.col));
        let before = at;
        at += line.len();
        let place = wrap_line(line, inside, old_cols, cols, clusters, row_ids, &mut new);
        if let Some((row, col)) = place {
            cursor = Some((here + row, col));
            moved = here as i64 - before as i64;
        }
    }
    (grid.row, grid.col) = cursor.unwrap_or((0, 0));
    grid.rows = new;
    grid.saved.col = grid.saved.col.min(cols - 1);
    moved
}

/// Wraps a line, appends its rows to `out`, and returns the cursor's new row and column in them, if the line has it.
fn wrap_line(
    mut line: Vec<ScreenRow>,
    cursor: Option<(usize, usize)>,
    old_cols: usize,
    cols: usize,
    clusters: &mut super::clusters::Clusters,
    row_ids: &mut RowIds,
    out: &mut VecDeque<ScreenRow>,
) -> Option<(usize, usize)> {
    for row in &mut line {
        row.make_cells(old_cols, clusters);
    }
    if line.len() == 1 && line[0].len() <= cols && cursor.is_none_or(|(_, col)| col <= cols) {
        // A wrap that was pending is none where the row is longer.
        out.extend(line);
        return cursor;
    }
    let (mut cells, mut target) = (Vec::new(), None);
    let last = line.len() - 1;
    for (at, row) in line.iter().enumerate() {
        if let Some((_, col)) = cursor.filter(|(row, _)| *row == at) {
            target = Some(cells.len() + col);
        }
        let len = if at < last { old_cols } else { row.len() };
        for col in 0..len {
            let cell = row.cell(col);
            // A wide character takes one column where there is no other, as it does when printed.
            if cell.glyph != HOLE && (cell.glyph != TAIL || cols > 1) {
                cells.push(cell);
            } else if let (Some(target), Some((cursor_row, cursor_col))) = (&mut target, cursor)
                && (at < cursor_row || at == cursor_row && col < cursor_col)
            {
                *target -= 1;
            }
        }
    }
    let blank = RawCell { glyph: BLANK, style: StyleId::DEFAULT };
    let mut starts = vec![0];
    let mut at = 0;
    while cells.len() - at > cols {
        let mut next = at + cols;
        if cells[next].glyph == TAIL && next > at + 1 {
            next -= 1;
        }
        starts.push(next);
        at = next;
    }
    let mut head = line.swap_remove(0);
    let (fill, dirty) = (head.fill, head.dirty);
    let mut place = None;
    for (n, &start) in starts.iter().enumerate() {
        let end = starts.get(n + 1).copied().unwrap_or(cells.len());
        let mut part = cells[start..end].to_vec();
        if n + 1 < starts.len() && part.len() < cols {
            part.resize(cols, RawCell { glyph: HOLE, ..blank });
        }
        let mut row = if n == 0 {
            std::mem::take(&mut head)
        } else {
            let mut row = ScreenRow::new(row_ids.new_id());
            (row.continues, row.dirty, row.fill) = (true, dirty, fill);
            row
        };
        row.set_cells(&part);
        out.push_back(row);
        if let Some(target) = target.filter(|&target| target >= start && (target <= end || n + 1 == starts.len())) {
            // At the beginning of the next row rather than behind the end of this one.
            if place.is_none() || target < end || n + 1 == starts.len() {
                place = Some((n, (target - start).min(cols)));
            }
        }
    }
    place
}
