//! The raw bytes of a finished line taken apart: which of them print its text, and in which attributes and hyperlink.
//!
//! Only a line that was printed from left to right is taken apart. All that moves the cursor otherwise, erases text or
//! changes how text is printed makes the line unknown; the text that the emulation has assembled must be that of the bytes.

use std::ops::Range;
use std::rc::Rc;

use super::charset::CharacterSet;
use super::feed::VtState;
use super::hyperlink::Hyperlink;
use super::layout::{CellPos, advance};
use super::parse::{Csi, ParserEvent};
use super::prompt_mark::{PromptMarkKind, prompt_mark};
use super::screens::Span;
use super::sgr::Sgr;
use super::{NullSink, scan};

/// Private modes that change neither cells nor the cursor's position: keys, blinking and visible cursor, mouse, focus, paste,
/// synchronized updates.
const HARMLESS_MODES: [u16; 14] = [1, 12, 25, 1000, 1002, 1003, 1004, 1005, 1006, 1015, 1016, 2004, 2026, 2031];

/// OSCs that print something in some terminal: images (iTerm2), text in other sizes (kitty).
const PRINTING_OSCS: [&[u8]; 4] = [b"1337;File", b"1337;Multipart", b"1337;Inline", b"66;"];

/// Distance of tab stops, unless a program has set its own.
const TAB: usize = 8;

/// State of the stream that the marks of the shell change.
#[derive(Clone, Debug, Default)]
pub(in crate::core) struct Marks {
    /// Whether a prompt or what is typed at it is printed: behind OSC 133 A or B, before C.
    at_prompt: bool,
}

/// Text that was printed in the same attributes, without an escape sequence in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::core) struct TextRun {
    /// Its place in the line's text.
    pub(in crate::core) text: Range<usize>,
    /// Its place in the line's raw bytes: as long or, for a tab, one byte.
    pub(in crate::core) raw: Range<usize>,
    pub(in crate::core) pen: Sgr,
    /// Parameters and URI of the hyperlink.
    pub(in crate::core) link: Option<Rc<[u8]>>,
    /// Whether it is a tab, which prints nothing.
    pub(in crate::core) is_tab: bool,
}

/// A line that was printed from left to right, from the first column on, and ended by CR and LF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::core) struct PrintedLine {
    pub(in crate::core) runs: Vec<TextRun>,
    /// Attributes and hyperlink at the LF.
    pub(in crate::core) pen: Sgr,
    pub(in crate::core) link: Option<Rc<[u8]>>,
}

/// Parser and modes at a place of the stream, moved forward over it.
#[derive(Clone, Debug)]
pub(in crate::core) struct LineReplay {
    state: VtState,
    marks: Marks,
    /// The last two bytes.
    tail: [u8; 2],
}

/// What a control sequence does to the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LineEffect {
    /// Cursor and text stay as they are, behind which nothing is written.
    None,
    /// The cursor moves to the first column.
    Returns,
    /// The row is erased.
    Erases,
    Other,
}

/// The part of a line that was printed since its beginning or since the last CR.
#[derive(Default)]
struct LineSegment {
    runs: Vec<TextRun>,
    text: Vec<u8>,
    pos: CellPos,
    /// Whether some of it was printed by a line editor or as a prompt.
    is_edited: bool,
    /// Whether it begins in the first column.
    is_placed: bool,
}

impl Marks {
    /// Takes the payload of an OSC.
    pub(in crate::core) fn osc(&mut self, payload: &[u8]) {
        if let Some((kind, _)) = prompt_mark(payload) {
            match kind {
                PromptMarkKind::Prompt | PromptMarkKind::SecondaryPrompt | PromptMarkKind::Input => {
                    self.at_prompt = true;
                }
                PromptMarkKind::Output => self.at_prompt = false,
                PromptMarkKind::End => {}
            }
        }
    }
}

impl LineReplay {
    /// Creates the replay of the stream from the place where the emulation was in `state`, without lines.
    ///
    /// `tail` are the last two bytes in front.
    pub(in crate::core) fn new(mut state: VtState, marks: Marks, tail: [u8; 2]) -> Self {
        // A character that is open here belongs to a line that began before.
        state.carry.take();
        Self { state, marks, tail }
    }

    /// Returns the offset in the stream.
    pub(in crate::core) fn offset(&self) -> u64 {
        self.state.offset
    }

