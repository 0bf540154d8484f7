//! Output to the terminal: the shell's bytes at once, coshell's own only where the stream is in the ground state, so that
//! they never split an escape sequence or a character.
//!
//! `line_observer` passes parsed output on; `decorated_lines` has what highlighting has changed in it. `own_rows` shows notices, progress and title, `question` the rows of a question,
//! `menu` the menu; `lend` saves and restores the screen; `overlay` and `menu_row` make the bytes for that. `term_caps` tells
//! whether the terminal can be drawn on; `dumb` prints notices where it cannot.

mod decorated_lines;
mod dumb;
mod lend;
mod line_observer;
mod menu;
mod menu_row;
mod overlay;
mod own_rows;
mod question;
mod term_caps;

use std::borrow::Cow;
use std::time::Instant;

use super::highlight::Insertions;
use crate::core::history::History;
use crate::core::vt::screen::Screen;
use crate::core::vt::{NullSink, VtState};
use crate::core::write_buffer::WriteBuffer;
use crate::fault::panic_for_test;
use crate::types::Size;
use decorated_lines::DecoratedLines;
pub(in crate::core::output) use decorated_lines::ShownLine;
use line_observer::HistoryTee;
pub(in crate::core) use line_observer::LineObserver;
use menu_row::MenuRow;
pub(in crate::core) use menu_row::MenuText;
pub use overlay::NoticeStyle;
use question::QuestionRows;
pub use term_caps::TermCaps;

/// Maximum number of coshell's own bytes that wait for the ground state.
const OWN_LIMIT: usize = 64 * 1024;
/// Maximum number of bytes kept of an unfinished line off-screen.
const LINE_LIMIT: usize = 64 * 1024;
/// Size of the queue. It never holds more than one read, since the pty is not read while anything waits here.
const LIMIT: usize = 64 * 1024;

/// Kind of file that the shell's output goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputKind {
    /// A terminal.
    Terminal,
    /// A file or a pipe. coshell writes nothing of its own to it.
    Pipe,
}

/// The queue in front of the terminal, and the tracked state of the terminal.
#[derive(Debug)]
pub(in crate::core) struct TerminalOutput {
    /// `None` once the terminal was closed or the pipe has no reader, and off-screen.
    kind: Option<OutputKind>,
    /// Window size, neither side 0.
    size: Size,
    queue: WriteBuffer,
    /// State of the terminal once it has taken the whole queue.
    text: VtState,
    /// coshell's own bytes that wait for the ground state.
    own_bytes: Vec<u8>,
    /// Style of coshell's own rows.
    style: NoticeStyle,
    caps: TermCaps,
    /// The command that the window title shows.
    indicated_command: Option<String>,
    /// Bytes that `restore` has queued, until the terminal has taken them.
    restore_bytes: Vec<u8>,
    /// Off-screen: bytes printed since the last line feed, which may have to be shown in the end. At most `LINE_LIMIT`.
    unfinished_line: Option<Vec<u8>>,
    /// Record of the bytes that went to the terminal; `None` off-screen.
    history: Option<History>,
    decorated: DecoratedLines,
    /// Whether another program has the terminal.
    is_lent: bool,
    /// Bytes that turn on the modes that `suspend` has turned off.
    resume_bytes: Vec<u8>,
    /// The time of this turn.
    now: Instant,
    /// The menu's row, while it is shown. coshell draws nothing else meanwhile.
    menu_row: Option<MenuRow>,
    /// Progress line to draw once the menu's row is closed.
    deferred_progress: Option<String>,
    question: Option<QuestionRows>,
    /// Number of printed bytes queued since the session's start.
    printed: u64,
}

impl TerminalOutput {
    /// Creates an output of size `size` to which nothing has been written. Its history keeps `lines` lines.
    pub(in crate::core) fn new(now: Instant, kind: OutputKind, size: Size, lines: usize) -> Self {
        let size = size.or_default();
        Self {
            kind: Some(kind),
            size,
            queue: WriteBuffer::new(LIMIT),
            text: VtState::new(size),
            own_bytes: Vec::new(),
            style: NoticeStyle::default(),
            caps: TermCaps::default(),
            indicated_command: None,
            restore_bytes: Vec::new(),
            unfinished_line: None,
            is_lent: false,
            resume_bytes: Vec::new(),
            history: Some(History::new(size, lines)),
            decorated: DecoratedLines::default(),
            now,
            menu_row: None,
            deferred_progress: None,
            question: None,
            printed: 0,
        }
    }

    /// Returns the number of printed bytes queued since the session's start.
    pub(in crate::core) fn printed(&self) -> u64 {
        self.printed
    }

    /// Creates an off-screen terminal that assembles lines for a silent coprocess.
    pub(in crate::core) fn off_screen(now: Instant, size: Size) -> Self {
        let mut screen = Self::new(now, OutputKind::Pipe, size, 0);
        screen.kind = None;
        screen.history = None;
        screen.text.assemble(true);
        screen.unfinished_line = Some(Vec::new());
        screen
    }

