//! Sequences that repaint the screen. The caller decides when to send them and sets the modes that they require.

use super::{Cell, CellText, Screen, Style};

impl Screen {
    /// Returns the sequences that repaint a row, for a cursor at its start. They leave the attributes at their defaults. The
    /// terminal must have DECAWM set, IRM reset and ASCII as G0.
    pub fn repaint_row(&self, row: usize) -> Vec<u8> {
        let mut out = b"\x1b[m".to_vec();
        let blank = Cell { glyph: CellText::Nothing, width: 1, style: Style::default() };
        let cells = self.cells(row);
        let seen = cells.iter().rposition(|cell| *cell != blank).map_or(0, |last| last + 1);
        let mut now = Style::default();
        for cell in cells[..seen].iter().filter(|cell| cell.width > 0) {
            if cell.style != now {
                cell.style.begin(&mut out);
                now = cell.style;
            }
            out.extend_from_slice(cell.glyph.to_string().as_bytes());
        }
        if now != Style::default() {
            out.extend_from_slice(b"\x1b[m");
        }
        if seen < self.columns() {
            out.extend_from_slice(b"\x1b[K");
        }
        out
    }

    /// Returns the sequences that repaint the whole screen, without modes and cursor. They leave the attributes at their
    /// defaults; they require the modes of `repaint_row` and no scrolling region.
    pub fn repaint(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for row in 0..self.rows() {
            out.extend_from_slice(format!("\x1b[{}H", row + 1).as_bytes());
            out.extend_from_slice(&self.repaint_row(row));
        }
        out
    }

    /// Returns the sequences that restore scrolling region, origin (DECOM), cursor and attributes, in a terminal without a
    /// scrolling region and with the modes of `repaint_row`.
    pub fn resume(&self, origin: bool) -> Vec<u8> {
        let grid = &self.screens().grid;
        let mut out = Vec::new();
        if !grid.has_whole_region() {
            out.extend_from_slice(format!("\x1b[{};{}r", grid.top + 1, grid.bottom + 1).as_bytes());
        }
        if origin {
            out.extend_from_slice(b"\x1b[?6h");
        }
        let first = if origin { grid.top } else { 0 };
        let row = self.cursor().row.saturating_sub(first) + 1;
        out.extend_from_slice(format!("\x1b[{row}H").as_bytes());
        out.extend_from_slice(&self.put_cursor());
        self.vt().modes().current_sgr().style().begin(&mut out);
        out
    }

    /// Returns the sequences that restore the cursor's column and pending wrap; the cursor must be on its row already. They
    /// leave the attributes at their defaults and require the modes of `repaint_row`.
    pub fn put_cursor(&self) -> Vec<u8> {
        let cursor = self.cursor();
        let cells = self.cells(cursor.row);
        let last = cells.last().filter(|_| cursor.pending_wrap);
        let column = cursor.column - usize::from(last.is_some_and(|cell| cell.width == 0));
        let mut out = format!("\x1b[m\x1b[{}G", column + 1).into_bytes();
        // A pending wrap arises only from a character printed in the last column, so that character is printed again.
        if let Some(cell) = cells.get(column).filter(|_| cursor.pending_wrap) {
            cell.style.begin(&mut out);
            out.extend_from_slice(cell.glyph.to_string().as_bytes());
            out.extend_from_slice(b"\x1b[m");
        }
        out
    }
}
