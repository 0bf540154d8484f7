//! Contents of the screen: rows as cells and as text, and the cursor.

use avt::ScreenKind;

use super::{CellText, Screen, Style};

/// Column of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell<'a> {
    /// Content.
    pub glyph: CellText<'a>,
    /// 2 for a wide character, 0 for its second column, else 1.
    pub width: u8,
    /// Colours and attributes.
    pub style: Style,
}

/// Cursor position, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Row.
    pub row: usize,
    /// Column; the last one while a wrap is pending.
    pub column: usize,
    /// Whether the last column is filled, so that the next character wraps (DECAWM).
    pub pending_wrap: bool,
    /// Whether the cursor is shown (DECTCEM).
    pub visible: bool,
}

impl Screen {
    /// Returns whether the alternate screen is shown.
    pub fn alt_screen(&self) -> bool {
        self.terminal.active_screen_kind() == ScreenKind::Alternate
    }

    /// Returns the cursor position.
    pub fn cursor(&self) -> Position {
        let (cursor, last) = (self.terminal.cursor(), self.columns() - 1);
        Position {
            row: cursor.row,
            column: cursor.col.min(last),
            pending_wrap: cursor.col > last,
            visible: cursor.visible,
        }
    }

    /// Returns the cells of a row; none if the row does not exist.
    pub fn cells(&self, row: usize) -> impl DoubleEndedIterator<Item = Cell<'_>> + '_ {
        let cells = self.terminal.screen().line(row).map_or(&[][..], avt::Line::cells);
        cells.iter().map(|cell| {
            let glyph = self.glyphs.decode(cell.char());
            let style = Style::of(cell.pen());
            // Erased cells take the background colour only (back_color_erase).
            let erased = Style { background: style.background, ..Style::default() };
            let style = if glyph == CellText::Nothing && cell.width() > 0 { erased } else { style };
            Cell { glyph, width: cell.width(), style }
        })
    }

    /// Returns a row as text, without trailing spaces.
    pub fn text(&self, row: usize) -> String {
        let mut text = String::with_capacity(self.columns());
        self.cells(row).filter(|cell| cell.width > 0).for_each(|cell| cell.glyph.push_to(&mut text));
        text.truncate(text.trim_end_matches(' ').len());
        text
    }

    /// Returns whether the line on this row wraps into the next one.
    pub fn wraps(&self, row: usize) -> bool {
        self.terminal.screen().line(row).is_some_and(avt::Line::is_wrapped)
    }

    /// Returns the last row with text from the cursor's row on, or the cursor's row.
    pub fn bottom(&self) -> usize {
        let cursor = self.cursor().row;
        (cursor..self.rows()).rev().find(|&row| !self.text(row).is_empty()).unwrap_or(cursor)
    }

    /// Returns the number of rows from the cursor down to the first one from which on all rows are empty.
    pub fn blank_below(&self) -> usize {
        self.bottom() - self.cursor().row + 1
    }
}
