//! How the screen is given to another program, and how it is put back.

use super::TerminalOutput;
use crate::core::vt::Modes;

impl TerminalOutput {
    /// Gives the screen away: what programs have switched on is off, and what is seen now stands on the alternate screen,
    /// with the cursor below it. What is shown there is nobody's history.
    pub(in crate::core) fn lend(&mut self) {
        self.lent = true;
        let mut bytes = self.text.modes().reset_bytes();
        if self.is_dumb() {
            return self.waiting.push(&bytes);
        }
        bytes.extend_from_slice(b"\x1b[?1049h\x1b[m\x1b[2J");
        if let Some(screen) = self.screen() {
            bytes.extend_from_slice(&screen.repaint());
            bytes.extend_from_slice(format!("\x1b[{}H\r\n", screen.bottom() + 1).as_bytes());
        }
        self.waiting.push(&bytes);
    }

    /// The screen is coshell's again, whatever it was left as.
    pub(in crate::core) fn take_back(&mut self) {
        if !std::mem::take(&mut self.lent) {
            return;
        }
        if self.is_dumb() {
            return self.waiting.push(&self.text.modes().set_bytes());
        }
        let mut bytes = Modes::all().reset_bytes();
        // Leaving the alternate screen brings the cursor back: what moves it is over by then.
        bytes.extend_from_slice(b"\x1b[m\x1b[?1049l\x1b[=0u");
        let modes = self.text.modes().clone();
        bytes.extend_from_slice(&modes.alt_screen_bytes());
        if let Some(screen) = self.screen() {
            if modes.alt_screen() {
                bytes.extend_from_slice(&screen.repaint());
            }
            if modes.alt_screen() || modes.has_region_or_origin() {
                bytes.extend_from_slice(&screen.resume(modes.origin()));
            }
        }
        bytes.extend_from_slice(&modes.set_bytes());
        self.waiting.push(&bytes);
    }
}
