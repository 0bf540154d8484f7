//! REP (`CSI n b`), executed in parts: its parameter multiplies its bytes as no other does.

use avt::parser::Function;

use super::Screen;
use super::cost::EACH;
use crate::core::vt::work::Work;

impl Screen {
    /// Begins to repeat the character before the cursor `count` times. Once it fills the screen, further rows of it change
    /// nothing, so that only the rest of a row counts.
    pub(super) fn begin_repeat(&mut self, count: u16) {
        let (cols, rows) = self.terminal.size();
        let cursor = self.terminal.cursor();
        let before =
            cursor.col.checked_sub(1).and_then(|col| self.terminal.screen().line(cursor.row)?.cells().get(col));
        // The cell before the cursor is the second column of a wide character, which has no width.
        let width = if before.is_some_and(|cell| cell.width() == 0) { 2 } else { 1 };
        let (in_row, count) = ((cols / width).max(1), usize::from(count.max(1)));
        let full = (rows + 2) * in_row;
        self.repeats = if count > full { full + (count - full) % in_row } else { count };
    }

    /// Repeats the character as often as `work` allows. REP in parts gives the same as at once, since the character
    /// before the cursor stays the same.
    pub(super) fn repeat(&mut self, work: &mut Work) {
        let cols = self.terminal.size().0;
        while self.repeats > 0 && !work.is_spent() {
            let part = self.repeats.min(cols);
            work.charge(part * (EACH + self.print_cost(false)) + self.print_cost(true));
            // As many as the columns, which avt counts by 16 bits.
            self.terminal.execute(Function::Rep(u16::try_from(part).unwrap_or(u16::MAX)));
            self.track_last_row();
            self.repeats -= part;
        }
    }
}
