//! The rows of a question above the cursor's line. Unlike notices they do not last: they are removed before anything else is
//! shown, so that the screen is as it was.

use super::overlay;
use super::{OutputKind, TerminalOutput};
use crate::core::vt::Cursor;

/// Rows of a question that stand on the screen.
#[derive(Clone, Copy, Debug)]
pub(super) struct QuestionRows {
    count: usize,
    /// Position of the cursor in the rows below.
    cursor: Cursor,
}

impl TerminalOutput {
    /// Draws the rows of a question above the cursor's line. Returns whether they could be drawn now.
    pub(in crate::core) fn draw_question(&mut self, rows: &[String]) -> bool {
        if !self.can_place() || !self.own_bytes.is_empty() || !self.has_read_position() {
            return false;
        }
        let cursor = self.put_above(rows);
        self.question = cursor.map(|cursor| QuestionRows { count: rows.len(), cursor });
        self.question.is_some()
    }

    /// Whether the rows of a question stand on the screen.
    pub(in crate::core) fn has_question(&self) -> bool {
        self.question.is_some()
    }

    /// Removes the rows of a question.
    pub(in crate::core) fn lift_question(&mut self) {
        let Some(QuestionRows { count, cursor }) = self.question.take() else { return };
        if self.kind != Some(OutputKind::Terminal) {
            return;
        }
        let back = self.back(&cursor, self.pen().1);
        self.push_plainly(&overlay::lift(&cursor, &back, count));
    }
}
