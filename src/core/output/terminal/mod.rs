//! What goes to the terminal: the shell's bytes at once, coshell's own only where the stream is at rest, so that
//! they are never put inside an escape sequence or a character. It decides nothing about what is said.
//!
//! `line_observer` hears what passes. `own_rows` shows what coshell has to say, `menu` the menu, `lend` gives the screen away;
//! `overlay` and `menu_row` are the bytes that do it. `term_caps` is whether the terminal can be drawn on, `dumb` what is shown where
//! it cannot.

mod dumb;
mod lend;
mod line_observer;
mod menu;
mod menu_row;
mod overlay;
mod own_rows;
mod term_caps;

use std::time::Instant;

use crate::core::history::History;
use crate::core::vt::screen::Screen;
use crate::core::vt::{NullSink, VtState};
use crate::core::write_buffer::WriteBuffer;
use crate::types::Size;
use line_observer::HistoryTee;
pub(in crate::core) use line_observer::LineObserver;
use menu_row::MenuRow;
pub(in crate::core) use menu_row::MenuText;
pub use overlay::NoticeStyle;
pub use term_caps::TermCaps;

/// What coshell itself may have waiting for a moment of rest.
const OWN_LIMIT: usize = 64 * 1024;
/// What is kept of a line that nobody sees.
const LINE: usize = 64 * 1024;
/// The queue is bounded by what is read at once: the shell is not read while anything waits here.
const LIMIT: usize = 64 * 1024;

/// Where the shell's output goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputKind {
    /// A terminal, on which a cursor stands.
    Terminal,
    /// A file, a pipe: nothing of coshell's own may get into it.
    Pipe,
}

/// The queue in front of the terminal, and what is known of the terminal's state.
#[derive(Debug)]
pub(in crate::core) struct TerminalOutput {
    /// `None` once the terminal was closed, or nobody reads the pipe any more.
    medium: Option<OutputKind>,
    /// What is reckoned with: neither side is 0.
    size: Size,
    waiting: WriteBuffer,
    /// What the terminal has been told, whether or not it is still on the way.
    text: VtState,
    /// coshell's own bytes that wait for a moment of rest.
    own: Vec<u8>,
    /// What coshell's own rows look like.
    tone: NoticeStyle,
    skill: TermCaps,
    /// The command that the title tells of.
    indicated: Option<String>,
    /// What `restore` has written, until the terminal has taken it.
    restore_bytes: Vec<u8>,
    /// What was printed since the last line feed, where nobody sees it: it may have to be shown after all. Bounded by
    /// `LINE`.
    line: Option<Vec<u8>>,
    /// What went to the terminal; nothing is kept of what nobody sees.
    history: Option<History>,
    /// Somebody else has it.
    lent: bool,
    /// The time of this turn.
    now: Instant,
    /// The menu's row, while it is shown. Nothing else of coshell's is drawn meanwhile.
    bar: Option<MenuRow>,
    /// What is to be shown below the line once it is not.
    below: Option<String>,
}

impl TerminalOutput {
    /// A terminal of this size to which nothing has been written; so many lines of what will be are kept.
    pub(in crate::core) fn new(now: Instant, medium: OutputKind, size: Size, lines: usize) -> Self {
        let size = size.reckoned();
        Self {
            medium: Some(medium),
            size,
            waiting: WriteBuffer::new(LIMIT),
            text: VtState::new(size),
            own: Vec::new(),
            tone: NoticeStyle::default(),
            skill: TermCaps::default(),
            indicated: None,
            restore_bytes: Vec::new(),
            line: None,
            lent: false,
            history: Some(History::new(size, lines)),
            now,
            bar: None,
            below: None,
        }
    }

    /// What nobody sees, and somebody reads the lines of.
    pub(in crate::core) fn unseen(now: Instant, size: Size) -> Self {
        let mut screen = Self::new(now, OutputKind::Pipe, size, 0);
        screen.medium = None;
        screen.history = None;
        screen.text.assemble(true);
        screen.line = Some(Vec::new());
        screen
    }

    /// Lines are assembled: somebody reads them. They go on where the history is, in the middle of a line too.
    pub(in crate::core) fn assemble(&mut self) {
        let past = self.history.as_mut().filter(|_| !self.text.assembles());
        if let Some(past) = past.and_then(|history| history.assembled().1) {
            self.text.copy_lines_from(past);
        }
        self.text.assemble(true);
    }

    /// Nobody reads the lines any more.
    pub(in crate::core) fn stop_assembling(&mut self) {
        self.text.assemble(false);
    }

    /// What the shell printed from this place in the stream on, as far as it is kept.
    pub(in crate::core) fn printed_since(&self, start: u64) -> Vec<u8> {
        self.history.as_ref().map_or_else(Vec::new, |history| history.printed_since(start))
    }

