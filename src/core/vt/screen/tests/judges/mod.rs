//! Other emulations of a terminal, with which the screen is compared: the crates alacritty_terminal and vt100, xterm.js, and
//! tmux.
//!
//! `rules` names each case in which emulations differ; in every other one all of them must show the same.

mod alacritty;
mod conditions;
mod differential;
mod libvterm;
mod recordings;
mod rules;
mod scores;
mod streams;
mod tmux;
mod vt100;
mod xterm;

use super::{Cell, CellColour, Screen, Style};
use crate::core::vt::work::Work;
use crate::types::Size;
pub(super) use streams::tokens;

/// Glyph, colours and attributes of a cell; the glyph is empty in the second column of a wide character.
pub(super) type CellView = (String, Option<CellColour>, Option<CellColour>, Vec<&'static str>);

/// What an emulation shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct View {
    pub(super) rows: Vec<Vec<CellView>>,
    /// Row and column.
    pub(super) cursor: (usize, usize),
}

/// Another emulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judge {
    Alacritty,
    Vt100,
    Xterm,
    Tmux,
}

impl Judge {
    pub(super) const ALL: [Self; 4] = [Self::Alacritty, Self::Vt100, Self::Xterm, Self::Tmux];

    /// Returns what the emulation shows after `bytes`; `None` where it is not installed.
    pub(super) fn view(self, bytes: &[u8], size: Size) -> Option<View> {
        match self {
            Self::Alacritty => Some(alacritty::view(bytes, size)),
            Self::Vt100 => Some(vt100::view(bytes, size)),
            Self::Xterm => xterm::view(bytes, size),
            Self::Tmux => tmux::view(bytes, size),
        }
    }

    /// Returns whether the emulation has this attribute.
    fn has(self, attribute: &str) -> bool {
        match self {
            Self::Alacritty | Self::Tmux => !matches!(attribute, "blink" | "overline"),
            Self::Vt100 => matches!(attribute, "bold" | "italic" | "underline" | "inverse"),
            Self::Xterm => true,
        }
    }

    /// Returns a cell with those attributes that the emulation has.
    fn known(self, cell: &CellView) -> CellView {
        let attributes = cell.3.iter().copied().filter(|name| self.has(name)).collect();
        (cell.0.clone(), cell.1, cell.2, attributes)
    }

    /// Returns the first difference between what the emulation shows and what the screen does.
    pub(super) fn difference(self, ours: &View, theirs: &View) -> Option<String> {
        for (row, (our_row, their_row)) in ours.rows.iter().zip(&theirs.rows).enumerate() {
            for (column, (our, their)) in our_row.iter().zip(their_row).enumerate() {
                let (our, their) = (self.known(our), self.known(their));
                if our != their {
                    return Some(format!("row {row} column {column}: {our:?}, and {self:?} has {their:?}"));
                }
            }
        }
        (ours.cursor != theirs.cursor)
            .then(|| format!("cursor: {:?}, and {self:?} has {:?}", ours.cursor, theirs.cursor))
    }
}

/// Returns the first cell in which no emulation has what the screen has, or the cursor if none has that.
pub(super) fn alone(ours: &View, views: &[(Judge, View)]) -> Option<String> {
    for (row, cells) in ours.rows.iter().enumerate() {
        for (column, cell) in cells.iter().enumerate() {
            let agrees = |(judge, view): &(Judge, View)| judge.known(cell) == judge.known(&view.rows[row][column]);
            if !views.iter().any(agrees) {
                return Some(format!("{cell:?} in row {row} column {column}"));
            }
        }
    }
    let agree = views.iter().any(|(_, view)| view.cursor == ours.cursor);
    (!agree).then(|| format!("the cursor at {:?}", ours.cursor))
}

/// Returns what the screen shows.
pub(super) fn our_view(screen: &Screen) -> View {
    let seen = |cell: Cell| {
        if cell.width == 0 {
            return CellView::default();
        }
        let Style { foreground, background, .. } = cell.style;
        let attributes = cell.style.attributes().map(|(name, _)| name).collect();
        (cell.glyph.to_string(), foreground, background, attributes)
    };
    let rows = (0..screen.rows()).map(|row| screen.cells(row).into_iter().map(seen).collect()).collect();
    let cursor = screen.cursor();
    View { rows, cursor: (cursor.row, cursor.column) }
}

/// Creates a screen and feeds it.
pub(super) fn fed(bytes: &[u8], size: Size) -> Screen {
    let mut screen = Screen::new(size);
    screen.feed(bytes, &mut Work::unlimited());
    screen
}

pub(super) fn escaped(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).escape_debug().to_string()
}
