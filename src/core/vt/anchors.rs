//! The rows at which prompts, typed text and redrawn rows stand. Rows have absolute numbers, which stay while the screen
//! scrolls.

/// Rows that a program draws again and again.
#[derive(Clone, Copy, Debug)]
pub(super) struct RedrawnRows {
    pub(super) top: u64,
    pub(super) bottom: u64,
}

/// Rows of the primary screen that are referred to later.
#[derive(Clone, Debug, Default)]
pub(super) struct Anchors {
    /// Row at which the prompt begins (OSC 133 A), until a command runs.
    pub(super) prompt: Option<u64>,
    /// Row and column at which the typed command begins (OSC 133 B).
    pub(super) input: Option<(u64, usize)>,
    /// Row and column from which CR or LF left a row last.
    pub(super) returned_from: Option<(u64, usize)>,
    /// Row at which a line editor has begun to draw.
    pub(super) edited: Option<u64>,
    /// Row that was erased last from its first column on, with all below.
    pub(super) erased: Option<u64>,
    pub(super) redrawn: Option<RedrawnRows>,
}

impl Anchors {
    /// Takes note that the rows have moved down by `moved` rows, or up.
    pub(super) fn shift(&mut self, moved: i64) {
        let shifted = |row: u64| row.saturating_add_signed(moved);
        for row in [&mut self.prompt, &mut self.edited, &mut self.erased].into_iter().flatten() {
            *row = shifted(*row);
        }
        for (row, _) in [&mut self.input, &mut self.returned_from].into_iter().flatten() {
            *row = shifted(*row);
        }
        if let Some(rows) = &mut self.redrawn {
            (rows.top, rows.bottom) = (shifted(rows.top), shifted(rows.bottom));
        }
    }

    /// Forgets where a line editor and redrawn rows stand.
    pub(super) fn forget_drawn(&mut self) {
        (self.edited, self.erased, self.redrawn) = (None, None, None);
    }
}