    /// Moves over `bytes`, of which only escape sequences are looked at.
    pub(in crate::core) fn skip(&mut self, bytes: &[u8]) {
        self.tail = tail(self.tail, bytes);
        let mut rest = bytes;
        while !rest.is_empty() {
            let used = if self.state.parser.in_ground() { self.skip_text(rest) } else { self.sequence(rest).0 };
            rest = &rest[used..];
        }
    }

    fn skip_text(&mut self, rest: &[u8]) -> usize {
        let ahead = scan::find_mode_change(rest);
        if let Some(at) = ahead {
            self.control(rest[at], at);
        }
        self.take(ahead.map_or(rest.len(), |at| at + 1))
    }

    fn take(&mut self, used: usize) -> usize {
        self.state.offset += used as u64;
        used
    }

    /// Executes ESC, SO or SI, which is `ahead` bytes from here.
    fn control(&mut self, byte: u8, ahead: usize) {
        match byte {
            0x1b => self.state.begin_sequence(ahead),
            0x0e | 0x0f => self.state.modes.shift_out(byte == 0x0e),
            _ => {}
        }
    }

    /// Advances inside a sequence. Returns the number of bytes taken, and what they do.
    fn sequence(&mut self, rest: &[u8]) -> (usize, LineEffect) {
        let (used, event) = self.state.parser.advance(rest);
        let is_harmless = match event {
            // A sequence that ends without an event was cancelled or is malformed, on which terminals differ.
            ParserEvent::Nothing => !self.state.parser.in_ground(),
            ParserEvent::Title => true,
            ParserEvent::Osc => {
                let payload = self.state.parser.payload();
                self.marks.osc(payload);
                self.state.modes.osc(payload);
                !PRINTING_OSCS.iter().any(|prefix| payload.starts_with(prefix))
            }
            ParserEvent::Control(_) => false,
            ParserEvent::Escape(inter, fin) => {
                self.state.modes.esc_dispatch(inter, fin);
                matches!((inter, fin), (b'(', b'B') | (0, b'\\' | b'=' | b'>'))
            }
            ParserEvent::Csi => {
                let effect = effect_of(self.state.parser.csi());
                let span = Span { from: self.state.offset, to: self.state.offset + used as u64 };
                self.state.csi_dispatch(span, &mut NullSink);
                return (self.take(used), effect);
            }
        };
        (self.take(used), if is_harmless { LineEffect::None } else { LineEffect::Other })
    }

    /// Moves over the raw bytes of a line with this text and takes them apart. `None` where the line was not printed from left
    /// to right, is not ended by CR and LF, was printed by a line editor or as a prompt, or has bytes that are not UTF-8.
    pub(in crate::core) fn line(&mut self, raw: &[u8], text: &[u8]) -> Option<PrintedLine> {
        let body = raw.strip_suffix(b"\n").filter(|body| body.ends_with(b"\r"));
        let Some(body) = body.filter(|_| self.prints_plainly() && std::str::from_utf8(text).is_ok()) else {
            self.skip(raw);
            return None;
        };
        if has_other_strings(body) {
            self.skip(raw);
            return None;
        }
        let body = &body[..body.iter().rposition(|&byte| byte != b'\r').map_or(0, |last| last + 1)];
        let is_new = self.tail == *b"\r\n";
        let segment = self.segment(body, is_new);
        let is_plain = self.prints_plainly();
        self.skip(&raw[body.len()..]);
        segment.filter(|_| is_plain)?.printed(text, self)
    }

    /// Returns whether text appears as it comes, on the primary screen.
    fn prints_plainly(&self) -> bool {
        let modes = &self.state.modes;
        self.state.in_ground_state()
            && !modes.alt_screen()
            && modes.autowrap()
            && !modes.insert()
            && !modes.has_region_or_origin()
            && modes.charset() == CharacterSet::Ascii
            && *modes.hyperlink() != Hyperlink::Unknown
    }

    /// Moves over the bytes of a line without its end. `None` where they have more than text, attributes and the like.
    ///
    /// `is_new` tells that the cursor is in the first column, wherever the terminal has moved it before.
    fn segment(&mut self, body: &[u8], is_new: bool) -> Option<LineSegment> {
        let (mut segment, mut at, mut harmless) =
            (LineSegment { is_placed: is_new, ..LineSegment::default() }, 0, true);
        while at < body.len() {
            let rest = &body[at..];
            if !self.state.parser.in_ground() {
                let (used, effect) = self.sequence(rest);
                match effect {
                    LineEffect::None => {}
                    LineEffect::Returns => segment = LineSegment::placed(),
                    LineEffect::Erases if segment.runs.is_empty() => {}
                    LineEffect::Erases => segment = LineSegment::default(),
                    LineEffect::Other => harmless = false,
                }
                at += used;
                continue;
            }
            let run = scan::printable(rest).0;
            let used = run.max(1);
            match rest[0] {
                _ if run > 0 => segment.print(&rest[..run], at, self),
                b'\t' => harmless &= segment.tab(at, self),
                b'\r' => segment = LineSegment::placed(),
                0x1b => self.control(0x1b, 0),
                0x07 => {}
                // The character set is that of G0, or the line is unknown already: terminfo's sgr0 for tmux and screen has an SI.
                0x0f => self.control(0x0f, 0),
                byte => {
                    self.control(byte, 0);
                    harmless = false;
                }
            }
            at += self.take(used);
        }
        Some(segment).filter(|_| harmless)
    }

