//! Text and controls between escape sequences: the parser's ground state.

use super::charset::CharacterSet;
use super::feed::{Encoding, VtState};
use super::pieces::{Utf8Piece, piece};
use super::screens::{Screens, Span};
use super::strip_controls::strip;
use super::utf8::Joined;
use super::{LINE_LIMIT, VtSink, scan, valid};

/// Maximum length of a run of whole lines, so that no line in it has to be reported in pieces.
const MAX_BLOCK: usize = LINE_LIMIT / 2;

/// Length up to which whole lines are searched after invalid UTF-8: most of it would be scanned twice.
const MAX_BLOCK_AFTER_INVALID: usize = 512;

/// Number of consecutive bytes of valid UTF-8 that are hardly chance.
const CONVINCING_LEN: usize = 8;

/// Control sequence of digits and separators as parameters. Nearly all output of full-screen programs consists of these and of
/// text. They bypass the incremental parser.
struct WholeSequence {
    /// Length of the parameters.
    len: usize,
    fin: u8,
}

impl WholeSequence {
    /// Returns the sequence that `bytes` begins with, if all of it is there.
    #[inline]
    fn first_of(bytes: &[u8]) -> Option<Self> {
        let parameters = bytes.strip_prefix(b"\x1b[")?;
        let len = scan::parameters(parameters);
        let fin = parameters.get(len).copied().filter(|byte| matches!(byte, 0x40..0x7f))?;
        Some(Self { len, fin })
    }

    /// Returns the length of the whole sequence.
    #[inline]
    fn whole_len(&self) -> usize {
        2 + self.len + 1
    }
}

/// Designation of ASCII as G0, with which ncurses resets the attributes (`sgr0` of most terminals).
const ASCII_AS_G0: &[u8] = b"\x1b(B";

impl VtState {
    /// Skips text while lines are not assembled, up to the next byte that changes the terminal's modes; returns its length.
    /// Sequences that change none are skipped too. Attributes are known only while lines are assembled.
    pub(super) fn skip_text(&mut self, rest: &[u8]) -> usize {
        let mut at = 0;
        while let Some(ahead) = scan::find_mode_change(&rest[at..]) {
            at += ahead;
            // The control ends an incomplete character.
            self.carry.take();
            match WholeSequence::first_of(&rest[at..]) {
                // All others move the cursor, or change cells or attributes.
                Some(sequence) if !matches!(sequence.fin, b'h' | b'l' | b'r' | b's' | b't' | b'u') => {
                    at += sequence.whole_len();
                }
                None if self.is_without_effect(&rest[at..]) => at += ASCII_AS_G0.len(),
                _ => {
                    match rest[at] {
                        0x1b => self.begin_sequence(at),
                        byte => self.modes.shift_out(byte == 0x0e),
                    }
                    return at + 1;
                }
            }
        }
        if at < rest.len() {
            self.carry.follow(&rest[at..]);
        }
        rest.len()
    }

    /// Returns whether `rest` begins with a designation that is in force.
    #[inline]
    fn is_without_effect(&self, rest: &[u8]) -> bool {
        rest.starts_with(ASCII_AS_G0) && self.modes.has_ascii_as_g0()
    }

    /// Begins an escape sequence whose ESC is `ahead` bytes from here.
    pub(super) fn begin_sequence(&mut self, ahead: usize) {
        self.sequence_start = self.offset + ahead as u64;
        self.parser.begin();
    }

    /// Begins the sequence at `rest[ahead]`, or executes it if it is whole; returns how much was taken.
    #[inline]
    fn escape_at(&mut self, rest: &[u8], ahead: usize, sink: &mut impl VtSink) -> usize {
        let Some(sequence) = WholeSequence::first_of(&rest[ahead..]) else {
            if self.is_without_effect(&rest[ahead..]) {
                return ahead + ASCII_AS_G0.len();
            }
            self.begin_sequence(ahead);
            return ahead + 1;
        };
        let end = ahead + sequence.whole_len();
        let text = &rest[ahead + 2..];
        let parameters = &text[..sequence.len];
        let span = Span { from: self.offset + ahead as u64, to: self.offset + end as u64 };
        match (sequence.fin, self.screens.as_deref_mut()) {
            (b'm', Some(screens)) if !screens.styled => self.modes.push_sgr(text, sequence.len + 1),
            (b'K', Some(screens)) if parameters.is_empty() => screens.erase_line(0, span, sink),
            (b'H', Some(screens)) => match scan::two_numbers(text, sequence.len) {
                Some((row, col)) => screens.place_cursor(row.max(1) - 1, col.max(1) - 1, span, sink),
                None => self.execute_whole(parameters, sequence.fin, span, sink),
            },
            _ => self.execute_whole(parameters, sequence.fin, span, sink),
        }
        end
    }

