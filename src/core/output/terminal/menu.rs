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

    /// Whether the history is read as far as the menu's row needs it.
    pub(in crate::core) fn has_read_for_menu(&mut self) -> bool {
        self.has_read_line() && self.has_read()
    }

    /// Opens the menu's row, once `has_read_for_menu`. It does not enter the history, from which the row is restored.
    pub(in crate::core) fn open_menu_row(&mut self) {
        self.lift_question();
        let (Some(screen), Some(OutputKind::Terminal)) = (self.screen(), self.kind) else { return };
        let (row, bytes) = menu_row::open(&screen, self.text.modes());
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
        let modes = self.text.modes().clone();
        let Some(screen) = self.withheld_screen() else { return };
        let bytes = row.close(&screen, &modes, &pen);
        self.queue.push(&bytes);
        if let Some(line) = self.deferred_progress.take() {
            self.show_below(&line);
        }
    }

    pub(super) fn resize_menu_row(&mut self) {
        let Some(mut row) = self.menu_row else { return };
        let Some(screen) = self.withheld_screen() else { return };
        let bytes = row.resized(&screen);
        self.menu_row = Some(row);
        if let Some(history) = self.history.as_mut().filter(|_| row.redraws_all()) {
            history.was_drawn();
        }
        self.queue.push(&bytes);
    }
}
