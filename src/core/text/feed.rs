//! The stream's way through this room.

use super::lay::Place;
use super::lines::{Lines, Rules, Span};
use super::modes::Modes;
use super::parse::{Csi, Event, Parser};
use super::screen::Maker;
use super::utf8::{self, Carry, Joined, Piece};
use super::{Cursor, Line, Sink, graphics, scan};
use crate::words::Size;

/// How far to look for whole lines among bytes that are not UTF-8, most of which is looked at again.
const CAUTIOUS: usize = 512;

/// Follows what the shell prints.
#[derive(Debug)]
pub struct Text {
    size: Size,
    parser: Parser,
    carry: Carry,
    modes: Modes,
    /// While lines are asked for.
    lines: Option<Box<Lines>>,
    /// Ids must not come again when lines are asked for again.
    maker: Maker,
    /// How many bytes there were.
    offset: u64,
    /// The last block had bytes that are not UTF-8, so the next one may have some.
    foreign: bool,
    /// Where the sequence began that is open now, or was the last.
    sequence: u64,
}

impl Text {
    /// For a terminal of this size that nobody touched. Lines are not assembled.
    pub fn new(size: Size) -> Self {
        Self {
            size,
            parser: Parser::new(),
            carry: Carry::default(),
            modes: Modes::default(),
            lines: None,
            maker: Maker::default(),
            offset: 0,
            foreign: false,
            sequence: 0,
        }
    }

    /// Whether lines are assembled. Without, only escape sequences are followed, which costs next to nothing. Switched on
    /// in the middle, it takes the next byte as the beginning of a line.
    pub fn assemble(&mut self, on: bool) {
        if on == self.lines.is_some() {
            return;
        }
        if let Some(lines) = self.lines.take() {
            self.maker = lines.maker;
        } else {
            let maker = std::mem::take(&mut self.maker);
            self.lines = Some(Box::new(Lines::new(self.size, &self.modes, maker, self.offset)));
        }
    }

    /// The terminal has another size.
    pub fn resize(&mut self, size: Size) {
        self.size = size;
        if let Some(lines) = &mut self.lines {
            lines.resize(size);
        }
        self.modes.region(false);
    }

