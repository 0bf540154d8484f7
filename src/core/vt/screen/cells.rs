//! Contents of the screen: rows as cells and as text, and the cursor.

use std::fmt;

use super::{Screen, Style};
use crate::core::vt::clusters::{BLANK, Clusters, HOLE, TAIL};
use crate::core::vt::row::ScreenRow;
use crate::core::vt::screens::Storage;

/// Content of a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CellText {
    /// Never written, or erased.
    Nothing,
    /// Character.
    Char(char),
    /// Character with combining marks.
    Cluster(Box<str>),
}

impl CellText {
    /// Appends the content to a text.
    pub fn push_to(&self, text: &mut String) {
        match self {
            Self::Nothing => text.push(' '),
            Self::Char(char) => text.push(*char),
            Self::Cluster(cluster) => text.push_str(cluster),
        }
    }

    fn of(glyph: u32, clusters: &Clusters) -> Self {
        if matches!(glyph, BLANK | TAIL | HOLE) {
            return Self::Nothing;
        }
        let mut text = Vec::with_capacity(4);
        clusters.push_text(glyph, &mut text);
        let text = String::from_utf8_lossy(&text);
        let mut chars = text.chars();
        match (chars.next(), chars.next()) {
            (Some(char), None) => Self::Char(char),
            _ => Self::Cluster(text.into()),
        }
    }
}

impl fmt::Display for CellText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.push_to(&mut text);
        f.write_str(&text)
    }
}

/// Column of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Content.
    pub glyph: CellText,
    /// 2 for a wide character, 0 for its second column, else 1.
    pub width: u8,
    /// Colours and attributes.
    pub style: Style,
}

/// Cursor position, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// ScreenRow.
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
        self.screens().on_alternate
    }

    /// Returns the cursor position.
    pub fn cursor(&self) -> Position {
        let screens = self.screens();
        let (row, col, last) = (screens.grid.row, screens.col(), screens.cols - 1);
        let visible = !self.vt().modes().cursor_hidden();
        Position { row, column: col.min(last), pending_wrap: col > last, visible }
    }

    /// Returns the cells of a row; none if the row does not exist.
    pub fn cells(&self, row: usize) -> Vec<Cell> {
        let screens = self.screens();
        let Some(place) = screens.grid.rows.get(row) else { return Vec::new() };
        if screens.current.storage != Storage::Settled && row == screens.grid.row {
            return self.cells_of_text(place.with_text(&screens.current.flat, &screens.current.runs));
        }
        if place.is_text() {
            return self.cells_of_text(place.clone());
        }
        self.decode(place, &screens.clusters)
    }

    /// Returns the cells of a row that is held as text.
    fn cells_of_text(&self, mut row: ScreenRow) -> Vec<Cell> {
        let mut clusters = Clusters::default();
        row.make_cells(self.columns(), &mut clusters);
        self.decode(&row, &clusters)
    }

    fn decode(&self, row: &ScreenRow, clusters: &Clusters) -> Vec<Cell> {
        let cell = |col| {
            let cell = row.cell(col);
            let width = match cell.glyph {
                TAIL => 0,
                _ if row.cell(col + 1).glyph == TAIL && col + 1 < row.len() => 2,
                _ => 1,
            };
            Cell { glyph: CellText::of(cell.glyph, clusters), width, style: self.style(cell.style) }
        };
        (0..self.columns()).map(cell).collect()
    }

    /// Returns a row as text, without trailing spaces.
    pub fn text(&self, row: usize) -> String {
        let mut text = String::with_capacity(self.columns());
        self.cells(row).iter().filter(|cell| cell.width > 0).for_each(|cell| cell.glyph.push_to(&mut text));
        text.truncate(text.trim_end_matches(' ').len());
        text
    }

    /// Returns whether the line on this row wraps into the next one.
    pub fn wraps(&self, row: usize) -> bool {
        self.screens().grid.continues(row + 1)
    }

    /// Returns the last row with text from the cursor's row on, or the cursor's row.
    pub fn bottom(&self) -> usize {
        let screens = self.screens();
        let cursor = screens.grid.row;
        let last = screens.grid.rows.iter().rposition(|row| !row.is_empty());
        last.unwrap_or(0).max(cursor)
    }

    /// Returns the number of rows from the cursor down to the first one from which on all rows are empty.
    pub fn blank_below(&self) -> usize {
        self.bottom() - self.cursor().row + 1
    }

    /// Returns the number of the line that each row of the primary screen belongs to; `None` on the alternate screen, and for
    /// rows below the last line.
    pub fn line_numbers(&self) -> Vec<Option<u64>> {
        self.screens().line_numbers()
    }
}
