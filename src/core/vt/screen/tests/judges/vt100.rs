//! The crate vt100.

use super::super::CellColour;
use super::{CellView, View};
use crate::types::Size;

fn colour(colour: vt100::Color) -> Option<CellColour> {
    match colour {
        vt100::Color::Default => None,
        vt100::Color::Idx(n) => Some(CellColour::Indexed(n)),
        vt100::Color::Rgb(r, g, b) => Some(CellColour::Rgb(r, g, b)),
    }
}

fn cell_view(cell: &vt100::Cell) -> CellView {
    if cell.is_wide_continuation() {
        return CellView::default();
    }
    if !cell.has_contents() {
        return (" ".to_owned(), None, colour(cell.bgcolor()), Vec::new());
    }
    let all = [
        ("bold", cell.bold()),
        ("italic", cell.italic()),
        ("underline", cell.underline()),
        ("inverse", cell.inverse()),
    ];
    let attributes = all.into_iter().filter(|(_, on)| *on).map(|(name, _)| name).collect();
    (cell.contents().to_owned(), colour(cell.fgcolor()), colour(cell.bgcolor()), attributes)
}

/// Returns what vt100 shows after `bytes`.
pub(super) fn view(bytes: &[u8], size: Size) -> View {
    let mut parser = vt100::Parser::new(size.rows, size.cols, 0);
    parser.process(bytes);
    let screen = parser.screen();
    let cell = |row, col| cell_view(screen.cell(row, col).expect("the cell is on the screen"));
    let rows = (0..size.rows).map(|row| (0..size.cols).map(|col| cell(row, col)).collect()).collect();
    let (row, column) = screen.cursor_position();
    View { rows, cursor: (row.into(), usize::from(column.min(size.cols - 1))) }
}
