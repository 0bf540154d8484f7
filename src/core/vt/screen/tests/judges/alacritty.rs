//! The crate alacritty_terminal.

use alacritty_terminal::event::VoidListener;
use alacritty_terminal::index::{Column, Line};
use alacritty_terminal::term::cell::{Cell, Flags};
use alacritty_terminal::term::test::TermSize;
use alacritty_terminal::term::{Config, Term};
use alacritty_terminal::vte::ansi::{Color, NamedColor, Processor};

use super::super::CellColour;
use super::{CellView, View};
use crate::types::Size;

/// Attributes by their flags.
const ATTRIBUTES: [(&str, Flags); 7] = [
    ("bold", Flags::BOLD),
    ("faint", Flags::DIM),
    ("italic", Flags::ITALIC),
    ("underline", Flags::ALL_UNDERLINES),
    ("inverse", Flags::INVERSE),
    ("conceal", Flags::HIDDEN),
    ("strikethrough", Flags::STRIKEOUT),
];

fn colour(colour: Color) -> Option<CellColour> {
    match colour {
        Color::Named(NamedColor::Foreground | NamedColor::Background) => None,
        Color::Named(name) => Some(CellColour::Indexed(u8::try_from(name as usize).expect("one of the 16 colours"))),
        Color::Indexed(n) => Some(CellColour::Indexed(n)),
        Color::Spec(rgb) => Some(CellColour::Rgb(rgb.r, rgb.g, rgb.b)),
    }
}

fn cell_view(cell: &Cell) -> CellView {
    if cell.flags.contains(Flags::WIDE_CHAR_SPACER) {
        return CellView::default();
    }
    // A tab leaves its control character in the first cell that it passes.
    let glyph = if cell.c == '\t' { ' ' } else { cell.c };
    let text: String = std::iter::once(glyph).chain(cell.zerowidth().into_iter().flatten().copied()).collect();
    let attributes = ATTRIBUTES.iter().filter(|(_, flag)| cell.flags.intersects(*flag)).map(|(name, _)| *name);
    (text, colour(cell.fg), colour(cell.bg), attributes.collect())
}

/// Returns what alacritty shows after `bytes`.
pub(super) fn view(bytes: &[u8], size: Size) -> View {
    let config = Config { scrolling_history: 100, ..Config::default() };
    let mut term = Term::new(config, &TermSize::new(size.cols.into(), size.rows.into()), VoidListener);
    Processor::<alacritty_terminal::vte::ansi::StdSyncHandler>::new().advance(&mut term, bytes);
    let grid = term.grid();
    let row = |row: u16| {
        let row = &grid[Line(row.into())];
        (0..size.cols).map(|col| cell_view(&row[Column(col.into())])).collect()
    };
    let cursor = grid.cursor.point;
    let line = usize::try_from(cursor.line.0).expect("the cursor is on the screen");
    View { rows: (0..size.rows).map(row).collect(), cursor: (line, cursor.column.0) }
}
