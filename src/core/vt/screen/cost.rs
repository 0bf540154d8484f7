//! Number of operations that the emulation takes for a function, by what avt does with it.

use avt::parser::{AnsiMode, DecMode, EdScope, Function};

use super::Screen;
use super::glyphs::is_mark;

/// Operations for a character or a control.
pub(super) const EACH: usize = 16;

impl Screen {
    /// Returns the number of operations for `function` at the cursor. REP is counted where it is executed.
    pub(super) fn cost(&self, function: &Function) -> usize {
        let (cols, rows) = self.terminal.size();
        let cursor = self.terminal.cursor();
        let rows_of = |count: u16| usize::from(count.max(1)).min(rows) * cols + rows;
        let more = match function {
            // A combining mark prints its character again.
            Function::Print(char) if is_mark(*char) => 2 * EACH,
            Function::Print(_) => self.print_cost(cursor.col >= cols),
            // A row that scrolls in is blanked, and the others are moved.
            Function::Lf | Function::Nel | Function::Ri => cols + rows,
            Function::Ht
            | Function::Cht(_)
            | Function::Cbt(_)
            | Function::Hts
            | Function::Tbc(_)
            | Function::Ctc(_) => cols,
            Function::Dch(_) | Function::Ech(_) | Function::El(_) => cols,
            Function::Ich(count) => cols + EACH * usize::from(*count).clamp(1, cols),
            Function::Il(count) | Function::Dl(count) | Function::Su(count) | Function::Sd(count) => rows_of(*count),
            Function::Ed(EdScope::Below) => (rows - cursor.row) * cols,
            Function::Ed(EdScope::Above) => (cursor.row + 1) * cols,
            // Both make two screens.
            Function::Ed(_) | Function::Ris => 2 * rows * cols,
            Function::Decaln => EACH * rows * cols,
            Function::Decset(modes) | Function::Decrst(modes) => {
                let switches = |mode| matches!(mode, &DecMode::AltScreenBuffer | &DecMode::SaveCursorAltScreenBuffer);
                if modes.as_slice().iter().any(switches) { rows * cols } else { 0 }
            }
            _ => 0,
        };
        EACH + more
    }

    /// Returns the number of operations for a character besides `EACH`; `wraps` is whether it is printed on the next row.
    pub(super) fn print_cost(&self, wraps: bool) -> usize {
        let (cols, rows) = self.terminal.size();
        let shifted = if self.inserts { cols } else { 0 };
        if wraps { shifted + cols + rows } else { shifted }
    }

    /// Returns the number of operations for a change of the size to or from `cells` cells.
    pub(super) fn resize_cost(&self, cells: usize) -> usize {
        let (cols, rows) = self.terminal.size();
        4 * (cols * rows).max(cells)
    }

    /// Tracks whether characters are inserted (IRM), which avt does not tell.
    pub(super) fn track_insert(&mut self, function: &Function) {
        match function {
            Function::Sm(modes) => self.inserts |= modes.as_slice().contains(&AnsiMode::Insert),
            Function::Rm(modes) => self.inserts &= !modes.as_slice().contains(&AnsiMode::Insert),
            Function::Ris | Function::Decstr => self.inserts = false,
            _ => {}
        }
    }
}
