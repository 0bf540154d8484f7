//! The menu's row on the screen: opened, drawn, closed. `menu_row` makes the bytes.

use super::menu_row;
use super::menu_row::MenuText;
use super::{OutputKind, TerminalOutput};
use crate::core::vt::NullSink;

impl TerminalOutput {
    /// Whether the screen can be drawn on now: outside a sequence and a synchronized update (DEC private mode 2026).
    pub(in crate::core) fn can_draw(&self) -> bool {
        self.text.in_ground_state() && !self.text.modes().synchronized()
    }

    /// Cancels the sequence that the stream is in with `bytes`.
    pub(in crate::core) fn cancel(&mut self, bytes: &[u8]) {
        self.print(bytes, &mut NullSink);
    }

    /// Opens the menu's row. It does not enter the history, from which the row is restored.
    pub(in crate::core) fn open_menu_row(&mut self) {
        let (Some(history), Some(OutputKind::Terminal)) = (&mut self.history, self.kind) else { return };
        let (row, bytes) = menu_row::open(history.screen(), self.text.modes());
        self.queue.push(&bytes);
        self.menu_row = Some(row);
    }

    /// Draws the menu's row.
    pub(in crate::core) fn draw_menu_row(&mut self, row: &MenuText) {
        if self.menu_row.is_some() {
            self.queue.push(&menu_row::draw(row, self.size.cols));
        }
    }

    /// Closes the menu's row and restores the row below it.
    pub(in crate::core) fn close_menu_row(&mut self) {
        let Some(row) = self.menu_row.take() else { return };
        let pen = [b"\x1b[m".to_vec(), self.pen().1].concat();
        let Some(history) = &mut self.history else { return };
        self.queue.push(&row.close(history.screen(), self.text.modes(), &pen));
        if let Some(line) = self.deferred_progress.take() {
            self.show_below(&line);
        }
    }

    pub(super) fn resize_menu_row(&mut self) {
        let (Some(row), Some(history)) = (&mut self.menu_row, &mut self.history) else { return };
        let bytes = row.resized(history.screen());
        if row.redraws_all() {
            history.was_drawn();
        }
        self.queue.push(&bytes);
    }
}
