//! Position of the emulated screen on the terminal, as far as the output reveals it.

use avt::parser::{EdScope, Function, Osc, ShellIntegration};

use super::Screen;

/// Knowledge about the primary screen. The emulation begins in the first row, the terminal in the row where its cursor
/// was when the session began, so a terminal row is never above its emulated one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct OriginState {
    /// Whether the terminal's cursor is on the emulated cursor's row.
    row_known: bool,
    /// Whether the terminal's last row has the emulated last row's content.
    last_row_known: bool,
}

impl OriginState {
    const KNOWN: Self = Self { row_known: true, last_row_known: true };
}

impl Screen {
    /// Updates the knowledge before `function` is executed.
    pub(super) fn track_origin(&mut self, function: &Function) {
        if self.alt_screen() {
            return;
        }
        match function {
            Function::Osc(Osc::ShellIntegration(ShellIntegration::PromptStart)) => {
                self.prompt = Some(self.terminal.anchor_at_cursor());
            }
            Function::Osc(Osc::ShellIntegration(ShellIntegration::CommandExecuted)) => self.prompt = None,
            // All three set an absolute row.
            Function::Cup(..) | Function::Vpa(_) | Function::Decstbm(..) => self.origin.row_known = true,
            Function::Ed(EdScope::Below | EdScope::All) => self.origin.last_row_known = true,
            Function::Ris => self.origin = OriginState::KNOWN,
            _ => {}
        }
    }

    /// Updates the knowledge after a function: an emulated cursor on the last row means that the terminal's is there too.
    pub(super) fn track_last_row(&mut self) {
        if self.terminal.cursor().row + 1 == self.rows() && !self.alt_screen() {
            self.origin = OriginState::KNOWN;
        }
    }

    /// Records that the terminal was repainted from this screen.
    pub fn was_drawn(&mut self) {
        self.origin = OriginState::KNOWN;
    }

    /// Returns whether the cursor's terminal row and the last row's content are known: on the primary screen not until the
    /// output has reached the last row or a program has positioned the cursor and cleared the screen.
    pub fn origin_known(&self) -> bool {
        self.alt_screen() || (self.origin.row_known && self.origin.last_row_known)
    }

    /// Returns the number of rows from the prompt's start down to the cursor, if the prompt is marked and on the screen.
    pub fn prompt_above(&self) -> Option<usize> {
        let place = self.terminal.resolve(self.prompt.as_ref()?)?;
        let row = usize::try_from(place.row).ok().filter(|_| place.screen == self.terminal.active_screen_kind())?;
        self.cursor().row.checked_sub(row)
    }
}