    /// Starts to assemble lines, continuing at the end of the history, even in the middle of a line. `has_read` must have
    /// returned that the lines are read.
    pub(in crate::core) fn assemble(&mut self) {
        let assembler = self.history.as_ref().filter(|_| !self.text.assembles());
        if let Some(text) = assembler.and_then(|history| history.assembled().1) {
            self.text.copy_lines_from(text);
        }
        self.text.assemble(true);
    }

    /// Stops assembling lines.
    pub(in crate::core) fn stop_assembling(&mut self) {
        self.text.assemble(false);
    }

    /// Returns the shell's bytes from the offset `start` of its stream on, as far as they are kept.
    pub(in crate::core) fn printed_since(&self, start: u64) -> Vec<u8> {
        self.history.as_ref().map_or_else(Vec::new, |history| history.printed_since(start))
    }

    /// Prints the shell's bytes and passes their contents to `observer`. Returns the number of bytes taken: all, unless the
    /// observer stops.
    pub(in crate::core) fn print(&mut self, bytes: &[u8], observer: &mut impl LineObserver) -> usize {
        let used = self.parse(bytes, observer);
        self.push_printed(&bytes[..used], |queue, bytes| queue.push(bytes));
        used
    }

    /// Parses the shell's bytes and passes their contents to `observer`. Returns the number of bytes taken, which
    /// `push_parsed` must follow.
    pub(in crate::core::output) fn parse(&mut self, bytes: &[u8], observer: &mut impl LineObserver) -> usize {
        self.lift_question();
        match &mut self.history {
            Some(history) => self.text.feed(bytes, &mut HistoryTee { now: self.now, history, observer }),
            None => self.text.feed(bytes, observer),
        }
    }

    /// Queues the shell's bytes, which `parse` has taken, with insertions that move nothing on the screen and show `lines` in
    /// other attributes.
    pub(in crate::core::output) fn push_parsed(
        &mut self,
        bytes: &[u8],
        insertions: &Insertions,
        lines: Vec<ShownLine>,
    ) {
        lines.into_iter().for_each(|line| self.decorated.push(line));
        self.push_printed(bytes, |queue, bytes| insertions.for_each_piece(bytes, |piece| queue.push(piece)));
    }

    fn push_printed(&mut self, bytes: &[u8], push: impl FnOnce(&mut WriteBuffer, &[u8])) {
        if self.kind.is_some() {
            push(&mut self.queue, bytes);
        }
        self.printed += bytes.len() as u64;
        panic_for_test("history");
        if let Some(history) = &mut self.history {
            history.push_shell(self.now, bytes, &self.text);
        }
        if let Some(line) = &mut self.unfinished_line {
            match memchr::memrchr(b'\n', bytes) {
                Some(end) => {
                    line.clear();
                    line.extend_from_slice(&bytes[end + 1..]);
                }
                None => line.extend_from_slice(bytes),
            }
            line.drain(..line.len().saturating_sub(LINE_LIMIT));
        }
    }

    /// Queues coshell's own bytes.
    fn push_own(&mut self, bytes: &[u8]) {
        self.queue.push(bytes);
        self.text.feed_own(bytes, &mut NullSink);
        if let Some(history) = &mut self.history {
            history.push_own(self.now, bytes, &self.text);
        }
    }

    /// Sets the time of this turn.
    pub(in crate::core) fn clock(&mut self, now: Instant) {
        self.now = now;
    }

    /// Returns the time of this turn.
    pub(in crate::core) fn now(&self) -> Instant {
        self.now
    }

    /// Returns the history of the terminal, to be read as far as it is known.
    pub(in crate::core) fn read_history(&self) -> Option<&History> {
        self.history.as_ref()
    }

    /// Returns the history of the terminal.
    pub(in crate::core) fn history(&mut self) -> Option<&mut History> {
        self.history.as_mut()
    }

    /// Returns the number of the last line that has one.
    pub(in crate::core) fn number(&self) -> u64 {
        let read = self.history.as_ref().map_or(0, |history| history.assembled().0);
        if self.text.assembles() { self.text.number() } else { read }
    }

    /// Takes note that the number `number` is told to a client, so that no other line gets it if it is the cursor's line's.
    pub(in crate::core) fn tell_number(&mut self, number: u64) {
        if self.tracked().current_number() == Some(number) {
            self.text.pin_number();
            if let Some(history) = &mut self.history {
                history.tell(self.text.offset());
            }
        }
    }

    /// Records in the history that `number` lines are finished here. `exactly` is set where some were not printed.
    pub(in crate::core) fn counted(&mut self, number: u64, exactly: bool) {
        if let Some(history) = &mut self.history {
            history.counted(self.text.offset(), number, exactly);
        }
    }

    /// Reads the history, as far as a slice of work goes. Returns whether it is read to its end; otherwise `step`
    /// continues, and the caller tries again in a later turn.
    pub(in crate::core) fn has_read(&mut self) -> bool {
        self.history.as_mut().is_none_or(History::catch_up)
    }