    /// The shell's bytes; the audience is told what is in them. Says how many were taken: all, unless it has enough.
    pub(in crate::core) fn print(&mut self, bytes: &[u8], audience: &mut impl LineObserver) -> usize {
        let used = match &mut self.history {
            Some(history) => self.text.feed(bytes, &mut HistoryTee { now: self.now, history, audience }),
            None => self.text.feed(bytes, audience),
        };
        let bytes = &bytes[..used];
        if self.medium.is_some() {
            self.waiting.push(bytes);
        }
        if let Some(history) = &mut self.history {
            history.printed(self.now, bytes, &self.text);
        }
        if let Some(line) = &mut self.line {
            match memchr::memrchr(b'\n', bytes) {
                Some(end) => {
                    line.clear();
                    line.extend_from_slice(&bytes[end + 1..]);
                }
                None => line.extend_from_slice(bytes),
            }
            line.drain(..line.len().saturating_sub(LINE));
        }
        used
    }

    /// What is shown beside the shell's output.
    fn push_own(&mut self, bytes: &[u8]) {
        self.waiting.push(bytes);
        if let Some(history) = &mut self.history {
            history.shown(self.now, bytes, &self.text);
        }
    }

    /// The time has come so far.
    pub(in crate::core) fn clock(&mut self, now: Instant) {
        self.now = now;
    }

    /// What went to the terminal.
    pub(in crate::core) fn history(&mut self) -> Option<&mut History> {
        self.history.as_mut()
    }

    /// How many lines are finished.
    pub(in crate::core) fn number(&mut self) -> u64 {
        self.history.as_mut().map_or(0, |history| history.assembled().0)
    }

    /// Whoever was told of the lines has counted so many finished ones by now. `exactly` where some were not printed.
    pub(in crate::core) fn counted(&mut self, number: u64, exactly: bool) {
        if let Some(history) = &mut self.history {
            history.counted(self.text.offset(), number, exactly);
        }
    }

    /// What stands on the terminal's screen, once it has been given everything that waits for it.
    pub(in crate::core) fn screen(&mut self) -> Option<&Screen> {
        self.history.as_mut().map(History::screen)
    }

    /// The raw bytes of the unfinished line, as far as they were kept.
    pub(in crate::core) fn take_line(&mut self) -> Vec<u8> {
        self.line.take().unwrap_or_default()
    }

    /// Turns off what programs turned on and left on, and only that, and puts the title back.
    pub(in crate::core) fn restore(&mut self) {
        self.restore_bytes = self.restoring();
        self.close_bar();
        self.text.titles_mut().set_prefix(None);
        self.show_title();
        if self.medium == Some(OutputKind::Terminal) {
            let bytes = self.text.modes().reset_bytes();
            if !bytes.is_empty() {
                self.print(&bytes, &mut NullSink);
            }
        }
        if self.waiting.is_empty() {
            self.restore_bytes.clear();
        }
    }

    /// What `restore` would write now, or has written in vain so far.
    pub(in crate::core) fn restoring(&self) -> Vec<u8> {
        if !self.restore_bytes.is_empty() {
            return self.restore_bytes.clone();
        }
        match self.medium {
            Some(OutputKind::Terminal) => {
                let bar: &[u8] = if self.bar.is_some() { b"\r\x1b[m\x1b[K\x1b[?25h" } else { b"" };
                [bar, &self.text.modes().reset_bytes(), &self.text.titles().unprefixed_bytes()].concat()
            }
            Some(OutputKind::Pipe) | None => Vec::new(),
        }
    }

    /// The window has this size now.
    pub(in crate::core) fn resize(&mut self, size: Size) {
        let size = size.reckoned();
        self.size = size;
        self.text.resize(size);
        if let Some(history) = &mut self.history {
            history.resized(self.now, &self.text);
        }
        self.resize_bar();
    }

    /// How many columns there are to draw on.
    pub(in crate::core) fn cols(&self) -> u16 {
        self.size.cols
    }

    /// What the terminal should be given next.
    pub(in crate::core) fn pending(&self) -> &[u8] {
        self.waiting.pending()
    }

    /// The terminal took the first `n` bytes.
    pub(in crate::core) fn wrote(&mut self, n: usize) {
        self.waiting.wrote(n);
        if self.waiting.is_empty() {
            self.restore_bytes.clear();
        }
    }

    /// The terminal takes nothing, and is waited for no longer.
    pub(in crate::core) fn give_up(&mut self) {
        self.waiting.clear();
        self.own.clear();
    }

    /// The terminal is gone: nothing waits for it, now or later.
    pub(in crate::core) fn forget(&mut self) {
        self.medium = None;
        self.waiting.clear();
        self.own.clear();
        self.restore_bytes.clear();
    }

    /// Whether the terminal has taken everything.
    pub(in crate::core) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// What is known of the terminal's state and of the line that the cursor is on.
    pub(in crate::core) fn text(&self) -> &VtState {
        &self.text
    }

    /// The same, to be asked for the unfinished line.
    pub(in crate::core) fn text_mut(&mut self) -> &mut VtState {
        &mut self.text
    }
}