    /// Returns parameters and URI of the open hyperlink.
    fn link(&self) -> Option<Rc<[u8]>> {
        self.state.modes.hyperlink().open().cloned()
    }

    fn is_edited(&self) -> bool {
        self.marks.at_prompt || self.state.modes.bracketed_paste()
    }

    fn run(&self, text: Range<usize>, raw: Range<usize>, is_tab: bool) -> TextRun {
        TextRun { text, raw, pen: self.state.modes.current_sgr(), link: self.link(), is_tab }
    }
}

impl LineSegment {
    /// Creates the segment behind a CR.
    fn placed() -> Self {
        Self { is_placed: true, ..Self::default() }
    }

    fn print(&mut self, bytes: &[u8], at: usize, replay: &LineReplay) {
        let from = self.text.len();
        self.text.extend_from_slice(bytes);
        self.pos = advance(self.pos, bytes, usize::from(replay.state.size.cols));
        self.is_edited |= replay.is_edited();
        self.runs.push(replay.run(from..self.text.len(), at..at + bytes.len(), false));
    }

    /// Moves to the next tab stop. Returns false while a wrap is pending, which a tab executes on some terminals.
    fn tab(&mut self, at: usize, replay: &LineReplay) -> bool {
        let (from, last) = (self.text.len(), usize::from(replay.state.size.cols).saturating_sub(1));
        if self.pos.col > last {
            return false;
        }
        let to = ((self.pos.col / TAB + 1) * TAB).min(last);
        self.text.resize(from + to.saturating_sub(self.pos.col), b' ');
        self.pos.col = to;
        self.runs.push(replay.run(from..self.text.len(), at..at + 1, true));
        true
    }

    /// Returns the line, if this is its whole text.
    fn printed(mut self, text: &[u8], replay: &LineReplay) -> Option<PrintedLine> {
        // Columns that a tab skips at the line's end are no text.
        while let Some(tab) = self.runs.pop_if(|run| run.is_tab) {
            self.text.truncate(tab.text.start);
        }
        if text != self.text || self.is_edited || !self.is_placed {
            return None;
        }
        let (pen, link) = (replay.state.modes.current_sgr(), replay.link());
        Some(PrintedLine { runs: self.runs, pen, link })
    }
}

/// Returns the last two bytes of a stream that ends with `bytes`, and before with `before`.
pub(in crate::core) fn tail(before: [u8; 2], bytes: &[u8]) -> [u8; 2] {
    match *bytes {
        [] => before,
        [byte] => [before[1], byte],
        [.., last, byte] => [last, byte],
    }
}

fn effect_of(csi: &Csi) -> LineEffect {
    let is_harmless = match (csi.prefix, csi.inter, csi.fin) {
        (0, 0, b'm') => Sgr::knows(csi),
        (0, 0, b'G') if csi.count(0) == 1 => return LineEffect::Returns,
        (0, 0, b'K') if csi.param(0) == 2 => return LineEffect::Erases,
        (0, 0, b'K') => csi.param(0) == 0,
        (b'?', 0, b'h' | b'l') => (0..csi.len()).all(|n| HARMLESS_MODES.contains(&csi.param(n))),
        (b'<'..=b'>', 0, b'u') | (b'>', 0, b'm') | (0, b' ', b'q') => true,
        // Reports and the stack of titles; others resize the window.
        (0, 0, b't') => csi.param(0) > 10,
        _ => false,
    };
    if is_harmless { LineEffect::None } else { LineEffect::Other }
}

/// Returns whether a DCS, SOS, PM or APC begins in `bytes`, such as that of an image.
fn has_other_strings(bytes: &[u8]) -> bool {
    let mut escapes = memchr::memchr_iter(0x1b, bytes);
    escapes.any(|at| matches!(bytes.get(at + 1), Some(b'P' | b'X' | b'^' | b'_')))
}
