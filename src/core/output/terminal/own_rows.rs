//! Notices above the cursor's line, progress below it, and the window title: when they are shown. `overlay` makes the
//! bytes.

use super::overlay;
use super::overlay::NoticeStyle;
use super::{OWN_LIMIT, OutputKind, TermCaps, TerminalOutput};
use crate::core::notices::Notices;
use crate::core::output::indicator;
use crate::core::output::indicator::Charset;
use crate::core::vt::{Cursor, FocusReports, NullSink, VtState};

impl TerminalOutput {
    /// Sets the style of coshell's own rows, and the terminal's capabilities.
    pub(in crate::core) fn draw_as(&mut self, style: NoticeStyle, caps: TermCaps) {
        (self.style, self.caps) = (style, caps);
    }

    /// Keeps coshell's own bytes, which must not change cursor or attributes, until the ground state.
    pub(in crate::core) fn show(&mut self, bytes: &[u8]) {
        if self.kind == Some(OutputKind::Terminal) && self.own_bytes.len() + bytes.len() <= OWN_LIMIT {
            self.own_bytes.extend_from_slice(bytes);
        }
    }

    /// Sets the window title.
    pub(in crate::core) fn set_title(&mut self, title: &[u8]) {
        if self.kind == Some(OutputKind::Terminal) {
            self.text.titles_mut().set_wanted(title);
        }
    }

    /// Sets the coprocess that the title shows, if any.
    pub(in crate::core) fn indicate(&mut self, command: Option<&str>, charset: Charset) {
        if self.indicated_command.as_deref() != command {
            self.indicated_command = command.map(str::to_owned);
            self.text.titles_mut().set_prefix(command.map(|command| indicator::prefix(command, charset)));
        }
        if self.text.titles().is_changed() && self.text.in_ground_state() && !self.is_lent {
            self.show_title();
        }
    }

    /// Has the terminal report the focus of its window where coshell `wants` it and no program has asked for it already.
    pub(in crate::core) fn report_focus(&mut self, wants: bool) {
        let bytes: &[u8] = match (self.text.modes().focus_reports(), wants) {
            (FocusReports::Off, true) => b"\x1b[?1004h",
            (FocusReports::Own, false) => b"\x1b[?1004l",
            _ => return,
        };
        if self.kind == Some(OutputKind::Terminal) && !self.is_dumb() && self.text.in_ground_state() && !self.is_lent {
            self.push_own(bytes);
            if wants {
                self.text.own_focus_reports();
            }
        }
    }

    pub(super) fn show_title(&mut self) {
        if self.kind == Some(OutputKind::Terminal) {
            let bytes = self.text.titles_mut().take_update();
            self.push_own(&bytes);
        }
    }

    /// Clears the cursor's line, as a program would.
    pub(in crate::core) fn wipe_line(&mut self) {
        if self.can_place() && self.has_read_line() {
            let bytes = overlay::wipe(&self.pen().0);
            self.print(&bytes, &mut NullSink);
        }
    }

    /// Draws or, where `line` is empty, clears the row below the cursor's line, if the cursor's position is known by now.
    pub(in crate::core) fn show_below(&mut self, line: &str) {
        if self.menu_row.is_some() {
            self.deferred_progress = Some(line.to_owned());
        } else if self.can_place() && self.has_read_position() {
            self.lift_question();
            let (cursor, sgr) = self.pen();
            let back = self.back(&cursor, sgr);
            self.push_plainly(&overlay::below(&cursor, self.size.cols, &back, self.style, line));
        }
    }

    /// Shows waiting bytes and notices, if the stream is in the ground state.
    pub(in crate::core) fn settle(&mut self, notices: &mut Notices) {
        if !self.text.in_ground_state() || self.is_lent || self.menu_row.is_some() {
            return;
        }
        if !self.own_bytes.is_empty() {
            let own = std::mem::take(&mut self.own_bytes);
            self.push_own(&own);
        }
        if self.is_dumb() {
            return self.print_notices(notices);
        }
        if notices.first().is_some() {
            self.lift_question();
        }
        let cols = usize::from(self.size.cols.saturating_sub(1));
        // More rows than these never fit above a line.
        let most = usize::from(self.size.rows).saturating_sub(2).max(1);
        while self.can_place()
            && let Some(notice) = notices.first()
            && self.has_read_position()
            && self.put_above(&notice.rows(cols, most)).is_some()
        {
            notices.take();
        }
    }

    /// Inserts rows above all rows that the program at the cursor draws together, such as a prompt or several bars, or, where
    /// that does not fit, above the cursor's line, which stays whole on the screen. Returns the cursor's position in the rows
    /// below, if they fit.
    pub(super) fn put_above(&mut self, rows: &[String]) -> Option<Cursor> {
        let most = usize::from(self.size.rows);
        let fits = |cursor: &Cursor| usize::from(cursor.rows) + rows.len() < most;
        let sgr = self.pen().1;
        let (line, block) = (self.pen().0, self.tracked().drawn_block());
        let cursor = Some(block).filter(fits).unwrap_or(line);
        if !fits(&cursor) {
            return None;
        }
        let back = self.back(&cursor, sgr);
        self.push_plainly(&overlay::above(&cursor, self.size.cols, &back, self.style, rows));
        Some(cursor)
    }

    /// Whether the history is read as far as `pen` needs it.
    pub(super) fn has_read_line(&mut self) -> bool {
        self.text.assembles() || self.has_read()
    }

    /// Whether the history is read as far as `back` needs it.
    pub(super) fn has_read_position(&mut self) -> bool {
        self.has_read_line() && (!self.pen().0.pending_wrap || self.has_read())
    }

    /// Whether rows can be drawn above and below the cursor's line now.
    pub(in crate::core) fn can_place(&self) -> bool {
        self.shows_main() && !self.is_dumb()
    }

    /// Whether the main screen is shown without menu, in the ground state.
    pub(super) fn shows_main(&self) -> bool {
        let shown = self.kind == Some(OutputKind::Terminal) && !self.is_lent && self.menu_row.is_none();
        shown && !self.text.alt_screen() && self.text.in_ground_state()
    }

    /// Returns the state that knows the cursor's line.
    pub(super) fn tracked(&self) -> &VtState {
        let assembler = self.history.as_ref().filter(|_| !self.text.assembles());
        assembler.and_then(|history| history.assembled().1).unwrap_or(&self.text)
    }

    /// Returns the cursor's position in its line, and the bytes that restore the current attributes.
    pub(super) fn pen(&self) -> (Cursor, Vec<u8>) {
        let text = self.tracked();
        (text.cursor(), text.modes().sgr_bytes())
    }

    /// Queues text with all modes off that would change it.
    pub(super) fn push_plainly(&mut self, bytes: &[u8]) {
        let (plainly, again) = self.text.modes().plain_text_bytes();
        self.push_own(&[&plainly, bytes, &again].concat());
    }

    /// Returns the bytes that restore the attributes and a pending wrap, for a cursor in its place.
    pub(super) fn back(&self, cursor: &Cursor, attributes: Vec<u8>) -> Vec<u8> {
        match self.screen().filter(|_| cursor.pending_wrap) {
            Some(screen) => [screen.put_cursor(), attributes].concat(),
            None => attributes,
        }
    }
}