    fn execute_whole(&mut self, parameters: &[u8], fin: u8, span: Span, sink: &mut impl VtSink) {
        self.parser.take_whole(parameters, fin);
        self.csi_dispatch(span, sink);
    }

    /// Takes over changed attributes where the screen keeps them.
    #[inline]
    pub(super) fn take_over_pen(&mut self) {
        if let Some(screens) = self.screens.as_deref_mut().filter(|screens| screens.styled) {
            self.modes.parse_pen();
            screens.set_pen(&self.modes);
        }
    }

    /// Takes text and controls up to the next change of kind; returns how much was taken.
    pub(super) fn advance_ground(&mut self, rest: &[u8], sink: &mut impl VtSink) -> usize {
        if !self.carry.is_empty() {
            return self.complete_char(rest[0], sink);
        }
        if self.encoding == Encoding::Invalid
            && let Some(used) = self.print_invalid(rest, sink)
        {
            return used;
        }
        let (run, high) = scan::printable(rest);
        let Some(screens) = self.screens.as_deref_mut() else { return rest.len() };
        if run < MAX_BLOCK && screens.is_fresh() && rest[run..].starts_with(b"\r\n") {
            let within = if self.encoding == Encoding::Utf8 { MAX_BLOCK } else { MAX_BLOCK_AFTER_INVALID };
            let within = within.max(run + 2).min(rest.len());
            let plain = scan::plain_lines(&rest[..within], run + 2);
            let high = high || plain.high;
            let len = if high { whole_lines(&rest[..plain.len]) } else { plain.len };
            self.encoding = if len < plain.len { Encoding::Recovering } else { Encoding::Utf8 };
            if len > 0 {
                let used = screens.block(&rest[..len], !high, self.offset, sink);
                if used > 0 {
                    return used;
                }
            }
        }
        if run == 0 {
            let used = self.control(rest, sink);
            return if self.parser.in_ground() { self.print_between_sequences(rest, used, sink) } else { used };
        }
        if screens.modes.charset != CharacterSet::Ascii {
            self.print_graphic(rest[0], sink);
            return 1;
        }
        if high {
            let ends = run == rest.len();
            self.print_utf8(&rest[..run], ends, sink);
        } else {
            screens.print_ascii(rest, run, self.offset, sink);
        }
        self.print_between_sequences(rest, run, sink)
    }

    /// Takes alternating sequences and ASCII words from `at` on, without the way through `feed`; returns how much was taken.
    #[inline]
    fn print_between_sequences(&mut self, rest: &[u8], mut at: usize, sink: &mut impl VtSink) -> usize {
        while rest.get(at) == Some(&0x1b) && !sink.should_stop() {
            at = self.escape_at(rest, at, sink);
            if !self.parser.in_ground() {
                break;
            }
            let (run, high) = scan::printable(&rest[at..]);
            let is_plain = |screens: &&mut Screens| !high && screens.modes.charset == CharacterSet::Ascii;
            let Some(screens) = self.screens.as_deref_mut().filter(is_plain) else { break };
            if run > 0 {
                screens.print_ascii(&rest[at..], run, self.offset + at as u64, sink);
                at += run;
            }
        }
        at
    }

