//! Position of the emulated screen on the terminal, as far as the output reveals it.

/// Knowledge about the primary screen. The emulation begins in the first row, the terminal in the row where its cursor
/// was when the session began, so a terminal row is never above its emulated one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ScreenOrigin {
    /// Whether the terminal's cursor is on the emulated cursor's row.
    row_known: bool,
    /// Whether the terminal's last row has the emulated last row's content.
    last_row_known: bool,
}

impl ScreenOrigin {
    const KNOWN: Self = Self { row_known: true, last_row_known: true };

    /// Records that the emulated cursor is on the last row: the terminal's is there too.
    #[inline]
    pub(super) fn at_last_row(&mut self) {
        *self = Self::KNOWN;
    }

    /// Records that the terminal was reset, or repainted from the emulation.
    pub(super) fn reset(&mut self) {
        *self = Self::KNOWN;
    }

    /// Records that the cursor was moved to an absolute row.
    pub(super) fn placed(&mut self) {
        self.row_known = true;
    }

    /// Records that the last row was erased.
    pub(super) fn cleared(&mut self) {
        self.last_row_known = true;
    }

    /// Returns whether the cursor's row and the last row's content are known.
    pub(super) fn is_known(self) -> bool {
        self.row_known && self.last_row_known
    }
}
