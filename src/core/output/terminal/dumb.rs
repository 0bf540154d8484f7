//! What coshell says on a terminal that only takes one line behind the other (`TermCaps::Dumb`): whole lines, as a program
//! of the shell's would print them, and only where a line begins.

use super::{TermCaps, TerminalOutput};
use crate::core::notices::Notices;

impl TerminalOutput {
    /// Whether this is such a terminal.
    pub(in crate::core) fn is_dumb(&self) -> bool {
        self.skill == TermCaps::Dumb
    }

    /// Prints the notices, if a line begins here.
    pub(super) fn print_notices(&mut self, notices: &mut Notices) {
        if notices.first().is_none() || !self.shows_main() {
            return;
        }
        let past = self.history.as_mut().filter(|_| !self.text.assembles());
        let text = past.and_then(|history| history.assembled().1).unwrap_or(&self.text);
        if !text.at_line_start() {
            return;
        }
        // Behind a LF without a CR the cursor is somewhere in its row.
        let start = if text.cursor().column == 0 { "" } else { "\r" };
        let mut out = start.to_owned();
        while let Some(notice) = notices.take() {
            notice.lines().iter().for_each(|line| out.extend([line, "\r\n"]));
        }
        self.push_own(out.as_bytes());
    }
}
