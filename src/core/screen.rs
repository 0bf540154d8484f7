//! What goes to the terminal: the shell's bytes at once, coshell's own only where the stream is at rest, so that
//! they are never put inside an escape sequence or a character. It decides nothing about what is said.

use std::ops::Range;
use std::time::Instant;

use super::bar::{self, Bar, Row};
use super::history::{Happening, History};
use super::indicator::{self, Charset};
use super::notices::Notices;
use super::outbox::Outbox;
use super::overlay::{self, Tone};
use super::picture::Picture;
use super::text::{Cursor, Line, Modes, Sink, Text};
use crate::words::Size;

/// What coshell itself may have waiting for a moment of rest.
const OWN_LIMIT: usize = 64 * 1024;
/// What is kept of a line that nobody sees.
const LINE: usize = 64 * 1024;
/// The queue is bounded by what is read at once: the shell is not read while anything waits here.
const LIMIT: usize = 64 * 1024;

/// Where the shell's output goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Medium {
    /// A terminal, on which a cursor stands.
    Terminal,
    /// A file, a pipe: nothing of coshell's own may get into it.
    Stream,
}

/// The queue in front of the terminal, and what is known of the terminal's state.
#[derive(Debug)]
pub(super) struct Screen {
    /// `None` once the terminal was closed, or nobody reads the pipe any more.
    medium: Option<Medium>,
    size: Size,
    waiting: Outbox,
    /// What the terminal has been told, whether or not it is still on the way.
    text: Text,
    /// coshell's own bytes that wait for a moment of rest.
    own: Vec<u8>,
    /// What coshell's own rows look like.
    tone: Tone,
    /// The command that the title tells of.
    indicated: Option<String>,
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
    bar: Option<Bar>,
    /// What is to be shown below the line once it is not.
    below: Option<String>,
}

impl Screen {
    /// A terminal of this size to which nothing has been written; so many lines of what will be are kept.
    pub(super) fn new(now: Instant, medium: Medium, size: Size, lines: usize) -> Self {
        Self {
            medium: Some(medium),
            size,
            waiting: Outbox::new(LIMIT),
            text: Text::new(size),
            own: Vec::new(),
            tone: Tone::default(),
            indicated: None,
            line: None,
            lent: false,
            history: Some(History::new(size, lines)),
            now,
            bar: None,
            below: None,
        }
    }

    /// What nobody sees, and somebody reads the lines of.
    pub(super) fn unseen(now: Instant, size: Size) -> Self {
        let mut screen = Self::new(now, Medium::Stream, size, 0);
        screen.medium = None;
        screen.history = None;
        screen.text.assemble(true);
        screen.line = Some(Vec::new());
        screen
    }

    /// Lines are assembled: somebody reads them. They go on where the history is, in the middle of a line too.
    pub(super) fn assemble(&mut self) {
        let past = self.history.as_mut().filter(|_| !self.text.assembles());
        if let Some(past) = past.and_then(|history| history.assembled().1) {
            self.text.assemble_like(past);
        }
        self.text.assemble(true);
    }

    /// Nobody reads the lines any more.
    pub(super) fn stop_assembling(&mut self) {
        self.text.assemble(false);
    }

    /// What the shell printed from this place in the stream on, as far as it is kept.
    pub(super) fn printed_since(&self, start: u64) -> Vec<u8> {
        self.history.as_ref().map_or_else(Vec::new, |history| history.printed_since(start))
    }

