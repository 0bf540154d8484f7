//! Notices on a dumb terminal (`TermCaps::Dumb`), on which nothing can be drawn: whole lines, printed only where a line
//! begins.

use super::{TermCaps, TerminalOutput};
use crate::core::notices::Notices;

impl TerminalOutput {
    /// Whether the terminal is dumb.
    pub(in crate::core) fn is_dumb(&self) -> bool {
        self.caps == TermCaps::Dumb
    }

    /// Prints the notices, if a line begins here.
    pub(super) fn print_notices(&mut self, notices: &mut Notices) {
        if notices.first().is_none() || !self.shows_main() || !self.has_read_line() {
            return;
        }
        let assembler = self.history.as_ref().filter(|_| !self.text.assembles());
        let text = assembler.and_then(|history| history.assembled().1).unwrap_or(&self.text);
        if !text.at_line_start() {
            return;
        }
        // Behind a LF without a CR the cursor is somewhere in its row.
        let start = if text.cursor().column == 0 { "" } else { "\r" };
        let mut bytes = start.to_owned();
        while let Some(notice) = notices.take() {
            notice.lines().iter().for_each(|line| bytes.extend([line, "\r\n"]));
        }
        self.push_own(bytes.as_bytes());
    }
}
