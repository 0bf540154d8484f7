//! What coshell shows beside the shell's output, and when: notices above the line, progress below it, the title. How it is
//! drawn is for `overlay`.

use super::overlay;
use super::overlay::NoticeStyle;
use super::{OWN_LIMIT, OutputKind, TermCaps, TerminalOutput};
use crate::core::notices::Notices;
use crate::core::output::indicator;
use crate::core::output::indicator::Charset;
use crate::core::vt::{Cursor, NullSink};

impl TerminalOutput {
    /// Sets what coshell's own rows look like, and what the terminal can show of them.
    pub(in crate::core) fn draw_as(&mut self, style: NoticeStyle, caps: TermCaps) {
        (self.tone, self.skill) = (style, caps);
    }

    /// coshell's own bytes, which leave the cursor and the attributes as they were.
    pub(in crate::core) fn show(&mut self, bytes: &[u8]) {
        if self.medium == Some(OutputKind::Terminal) && self.own.len() + bytes.len() <= OWN_LIMIT {
            self.own.extend_from_slice(bytes);
        }
    }

    /// The window's title is this.
    pub(in crate::core) fn set_title(&mut self, title: &[u8]) {
        if self.medium == Some(OutputKind::Terminal) {
            self.text.titles_mut().set_wanted(title);
        }
    }

    /// The title tells of this coprocess, or of none.
    pub(in crate::core) fn indicate(&mut self, command: Option<&str>, charset: Charset) {
        if self.indicated.as_deref() != command {
            self.indicated = command.map(str::to_owned);
            self.text.titles_mut().set_prefix(command.map(|command| indicator::prefix(command, charset)));
        }
        if self.text.titles().is_changed() && self.text.in_ground_state() && !self.lent {
            self.show_title();
        }
    }

    pub(super) fn show_title(&mut self) {
        if self.medium == Some(OutputKind::Terminal) {
            let bytes = self.text.titles_mut().take_update();
            self.push_own(&bytes);
        }
    }

    /// Clears the line that the cursor is on, as the program that printed it would.
    pub(in crate::core) fn wipe_line(&mut self) {
        if self.can_place() {
            let bytes = overlay::wipe(&self.pen().0);
            self.print(&bytes, &mut NullSink);
        }
    }

    /// Draws or clears the row below the line that the cursor is on.
    pub(in crate::core) fn show_below(&mut self, line: &str) {
        if self.bar.is_some() {
            self.below = Some(line.to_owned());
        } else if self.can_place() {
            let (cursor, sgr) = self.pen();
            let back = self.back(&cursor, sgr);
            self.push_plainly(&overlay::below(&cursor, self.size.cols, &back, self.tone, line));
        }
    }

    /// Puts what waited for a moment of rest behind what was printed, if this is one.
    pub(in crate::core) fn settle(&mut self, notices: &mut Notices) {
        if !self.text.in_ground_state() || self.lent || self.bar.is_some() {
            return;
        }
        if !self.own.is_empty() {
            let own = std::mem::take(&mut self.own);
            self.push_own(&own);
        }
        if self.is_dumb() {
            return self.print_notices(notices);
        }
        let cols = usize::from(self.size.cols.saturating_sub(1));
        // More than this the terminal can never show above a line.
        let most = usize::from(self.size.rows).saturating_sub(2).max(1);
        while self.can_place()
            && let Some(notice) = notices.first()
            && self.put_above(&notice.rows(cols, most))
        {
            notices.take();
        }
    }

    /// Puts rows above the line that the cursor is on, or above all of the prompt; says whether there was room. What they
    /// stand above stays whole on the screen.
    fn put_above(&mut self, rows: &[String]) -> bool {
        let most = usize::from(self.size.rows);
        let fits = |cursor: &Cursor| usize::from(cursor.rows) + rows.len() < most;
        let (line, sgr) = self.pen();
        let cursor = Some(self.in_prompt(line)).filter(fits).unwrap_or(line);
        if !fits(&cursor) {
            return false;
        }
        let back = self.back(&cursor, sgr);
        self.push_plainly(&overlay::above(&cursor, self.size.cols, &back, self.tone, rows));
        true
    }

    /// Whether there is a cursor whose place on the screen is known.
    pub(in crate::core) fn can_place(&self) -> bool {
        self.shows_main() && !self.is_dumb()
    }

    /// Whether the shell's own screen is shown and nothing else, at a moment of rest.
    pub(super) fn shows_main(&self) -> bool {
        let shown = self.medium == Some(OutputKind::Terminal) && !self.lent && self.bar.is_none();
        shown && !self.text.alt_screen() && self.text.in_ground_state()
    }

    /// Where the cursor stands in its line, and the bytes that bring back the attributes that are on.
    pub(super) fn pen(&mut self) -> (Cursor, Vec<u8>) {
        let past = self.history.as_mut().filter(|_| !self.text.assembles());
        let text = past.and_then(|history| history.assembled().1).unwrap_or(&self.text);
        (text.cursor(), text.modes().sgr_bytes())
    }

    /// Shows text that comes out as it is, whatever programs have switched on.
    pub(super) fn push_plainly(&mut self, bytes: &[u8]) {
        let (plainly, again) = self.text.modes().plain_text_bytes();
        self.push_own(&[&plainly, bytes, &again].concat());
    }

    /// The bytes that bring back what was on, for a cursor in its place: the attributes, and that the last column is filled.
    pub(super) fn back(&mut self, cursor: &Cursor, attributes: Vec<u8>) -> Vec<u8> {
        match self.screen().filter(|_| cursor.pending_wrap) {
            Some(screen) => [screen.put_cursor(), attributes].concat(),
            None => attributes,
        }
    }

    /// The cursor in all of the prompt, where the shell says where that begins, rather than in its last line only.
    fn in_prompt(&mut self, line: Cursor) -> Cursor {
        let history = self.history.as_mut().filter(|history| history.is_at_prompt());
        let above = history.and_then(|history| history.screen().prompt_above()).unwrap_or(0);
        let more = u16::try_from(above).unwrap_or(0).saturating_sub(line.row);
        Cursor { row: line.row + more, rows: line.rows + more, ..line }
    }
}
