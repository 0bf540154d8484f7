//! What is known of where things are on the terminal: learned from what programs do, not from what is seen.

use avt::parser::{EdScope, Function, Osc, ShellIntegration};

use super::Screen;

/// What is known of the primary screen. The emulation begins in the first row, the terminal wherever its cursor was when
/// the session began; its rows are never above those of the emulation, since both stop at the edges.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct OriginState {
    /// The cursor is on the row on which the emulation has it.
    placed: bool,
    /// On the last row stands what the emulation has there.
    laid: bool,
}

impl OriginState {
    const KNOWN: Self = Self { placed: true, laid: true };
}

impl Screen {
    /// A program does this next.
    pub(super) fn learn(&mut self, function: &Function) {
        if self.alt_screen() {
            return;
        }
        match function {
            Function::Osc(Osc::ShellIntegration(ShellIntegration::PromptStart)) => {
                self.prompt = Some(self.terminal.anchor_at_cursor());
            }
            Function::Osc(Osc::ShellIntegration(ShellIntegration::CommandExecuted)) => self.prompt = None,
            Function::Cup(..) | Function::Vpa(_) | Function::Decstbm(..) => self.ground.placed = true,
            Function::Ed(EdScope::Below | EdScope::All) => self.ground.laid = true,
            Function::Ris => self.ground = OriginState::KNOWN,
            _ => {}
        }
    }

    /// What is on the last row by the emulation cannot be above it.
    pub(super) fn learn_of_last_row(&mut self) {
        if self.terminal.cursor().row + 1 == self.rows() && !self.alt_screen() {
            self.ground = OriginState::KNOWN;
        }
    }

    /// The whole screen was drawn as it is here.
    pub fn was_drawn(&mut self) {
        self.ground = OriginState::KNOWN;
    }

    /// Whether it is known where the cursor is on the screen, and what stands on the last row. Until the output has
    /// reached the last row, or a program has cleared the screen, it is known of neither.
    pub fn origin_known(&self) -> bool {
        self.alt_screen() || (self.ground.placed && self.ground.laid)
    }

    /// How many rows above the cursor the prompt begins, if the shell says where and it is on the screen.
    pub fn prompt_above(&self) -> Option<usize> {
        let place = self.terminal.resolve(self.prompt.as_ref()?)?;
        let row = usize::try_from(place.row).ok().filter(|_| place.screen == self.terminal.active_screen_kind())?;
        self.cursor().row.checked_sub(row)
    }
}