    /// Does a slice of the reading that `has_read` has begun.
    pub(in crate::core) fn step(&mut self) {
        if let Some(history) = &mut self.history {
            history.step();
        }
    }

    /// Reads the lines of the history to their end, at the end of the session.
    pub(in crate::core) fn finish_lines(&mut self) {
        if let Some(history) = &mut self.history {
            history.finish();
        }
    }

    /// Returns when `step` has something to do: at once, in a turn that keys may precede.
    pub(in crate::core) fn deadline(&self) -> Option<Instant> {
        self.history.as_ref().filter(|history| history.awaits_step()).map(|_| self.now)
    }

    /// Returns the contents of the screen, once the terminal has taken the whole queue. `has_read` must have returned that
    /// the screen is read.
    pub(in crate::core) fn screen(&self) -> Option<Cow<'_, Screen>> {
        self.history.as_ref().and_then(History::screen)
    }

    /// Returns the screen of a terminal whose output is withheld since `has_read`: at most sizes are left to be read.
    fn withheld_screen(&mut self) -> Option<Cow<'_, Screen>> {
        let history = self.history.as_mut()?;
        history.finish();
        history.screen().map(|screen| self.decorated.shown(screen))
    }

    /// Takes the raw bytes of the unfinished line, as far as they are kept.
    pub(in crate::core) fn take_line(&mut self) -> Vec<u8> {
        self.unfinished_line.take().unwrap_or_default()
    }

    /// Turns off the modes that programs left on, and only those, and restores the title.
    pub(in crate::core) fn restore(&mut self) {
        self.lift_question();
        self.restore_bytes = self.restoring();
        self.close_menu_row();
        self.text.titles_mut().set_prefix(None);
        self.show_title();
        if self.kind == Some(OutputKind::Terminal) {
            let bytes = self.reset_bytes();
            if !bytes.is_empty() {
                self.print(&bytes, &mut NullSink);
            }
        }
        if self.queue.is_empty() {
            self.restore_bytes.clear();
        }
    }

    /// Returns the bytes that turn off the modes that are on; none while `suspend` has turned them off.
    fn reset_bytes(&self) -> Vec<u8> {
        if self.resume_bytes.is_empty() { self.text.modes().reset_bytes() } else { Vec::new() }
    }

    /// Returns the bytes that `restore` would queue now, or has queued and the terminal has not taken.
    pub(in crate::core) fn restoring(&self) -> Vec<u8> {
        if !self.restore_bytes.is_empty() {
            return self.restore_bytes.clone();
        }
        match self.kind {
            Some(OutputKind::Terminal) => {
                let bar: &[u8] = if self.menu_row.is_some() { b"\r\x1b[m\x1b[K\x1b[?25h" } else { b"" };
                [bar, &self.reset_bytes(), &self.text.titles().unprefixed_bytes()].concat()
            }
            Some(OutputKind::Pipe) | None => Vec::new(),
        }
    }

    /// Sets the window size.
    pub(in crate::core) fn resize(&mut self, size: Size) {
        let size = size.or_default();
        // The terminal may have folded its rows anew: they stay.
        self.question = None;
        self.size = size;
        self.text.resize(size, &mut NullSink);
        if let Some(history) = &mut self.history {
            history.resized(self.now, &self.text);
        }
        self.resize_menu_row();
    }

    /// Whether the shell's output goes to a terminal that has colours.
    pub(in crate::core::output) fn shows_colours(&self) -> bool {
        self.kind == Some(OutputKind::Terminal) && !self.is_dumb()
    }

    /// Whether the terminal has hyperlinks (OSC 8) or ignores them. The console of Linux may print an OSC that it does not know.
    pub(in crate::core::output) fn shows_links(&self) -> bool {
        self.caps == TermCaps::Full
    }

    /// Returns the number of columns.
    pub(in crate::core) fn cols(&self) -> u16 {
        self.size.cols
    }

    /// Returns the bytes to write to the terminal.
    pub(in crate::core) fn pending(&self) -> &[u8] {
        self.queue.pending()
    }

    /// Removes the first `n` pending bytes, which were written.
    pub(in crate::core) fn wrote(&mut self, n: usize) {
        self.queue.wrote(n);
        if self.queue.is_empty() {
            self.restore_bytes.clear();
        }
    }

    /// Drops the queue of a terminal that does not read.
    pub(in crate::core) fn give_up(&mut self) {
        self.queue.clear();
        self.own_bytes.clear();
    }

    /// Drops the queue of a closed terminal, and all later output.
    pub(in crate::core) fn forget(&mut self) {
        self.kind = None;
        self.queue.clear();
        self.own_bytes.clear();
        self.restore_bytes.clear();
    }

    /// Whether the terminal has taken everything.
    pub(in crate::core) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Returns the tracked state of the terminal and of the unfinished line.
    pub(in crate::core) fn text(&self) -> &VtState {
        &self.text
    }

    /// Returns the same, mutable, since reading the unfinished line needs that.
    pub(in crate::core) fn text_mut(&mut self) -> &mut VtState {
        &mut self.text
    }
}