    /// The shell's bytes; the audience is told what is in them. Says how many were taken: all, unless it has enough.
    pub(super) fn print(&mut self, bytes: &[u8], audience: &mut impl Audience) -> usize {
        let used = match &mut self.history {
            Some(history) => self.text.feed(bytes, &mut Ear { now: self.now, history, audience }),
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
    pub(super) fn clock(&mut self, now: Instant) {
        self.now = now;
    }

    /// What went to the terminal.
    pub(super) fn history(&mut self) -> Option<&mut History> {
        self.history.as_mut()
    }

    /// How many lines are finished.
    pub(super) fn number(&mut self) -> u64 {
        self.history.as_mut().map_or(0, |history| history.assembled().0)
    }

    /// Whoever was told of the lines has counted so many finished ones by now. `exactly` where some were not printed.
    pub(super) fn counted(&mut self, number: u64, exactly: bool) {
        if let Some(history) = &mut self.history {
            history.counted(self.text.offset(), number, exactly);
        }
    }

    /// What stands on the terminal's screen, once it has been given everything that waits for it.
    pub(super) fn picture(&mut self) -> Option<&Picture> {
        self.history.as_mut().map(History::picture)
    }

    /// The raw bytes of the unfinished line, as far as they were kept.
    pub(super) fn take_line(&mut self) -> Vec<u8> {
        self.line.take().unwrap_or_default()
    }

    /// Where the cursor stands in its line, and the bytes that bring back the attributes that are on.
    fn pen(&mut self) -> (Cursor, Vec<u8>) {
        let past = self.history.as_mut().filter(|_| !self.text.assembles());
        let text = past.and_then(|history| history.assembled().1).unwrap_or(&self.text);
        (text.cursor(), text.modes().attributes())
    }

    /// Shows text that comes out as it is, whatever programs have switched on.
    fn push_plainly(&mut self, bytes: &[u8]) {
        let (plainly, again) = self.text.modes().plainly();
        self.push_own(&[&plainly, bytes, &again].concat());
    }

    /// The bytes that bring back what was on, for a cursor in its place: the attributes, and that the last column is filled.
    fn back(&mut self, cursor: &Cursor, attributes: Vec<u8>) -> Vec<u8> {
        match self.picture().filter(|_| cursor.pending_wrap) {
            Some(picture) => [picture.put_cursor(), attributes].concat(),
            None => attributes,
        }
    }

    /// The cursor in all of the prompt, where the shell says where that begins, rather than in its last line only.
    fn in_prompt(&mut self, line: Cursor) -> Cursor {
        let history = self.history.as_mut().filter(|history| history.is_at_prompt());
        let above = history.and_then(|history| history.picture().prompt_above()).unwrap_or(0);
        let more = u16::try_from(above).unwrap_or(0).saturating_sub(line.row);
        Cursor { row: line.row + more, rows: line.rows + more, ..line }
    }

    /// What coshell's own rows look like from now on.
    pub(super) fn set_tone(&mut self, tone: Tone) {
        self.tone = tone;
    }

    /// coshell's own bytes, which leave the cursor and the attributes as they were.
    pub(super) fn show(&mut self, bytes: &[u8]) {
        if self.medium == Some(Medium::Terminal) && self.own.len() + bytes.len() <= OWN_LIMIT {
            self.own.extend_from_slice(bytes);
        }
    }

    /// The window's title is this.
    pub(super) fn entitle(&mut self, title: &[u8]) {
        if self.medium == Some(Medium::Terminal) {
            self.text.titles_mut().mean(title);
        }
    }

    /// The title tells of this coprocess, or of none.
    pub(super) fn indicate(&mut self, command: Option<&str>, charset: Charset) {
        if self.indicated.as_deref() != command {
            self.indicated = command.map(str::to_owned);
            self.text.titles_mut().lead(command.map(|command| indicator::prefix(command, charset)));
        }
        if self.text.titles().is_changed() && self.text.at_rest() {
            self.show_title();
        }
    }

    fn show_title(&mut self) {
        if self.medium == Some(Medium::Terminal) {
            let bytes = self.text.titles_mut().show();
            self.push_own(&bytes);
        }
    }

    /// Clears the line that the cursor is on, as the program that printed it would.
    pub(super) fn wipe_line(&mut self) {
        if self.can_place() {
            let bytes = overlay::wipe(&self.pen().0);
            self.print(&bytes, &mut Nobody);
        }
    }

    /// Draws or clears the row below the line that the cursor is on.
    pub(super) fn show_below(&mut self, line: &str) {
        if self.bar.is_some() {
            self.below = Some(line.to_owned());
        } else if self.can_place() {
            let (cursor, sgr) = self.pen();
            let back = self.back(&cursor, sgr);
            self.push_plainly(&overlay::below(&cursor, self.size.cols, &back, self.tone, line));
        }
    }

    /// Puts what waited for a moment of rest behind what was printed, if this is one.
    pub(super) fn settle(&mut self, notices: &mut Notices) {
        if !self.text.at_rest() || self.lent || self.bar.is_some() {
            return;
        }
        if !self.own.is_empty() {
            let own = std::mem::take(&mut self.own);
            self.push_own(&own);
        }
        if notices.is_empty() || !self.can_place() {
            return;
        }
        let mut rows = notices.rows(self.size.cols.saturating_sub(1));
        // More than this terminal can ever show above a line: what there is room for.
        rows.truncate(usize::from(self.size.rows).saturating_sub(2).max(1));
        let (line, sgr) = self.pen();
        // What the notice stands above must stay whole on the screen.
        let most = usize::from(self.size.rows);
        let fits = |cursor: &Cursor| usize::from(cursor.rows) + rows.len() < most;
        let cursor = Some(self.in_prompt(line)).filter(fits).unwrap_or(line);
        if fits(&cursor) {
            let back = self.back(&cursor, sgr);
            self.push_plainly(&overlay::above(&cursor, self.size.cols, &back, self.tone, &rows));
            notices.clear();
        }
    }

    /// Gives the screen away: what programs have switched on is off, and what is seen now stands on the alternate screen,
    /// with the cursor below it. What is shown there is nobody's history.
    pub(super) fn lend(&mut self) {
        let mut bytes = self.text.modes().restore();
        bytes.extend_from_slice(b"\x1b[?1049h\x1b[m\x1b[2J");
        if let Some(picture) = self.picture() {
            bytes.extend_from_slice(&picture.repaint_rows());
            let below = (picture.cursor().row..picture.rows()).rev().find(|&row| !picture.text(row).is_empty());
            let row = below.unwrap_or_else(|| picture.cursor().row);
            bytes.extend_from_slice(format!("\x1b[{}H\r\n", row + 1).as_bytes());
        }
        self.waiting.push(&bytes);
        self.lent = true;
    }

    /// The screen is coshell's again, whatever it was left as.
    pub(super) fn take_back(&mut self) {
        if !std::mem::take(&mut self.lent) {
            return;
        }
        let mut bytes = Modes::all().restore();
        // Leaving the alternate screen brings the cursor back: what moves it is over by then.
        bytes.extend_from_slice(b"\x1b[m\x1b[?1049l\x1b[=0u");
        let modes = self.text.modes().clone();
        bytes.extend_from_slice(&modes.enter());
        if let Some(picture) = self.picture() {
            if modes.alt_screen() {
                bytes.extend_from_slice(&picture.repaint_rows());
            }
            if modes.alt_screen() || modes.confines() {
                bytes.extend_from_slice(&picture.resume(modes.origin()));
            }
        }
        bytes.extend_from_slice(&modes.again());
        self.waiting.push(&bytes);
    }

    /// Whether something may be drawn anywhere on the screen now.
    pub(super) fn is_calm(&self) -> bool {
        self.text.at_rest() && !self.text.modes().synchronized()
    }

    /// Ends the sequence that the stream is in.
    pub(super) fn cancel(&mut self, bytes: &[u8]) {
        self.print(bytes, &mut Nobody);
    }

    /// The menu's row is shown from now on. It is no part of the picture, by which it is put back.
    pub(super) fn open_bar(&mut self) {
        let (Some(history), Some(Medium::Terminal)) = (&mut self.history, self.medium) else { return };
        let (bar, bytes) = bar::open(history.picture(), self.text.modes());
        self.waiting.push(&bytes);
        self.bar = Some(bar);
    }

    /// The menu's row says this.
    pub(super) fn draw_bar(&mut self, row: &Row) {
        if self.bar.is_some() {
            self.waiting.push(&bar::draw(row, self.size.cols));
        }
    }

    /// The menu's row is put back as it was.
    pub(super) fn close_bar(&mut self) {
        let Some(bar) = self.bar.take() else { return };
        let pen = [b"\x1b[m".to_vec(), self.pen().1].concat();
        let Some(history) = &mut self.history else { return };
        self.waiting.push(&bar.close(history.picture(), self.text.modes(), &pen));
        if let Some(line) = self.below.take() {
            self.show_below(&line);
        }
    }

    fn resize_bar(&mut self) {
        let (Some(bar), Some(history)) = (&mut self.bar, &mut self.history) else { return };
        let bytes = bar.resized(history.picture());
        if bar.redraws_all() {
            history.was_drawn();
        }
        self.waiting.push(&bytes);
    }

    /// Turns off what programs turned on and left on, and only that, and puts the title back.
    pub(super) fn restore(&mut self) {
        self.close_bar();
        self.text.titles_mut().lead(None);
        self.show_title();
        if self.medium == Some(Medium::Terminal) {
            let bytes = self.text.modes().restore();
            if !bytes.is_empty() {
                self.print(&bytes, &mut Nobody);
            }
        }
    }

    /// What `restore` would write now.
    pub(super) fn restoring(&self) -> Vec<u8> {
        match self.medium {
            Some(Medium::Terminal) => {
                let bar: &[u8] = if self.bar.is_some() { b"\r\x1b[m\x1b[K\x1b[?25h" } else { b"" };
                [bar, &self.text.modes().restore(), &self.text.titles().bare()].concat()
            }
            Some(Medium::Stream) | None => Vec::new(),
        }
    }

    /// The window has this size now.
    pub(super) fn resize(&mut self, size: Size) {
        self.size = size;
        self.text.resize(size);
        if let Some(history) = &mut self.history {
            history.resized(self.now, &self.text);
        }
        self.resize_bar();
    }

    /// What the terminal should be given next.
    pub(super) fn pending(&self) -> &[u8] {
        self.waiting.pending()
    }

    /// The terminal took the first `n` bytes.
    pub(super) fn wrote(&mut self, n: usize) {
        self.waiting.wrote(n);
    }

    /// The terminal is gone: nothing waits for it, now or later.
    pub(super) fn forget(&mut self) {
        self.medium = None;
        self.waiting.clear();
        self.own.clear();
    }

    /// Whether the terminal has taken everything.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// What is known of the terminal's state and of the line that the cursor is on.
    pub(super) fn text(&self) -> &Text {
        &self.text
    }

    /// The same, to be asked for the unfinished line.
    pub(super) fn text_mut(&mut self) -> &mut Text {
        &mut self.text
    }

    /// Whether there is a cursor whose place on the screen is known.
    pub(super) fn can_place(&self) -> bool {
        let shown = self.medium == Some(Medium::Terminal) && !self.lent && self.bar.is_none();
        shown && !self.text.alt_screen() && self.text.at_rest()
    }
}

/// Who hears what was read, and what came to pass meanwhile.
pub(super) trait Audience: Sink {
    /// This came to pass behind the lines that were told.
    fn happened(&mut self, _happening: &Happening) {}
}

/// Notes down what the shell says of its commands, and hands on everything.
struct Ear<'a, A> {
    now: Instant,
    history: &'a mut History,
    audience: &'a mut A,
}

impl<A: Audience> Sink for Ear<'_, A> {
    #[inline]
    fn block(&mut self, block: &[u8], lines: usize) -> bool {
        self.audience.block(block, lines)
    }

    #[inline]
    fn enough(&self) -> bool {
        self.audience.enough()
    }

    #[inline]
    fn line(&mut self, line: &Line<'_>) {
        self.audience.line(line);
    }

    fn bell(&mut self) {
        self.audience.bell();
    }

    fn title(&mut self, title: &[u8]) {
        self.audience.title(title);
    }

    fn osc(&mut self, payload: &[u8], at: Range<u64>) {
        if let Some(happening) = self.history.hear(self.now, payload, &at) {
            self.audience.happened(&happening);
        }
        self.audience.osc(payload, at);
    }

    fn alt_screen(&mut self, on: bool) {
        self.audience.alt_screen(on);
    }
}

/// Nobody reads the lines.
#[derive(Debug)]
pub(super) struct Nobody;

impl Audience for Nobody {}

impl Sink for Nobody {
    fn block(&mut self, _: &[u8], _: usize) -> bool {
        false
    }

    fn line(&mut self, _: &Line<'_>) {}
}
