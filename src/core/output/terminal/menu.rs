//! The menu's row on the screen: when it may be shown, and how it is put back. How it is drawn is for `menu_row`.

use super::menu_row;
use super::menu_row::MenuText;
use super::{OutputKind, TerminalOutput};
use crate::core::vt::NullSink;

impl TerminalOutput {
    /// Whether something may be drawn anywhere on the screen now.
    pub(in crate::core) fn is_calm(&self) -> bool {
        self.text.in_ground_state() && !self.text.modes().synchronized()
    }

    /// Ends the sequence that the stream is in.
    pub(in crate::core) fn cancel(&mut self, bytes: &[u8]) {
        self.print(bytes, &mut NullSink);
    }

    /// The menu's row is shown from now on. It is no part of the picture, by which it is put back.
    pub(in crate::core) fn open_bar(&mut self) {
        let (Some(history), Some(OutputKind::Terminal)) = (&mut self.history, self.medium) else { return };
        let (bar, bytes) = menu_row::open(history.screen(), self.text.modes());
        self.waiting.push(&bytes);
        self.bar = Some(bar);
    }

    /// The menu's row says this.
    pub(in crate::core) fn draw_bar(&mut self, row: &MenuText) {
        if self.bar.is_some() {
            self.waiting.push(&menu_row::draw(row, self.size.cols));
        }
    }

    /// The menu's row is put back as it was.
    pub(in crate::core) fn close_bar(&mut self) {
        let Some(bar) = self.bar.take() else { return };
        let pen = [b"\x1b[m".to_vec(), self.pen().1].concat();
        let Some(history) = &mut self.history else { return };
        self.waiting.push(&bar.close(history.screen(), self.text.modes(), &pen));
        if let Some(line) = self.below.take() {
            self.show_below(&line);
        }
    }

    pub(super) fn resize_bar(&mut self) {
        let (Some(bar), Some(history)) = (&mut self.bar, &mut self.history) else { return };
        let bytes = bar.resized(history.screen());
        if bar.redraws_all() {
            history.was_drawn();
        }
        self.waiting.push(&bytes);
    }
}