    /// Takes what the shell printed.
    pub fn feed(&mut self, bytes: &[u8], sink: &mut impl Sink) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let used = if !self.parser.in_ground() {
                self.inside(rest, sink)
            } else if self.lines.is_some() {
                self.ground(rest, sink)
            } else {
                self.skip(rest)
            };
            self.offset += used as u64;
            rest = &rest[used..];
        }
    }

    /// Whether the stream is neither inside an escape sequence or string nor inside a character.
    pub fn at_rest(&self) -> bool {
        self.parser.in_ground() && self.carry.is_empty()
    }

    /// What is switched on in the terminal.
    pub fn modes(&self) -> &Modes {
        &self.modes
    }

    /// Whether the alternate screen is shown.
    pub fn alt_screen(&self) -> bool {
        self.modes.alt_screen()
    }

    /// How many bytes were fed.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The unfinished line that the cursor is on, if anything was put on it.
    pub fn partial(&mut self) -> Option<Line<'_>> {
        // What is incomplete does not belong to it yet.
        let open = if self.parser.in_ground() { self.offset - self.carry.len() } else { self.sequence };
        let lines = self.lines.as_mut().filter(|lines| lines.draft.put)?;
        let (id, start, continued) = (lines.id(), lines.draft.start, lines.draft.continued);
        let text = lines.draft.text();
        Some(Line { id, text, start, end: open.max(start), more: false, continued })
    }

    /// The offset in the stream of the first raw byte of the line that the cursor is on, whether or not anything was put
    /// on it.
    pub fn line_start(&self) -> u64 {
        self.lines.as_ref().map_or(self.offset, |lines| lines.draft.start)
    }

    /// Where the cursor is within its line; in the first column when lines are not assembled.
    pub fn cursor(&self) -> Cursor {
        let Some(lines) = &self.lines else { return Cursor { rows: 1, ..Cursor::default() } };
        let (draft, cols) = (&lines.draft, lines.cols);
        let Place { row, .. } = draft.end(cols);
        let col = draft.cursor_col(cols);
        let small = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
        Cursor {
            column: small(col.min(cols - 1)),
            row: small(draft.above + row),
            rows: small(draft.above + draft.rows(cols).max(row + 1)),
            pending_wrap: col == cols,
        }
    }

    /// Text that nobody wants to read: up to the next byte that changes the terminal's state.
    fn skip(&mut self, rest: &[u8]) -> usize {
        let end = memchr::memchr3(0x1b, 0x0e, 0x0f, rest);
        let run = &rest[..end.unwrap_or(rest.len())];
        if !run.is_empty() {
            self.carry.follow(run);
        }
        let Some(end) = end else { return rest.len() };
        self.carry.take();
        match rest[end] {
            0x1b => self.open(end),
            byte => self.modes.shift(byte == 0x0e),
        }
        end + 1
    }

    /// An ESC stands `ahead` bytes from here.
    fn open(&mut self, ahead: usize) {
        self.sequence = self.offset + ahead as u64;
        self.parser.begin();
    }

    /// Text and controls, up to the next thing that is of another kind.
    fn ground(&mut self, rest: &[u8], sink: &mut impl Sink) -> usize {
        if !self.carry.is_empty() {
            return self.join(rest[0], sink);
        }
        let (run, high) = scan::printable(rest);
        let Some(lines) = self.lines.as_deref_mut() else { return rest.len() };
        if lines.is_fresh() && rest[run..].starts_with(b"\r\n") {
            let within = if self.foreign { CAUTIOUS.min(rest.len()).max(run + 2) } else { rest.len() };
            let plain = scan::plain_lines(&rest[..within], run + 2);
            let high = high || plain.high;
            let len = if high { whole_lines(&rest[..plain.len]) } else { plain.len };
            self.foreign = len < plain.len;
            if len > 0 {
                lines.block(&rest[..len], self.offset, sink);
                return len;
            }
        }
        if run == 0 {
            self.control(rest[0], sink);
            return 1;
        }
        if lines.modes.graphics {
            self.graphic(rest[0], sink);
            return 1;
        }
        if high {
            let ends = run == rest.len();
            self.characters(&rest[..run], ends, sink);
        } else {
            lines.text(&rest[..run], self.offset, sink);
        }
        if rest.get(run) == Some(&0x1b) {
            // Colours are so frequent that the way round is felt.
            self.open(run);
            return run + 1;
        }
        run
    }

    /// A run of printable bytes with some above 0x7F; `ends` says that nothing is known of what comes behind it.
    fn characters(&mut self, run: &[u8], ends: bool, sink: &mut impl Sink) {
        let mut at = 0;
        while at < run.len() {
            let here = self.offset + at as u64;
            let Some(lines) = self.lines.as_deref_mut() else { return };
            at += match utf8::piece(&run[at..]) {
                Piece::Text(len) => {
                    lines.text(&run[at..at + len], here, sink);
                    len
                }
                Piece::Control(len) => len,
                Piece::Open if ends => {
                    self.carry.set(&run[at..]);
                    run.len() - at
                }
                Piece::Open => self.raw(&run[at..], here, sink),
                Piece::Raw(len) => self.raw(&run[at..at + len], here, sink),
            };
        }
    }

    /// Bytes that are not UTF-8, the first of them at the offset `at`.
    fn raw(&mut self, bytes: &[u8], at: u64, sink: &mut impl Sink) -> usize {
        if let Some(lines) = &mut self.lines {
            for (&byte, at) in bytes.iter().zip(at..) {
                lines.raw(byte, at, sink);
            }
        }
        bytes.len()
    }

    /// One more byte behind an incomplete character.
    fn join(&mut self, byte: u8, sink: &mut impl Sink) -> usize {
        let start = self.offset - self.carry.len();
        let joined = self.carry.join(byte);
        if joined == Joined::More {
            return 1;
        }
        let (bytes, len) = self.carry.take();
        let bytes = &bytes[..len];
        if joined == Joined::Broken {
            self.raw(bytes, start, sink);
            return 0;
        }
        if let Some(lines) = self.lines.as_deref_mut().filter(|_| utf8::clean(bytes) > 0) {
            lines.text(bytes, start, sink);
        }
        1
    }

    /// A byte while letters are line graphics.
    fn graphic(&mut self, byte: u8, sink: &mut impl Sink) {
        let Some(lines) = &mut self.lines else { return };
        match byte {
            0x80.. => self.characters(&[byte], true, sink),
            _ => {
                let mut buffer = [0; 4];
                let text = graphics::shown(byte).encode_utf8(&mut buffer);
                lines.text(text.as_bytes(), self.offset, sink);
            }
        }
    }

    /// A C0 control or DEL in the text.
    fn control(&mut self, byte: u8, sink: &mut impl Sink) {
        if byte == 0x1b {
            self.open(0);
        } else {
            self.act(byte, self.offset + 1, sink);
        }
    }

    /// A C0 control, which acts in the middle of a sequence too; `to` is the offset behind it.
    fn act(&mut self, byte: u8, to: u64, sink: &mut impl Sink) {
        if matches!(byte, 0x0e | 0x0f) {
            self.modes.shift(byte == 0x0e);
        }
        let Some(lines) = &mut self.lines else { return };
        match byte {
            0x07 => sink.bell(),
            0x08 => lines.back(1),
            b'\t' => lines.tab(1),
            b'\n' | 0x0b | 0x0c => lines.line_feed(to, lines.modes.newline, sink),
            b'\r' => lines.carriage_return(),
            _ => {}
        }
    }

    /// Goes on inside a sequence.
    fn inside(&mut self, rest: &[u8], sink: &mut impl Sink) -> usize {
        let (used, event) = self.parser.advance(rest);
        let span = Span { from: self.sequence, to: self.offset + used as u64 };
        match event {
            Event::Nothing => {}
            Event::Control(byte) => self.act(byte, span.to, sink),
            Event::Escape(inter, fin) => self.escape(inter, fin, span, sink),
            Event::Csi => self.csi(span, sink),
            Event::Osc => {
                let payload = self.parser.payload();
                if let [b'0' | b'2', b';', title @ ..] = payload {
                    sink.title(title);
                }
                sink.osc(payload);
            }
            Event::Title => sink.title(self.parser.payload()),
        }
        used
    }

    fn escape(&mut self, inter: u8, fin: u8, span: Span, sink: &mut impl Sink) {
        let was_alternate = self.alt_screen();
        self.modes.escape(inter, fin);
        if let Some(lines) = self.lines.as_deref_mut() {
            lines.modes = Rules::of(&self.modes);
            match (inter, fin) {
                (0, b'7') => lines.save(),
                (0, b'8') => lines.recall(span, sink),
                (0, b'D') => lines.line_feed(span.to, false, sink),
                (0, b'E') => lines.line_feed(span.to, true, sink),
                (0, b'M') => lines.reverse_index(span, sink),
                (0, b'c') => lines.reset(span, sink),
                _ => {}
            }
        }
        if was_alternate && !self.alt_screen() {
            sink.alt_screen(false);
        }
    }

    /// A control sequence is whole.
    #[inline]
    fn csi(&mut self, span: Span, sink: &mut impl Sink) {
        let csi = self.parser.csi();
        match (csi.prefix, csi.inter, csi.fin) {
            (0, 0, b'm') => self.modes.sgr(csi),
            (0, 0, b'h' | b'l') | (b'?', 0, b'h' | b'l') => self.set_modes(span, sink),
            (b'>', 0, b'm') => self.modes.other_keys(csi),
            (b'<' | b'=' | b'>', 0, b'u') => self.modes.kitty(csi),
            (0, b' ', b'q') => self.modes.shape(csi.raw(0)),
            (0, b'!', b'p') => {
                self.modes.soft_reset();
                if let Some(lines) = &mut self.lines {
                    lines.screen.drop_region();
                }
                self.obey();
            }
            (0, 0, _) | (b'?', 0, b'J' | b'K') => self.position(span, sink),
            _ => {}
        }
    }

    /// What moves the cursor or changes what is shown.
    fn position(&mut self, span: Span, sink: &mut impl Sink) {
        let csi = self.parser.csi();
        if csi.fin == b'r' {
            let rows = usize::from(self.size.rows.max(1));
            let (top, end) = (csi.count(0), usize::from(csi.raw(1)));
            let end = if end == 0 { rows } else { end.min(rows) };
            if top < end {
                self.modes.region(top > 1 || end < rows);
            }
        }
        if let Some(lines) = &mut self.lines {
            lines.control(csi, span, sink);
        }
    }

    fn set_modes(&mut self, span: Span, sink: &mut impl Sink) {
        let csi: Csi = self.parser.csi().clone();
        let on = csi.fin == b'h';
        for n in 0..csi.len() {
            let mode = csi.raw(n);
            if csi.prefix == 0 {
                self.modes.ansi(mode, on);
            } else {
                self.private(mode, on, span, sink);
            }
        }
        self.obey();
    }

    fn private(&mut self, mode: u16, on: bool, span: Span, sink: &mut impl Sink) {
        let was_alternate = self.alt_screen();
        self.modes.private(mode, on);
        if let Some(lines) = self.lines.as_deref_mut() {
            lines.modes.origin = self.modes.origin();
            match (mode, on) {
                (6, _) => lines.home(span, sink),
                (1048, true) => lines.save(),
                (1048, false) => lines.recall(span, sink),
                _ if was_alternate != self.modes.alt_screen() => lines.switch(on, span, sink),
                _ => {}
            }
        }
        if was_alternate != self.alt_screen() {
            sink.alt_screen(on);
        }
    }

    fn obey(&mut self) {
        if let Some(lines) = &mut self.lines {
            lines.obey(Rules::of(&self.modes));
        }
    }
}

/// The length of the longest prefix of whole lines that is text.
fn whole_lines(block: &[u8]) -> usize {
    let clean = utf8::clean(block);
    memchr::memrchr(b'\n', &block[..clean]).map_or(0, |newline| newline + 1)
}
