//! What is seen: the rows, cell by cell and as text, and the cursor.

use avt::ScreenKind;

use super::{CellText, Screen, Style};

/// One column of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell<'a> {
    /// What stands there.
    pub glyph: CellText<'a>,
    /// 2 for a wide character, 0 for the column behind it that it takes.
    pub width: u8,
    /// What it looks like.
    pub style: Style,
}

/// Where the cursor is, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Its row.
    pub row: usize,
    /// Its column; in the last one too where the next character goes to the next row.
    pub column: usize,
    /// The last column is filled, and the next character goes to the next row.
    pub pending_wrap: bool,
    /// Whether it is shown.
    pub visible: bool,
}

impl Screen {
    /// Whether the alternate screen is shown.
    pub fn alt_screen(&self) -> bool {
        self.terminal.active_screen_kind() == ScreenKind::Alternate
    }

    /// Where the cursor is.
    pub fn cursor(&self) -> Position {
        let (cursor, last) = (self.terminal.cursor(), self.columns() - 1);
        Position {
            row: cursor.row,
            column: cursor.col.min(last),
            pending_wrap: cursor.col > last,
            visible: cursor.visible,
        }
    }

    /// The cells of a row; none where there is no such row.
    pub fn cells(&self, row: usize) -> impl DoubleEndedIterator<Item = Cell<'_>> + '_ {
        let cells = self.terminal.screen().line(row).map_or(&[][..], avt::Line::cells);
        cells.iter().map(|cell| {
            let glyph = self.glyphs.read(cell.char());
            let style = Style::of(cell.pen());
            // What is erased takes the background and nothing else.
            let erased = Style { background: style.background, ..Style::default() };
            let style = if glyph == CellText::Nothing && cell.width() > 0 { erased } else { style };
            Cell { glyph, width: cell.width(), style }
        })
    }

    /// A row as text, without the blanks at its end.
    pub fn text(&self, row: usize) -> String {
        let text: String = self.cells(row).filter(|cell| cell.width > 0).map(|cell| cell.glyph.to_string()).collect();
        text.trim_end_matches(' ').to_owned()
    }

    /// Whether the line on this row goes on in the next one.
    pub fn wraps(&self, row: usize) -> bool {
        self.terminal.screen().line(row).is_some_and(avt::Line::is_wrapped)
    }

    /// The last row below the cursor on which something stands, or else the cursor's.
    pub fn bottom(&self) -> usize {
        let cursor = self.cursor().row;
        (cursor..self.rows()).rev().find(|&row| !self.text(row).is_empty()).unwrap_or(cursor)
    }

    /// How far below the cursor the first row is on and below which nothing stands.
    pub fn blank_below(&self) -> usize {
        self.bottom() - self.cursor().row + 1
    }
}