    /// Takes text with much invalid UTF-8 up to the next control; `None` where this path does not pay off.
    fn print_invalid(&mut self, rest: &[u8], sink: &mut impl VtSink) -> Option<usize> {
        let screens = self.screens.as_deref_mut().filter(|screens| screens.fits_stripped())?;
        let stripped = strip(rest);
        screens.print_stripped(&stripped, self.offset, sink);
        let used = stripped.used;
        let behind = &rest[used..];
        if (used >= CONVINCING_LEN || behind.starts_with(b"\r\n")) && stripped.is_clean() {
            self.encoding = Encoding::Recovering;
        }
        let at = self.offset + used as u64;
        let more = match *behind {
            [0x1b, ..] => return Some(self.escape_at(rest, used, sink)),
            [byte @ 0x07..=0x0f, ..] => {
                self.execute(byte, at + 1, sink);
                1
            }
            // A C1 control encoded in UTF-8 prints nothing.
            [0xc2, 0x80..=0x9f, ..] => 2,
            [0xc2, 0xa0..=0xbf, ..] => {
                screens.print(&behind[..2], at, sink);
                2
            }
            [0xc2, _, ..] => self.print_raw(&behind[..1], at, sink),
            // What may be an incomplete character is left to `advance_ground`, which can carry it over.
            _ => return (used > 0).then_some(used),
        };
        Some(used + more)
    }

    /// Prints a run of printable bytes with some above 0x7F; `ends` tells that the chunk ends with the run.
    fn print_utf8(&mut self, run: &[u8], ends: bool, sink: &mut impl VtSink) {
        let mut at = 0;
        while at < run.len() {
            let Some(screens) = self.screens.as_deref_mut() else { return };
            at += screens.print_on_row(&run[at..], self.offset + at as u64, sink);
            if at == run.len() {
                return;
            }
            let here = self.offset + at as u64;
            at += match piece(&run[at..]) {
                Utf8Piece::Text(len) => {
                    screens.print(&run[at..at + len], here, sink);
                    len
                }
                Utf8Piece::Control(len) => len,
                Utf8Piece::Open if ends => {
                    self.carry.set(&run[at..]);
                    run.len() - at
                }
                Utf8Piece::Open => self.print_raw(&run[at..], here, sink),
                Utf8Piece::Raw(len) => self.print_raw(&run[at..at + len], here, sink),
            };
        }
    }

    /// Prints bytes that are not UTF-8, the first of them at the offset `at`.
    fn print_raw(&mut self, bytes: &[u8], at: u64, sink: &mut impl VtSink) -> usize {
        self.encoding = Encoding::Invalid;
        if let Some(screens) = &mut self.screens {
            for (&byte, at) in bytes.iter().zip(at..) {
                screens.print_byte(byte, at, sink);
            }
        }
        bytes.len()
    }

    /// Adds a byte to the incomplete character that is carried over from the chunk before.
    fn complete_char(&mut self, byte: u8, sink: &mut impl VtSink) -> usize {
        let start = self.offset - self.carry.len();
        let joined = self.carry.join(byte);
        if joined == Joined::More {
            return 1;
        }
        let (bytes, len) = self.carry.take();
        let bytes = &bytes[..len];
        if joined == Joined::Broken {
            self.print_raw(bytes, start, sink);
            return 0;
        }
        if let Some(screens) = self.screens.as_deref_mut().filter(|_| valid::clean(bytes) > 0) {
            screens.print(bytes, start, sink);
        }
        1
    }

    /// Prints a byte while a character set other than ASCII is in use.
    fn print_graphic(&mut self, byte: u8, sink: &mut impl VtSink) {
        let Some(screens) = &mut self.screens else { return };
        match byte {
            0x80.. => self.print_utf8(&[byte], true, sink),
            _ => {
                let mut buffer = [0; 4];
                let text = screens.modes.charset.glyph(byte).encode_utf8(&mut buffer);
                screens.print(text.as_bytes(), self.offset, sink);
                // The glyph takes one byte of the stream.
                screens.printed_to = self.offset + 1;
            }
        }
    }

    /// Executes a C0 control or DEL in the text; returns how much was taken.
    fn control(&mut self, rest: &[u8], sink: &mut impl VtSink) -> usize {
        if rest[0] == 0x1b {
            return self.escape_at(rest, 0, sink);
        }
        self.execute(rest[0], self.offset + 1, sink);
        1
    }
}

/// Returns the length of the longest prefix of whole lines that is valid UTF-8 without C1 controls.
fn whole_lines(block: &[u8]) -> usize {
    let clean = valid::clean(block);
    memchr::memrchr(b'\n', &block[..clean]).map_or(0, |newline| newline + 1)
}
