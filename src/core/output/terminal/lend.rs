//! Saving the screen before the terminal is lent to another program or coshell stops, and restoring it afterwards.

use super::{OutputKind, TerminalOutput};
use crate::core::vt::Modes;

impl TerminalOutput {
    /// Whether the screen can be saved now: outside a sequence, and once the history is read.
    pub(in crate::core) fn can_lend(&mut self) -> bool {
        self.text.in_ground_state() && (self.is_dumb() || self.has_read())
    }

    /// Saves the screen: turns off the modes that are on, and copies the contents to the alternate screen, with the cursor
    /// below them. The program's output there does not enter the history.
    pub(in crate::core) fn lend(&mut self) {
        self.lift_question();
        self.is_lent = true;
        let mut bytes = self.text.modes().reset_bytes();
        if self.is_dumb() {
            return self.queue.push(&bytes);
        }
        bytes.extend_from_slice(b"\x1b[?1049h\x1b[m\x1b[2J");
        if let Some(screen) = self.screen().map(|screen| self.decorated.shown(screen)) {
            bytes.extend_from_slice(&screen.repaint());
            bytes.extend_from_slice(format!("\x1b[{}H\r\n", screen.bottom() + 1).as_bytes());
        }
        self.queue.push(&bytes);
    }

    /// Restores the screen, whatever state the program has left it in.
    pub(in crate::core) fn take_back(&mut self) {
        if !std::mem::take(&mut self.is_lent) {
            return;
        }
        if self.is_dumb() {
            return self.queue.push(&self.text.modes().set_bytes());
        }
        let mut bytes = Modes::all().reset_bytes();
        // Leaving the alternate screen restores the cursor, so that sequences which move it must come before.
        bytes.extend_from_slice(b"\x1b[m\x1b[?1049l\x1b[=0u");
        bytes.extend_from_slice(&self.set_modes_bytes());
        self.queue.push(&bytes);
    }

    /// Returns the bytes that turn the modes that are on on again, and draw the alternate screen, if it is shown.
    fn set_modes_bytes(&mut self) -> Vec<u8> {
        let modes = self.text.modes().clone();
        let mut bytes = modes.alt_screen_bytes();
        let draws = modes.alt_screen() || modes.has_region_or_origin();
        if draws && let Some(screen) = self.withheld_screen() {
            if modes.alt_screen() {
                bytes.extend_from_slice(&screen.repaint());
            }
            bytes.extend_from_slice(&screen.resume(modes.origin()));
        }
        bytes.extend_from_slice(&modes.set_bytes());
        bytes
    }

    /// Turns off the modes that are on, for the shell that has the terminal while coshell is stopped. Inside an escape
    /// sequence, which coshell's own bytes would break, they stay.
    pub(in crate::core) fn suspend(&mut self) {
        self.lift_question();
        let reset = self.text.modes().reset_bytes();
        if self.kind == Some(OutputKind::Terminal) && self.text.in_ground_state() && !reset.is_empty() {
            self.resume_bytes = self.set_modes_bytes();
            // Not printed: bytes of coshell are no part of the shell's stream, by whose offsets lines find their raw bytes.
            self.queue.push(&reset);
        }
    }

    /// Turns the modes on again that `suspend` has turned off.
    pub(in crate::core) fn resume(&mut self) {
        let bytes = std::mem::take(&mut self.resume_bytes);
        if self.kind.is_some() {
            self.queue.push(&bytes);
        }
    }
}
