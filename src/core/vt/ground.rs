//! What lies between escape sequences: text and controls.

use super::feed::{Encoding, Text};
use super::pieces::{Utf8Piece, piece};
use super::strip_controls::sieve;
use super::utf8::Joined;
use super::{LINE_LIMIT, VtSink, graphics, scan, valid};

/// How far to look for whole lines: no line among them is one that has to come in pieces.
const FAR: usize = LINE_LIMIT / 2;

/// How far to look for them among bytes that are not UTF-8, most of which is looked at again.
const CAUTIOUS: usize = 512;

/// So much UTF-8 in a row, or a line of it, is hardly chance.
const TELLING: usize = 8;

/// The length of the sequence that stands here, if it is whole and sets nothing but attributes of characters: dense
/// colour is mostly these.
fn attributes_only(bytes: &[u8]) -> Option<usize> {
    let parameters = bytes.strip_prefix(b"\x1b[")?;
    let end = scan::parameters(parameters);
    (parameters.get(end) == Some(&b'm')).then_some(2 + end + 1)
}

impl Text {
    /// Text that nobody wants to read: up to the next byte that changes the terminal's state. Where nobody reads lines
    /// nobody asks for attributes, so these are passed over too.
    pub(super) fn skip(&mut self, rest: &[u8]) -> usize {
        let mut at = 0;
        while let Some(ahead) = scan::turns(&rest[at..]) {
            at += ahead;
            // What was incomplete remains so.
            self.carry.take();
            match attributes_only(&rest[at..]) {
                Some(length) => at += length,
                None => {
                    match rest[at] {
                        0x1b => self.open(at),
                        byte => self.modes.shift(byte == 0x0e),
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

    /// An ESC stands `ahead` bytes from here.
    fn open(&mut self, ahead: usize) {
        self.sequence = self.offset + ahead as u64;
        self.parser.begin();
    }

    /// The same, and says how much was read: one that sets attributes is left unread.
    #[inline]
    fn escape_at(&mut self, rest: &[u8], ahead: usize) -> usize {
        if let Some(length) = attributes_only(&rest[ahead..]) {
            self.modes.note_sgr(&rest[ahead + 2..ahead + length]);
            return ahead + length;
        }
        self.open(ahead);
        ahead + 1
    }

    /// Text and controls, up to the next thing that is of another kind.
    pub(super) fn ground(&mut self, rest: &[u8], sink: &mut impl VtSink) -> usize {
        if !self.carry.is_empty() {
            return self.join(rest[0], sink);
        }
        if self.tongue == Encoding::Foreign
            && let Some(used) = self.foreign(rest, sink)
        {
            return used;
        }
        let (run, high) = scan::printable(rest);
        let Some(lines) = self.lines.as_deref_mut() else { return rest.len() };
        if run < FAR && lines.is_fresh() && rest[run..].starts_with(b"\r\n") {
            let within = if self.tongue == Encoding::Utf8 { FAR } else { CAUTIOUS };
            let within = within.max(run + 2).min(rest.len());
            let plain = scan::plain_lines(&rest[..within], run + 2);
            let high = high || plain.high;
            let len = if high { whole_lines(&rest[..plain.len]) } else { plain.len };
            self.tongue = if len < plain.len { Encoding::Doubtful } else { Encoding::Utf8 };
            if len > 0 {
                return lines.block(&rest[..len], self.offset, sink);
            }
        }
        if run == 0 {
            return self.control(rest, sink);
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
        self.colours(rest, run, sink)
    }

    /// Attributes and words of ASCII by turns, from here on: so frequent that the way round is felt. Says how much was read.
    #[inline]
    fn colours(&mut self, rest: &[u8], mut at: usize, sink: &mut impl VtSink) -> usize {
        while rest.get(at) == Some(&0x1b) && !sink.enough() {
            at = self.escape_at(rest, at);
            if !self.parser.in_ground() {
                break;
            }
            let (run, high) = scan::printable(&rest[at..]);
            let Some(lines) = self.lines.as_deref_mut().filter(|_| run > 0 && !high) else { break };
            lines.text(&rest[at..at + run], self.offset + at as u64, sink);
            at += run;
        }
        at
    }

    /// Bytes of which many are not UTF-8, up to the next that acts, if this is worth while here.
    fn foreign(&mut self, rest: &[u8], sink: &mut impl VtSink) -> Option<usize> {
        let lines = self.lines.as_deref_mut().filter(|lines| lines.takes_sieved())?;
        let sieved = sieve(rest);
        lines.sieved(&sieved, self.offset, sink);
        let used = sieved.used;
        let behind = &rest[used..];
        if (used >= TELLING || behind.starts_with(b"\r\n")) && sieved.is_clean() {
            self.tongue = Encoding::Doubtful;
        }
        let at = self.offset + used as u64;
        let more = match *behind {
            [0x1b, ..] => return Some(self.escape_at(rest, used)),
            [byte @ 0x07..=0x0f, ..] => {
                self.act(byte, at + 1, sink);
                1
            }
            [0xc2, 0x80..=0x9f, ..] => 2,
            [0xc2, 0xa0..=0xbf, ..] => {
                lines.text(&behind[..2], at, sink);
                2
            }
            [0xc2, _, ..] => self.raw(&behind[..1], at, sink),
            // The beginning of a character is left to those who can wait for its end.
            _ => return (used > 0).then_some(used),
        };
        Some(used + more)
    }

    /// A run of printable bytes with some above 0x7F; `ends` says that nothing is known of what comes behind it.
    fn characters(&mut self, run: &[u8], ends: bool, sink: &mut impl VtSink) {
        let mut at = 0;
        while at < run.len() {
            let here = self.offset + at as u64;
            let Some(lines) = self.lines.as_deref_mut() else { return };
            at += match piece(&run[at..]) {
                Utf8Piece::Text(len) => {
                    lines.text(&run[at..at + len], here, sink);
                    len
                }
                Utf8Piece::Control(len) => len,
                Utf8Piece::Open if ends => {
                    self.carry.set(&run[at..]);
                    run.len() - at
                }
                Utf8Piece::Open => self.raw(&run[at..], here, sink),
                Utf8Piece::Raw(len) => self.raw(&run[at..at + len], here, sink),
            };
        }
    }

    /// Bytes that are not UTF-8, the first of them at the offset `at`.
    fn raw(&mut self, bytes: &[u8], at: u64, sink: &mut impl VtSink) -> usize {
        self.tongue = Encoding::Foreign;
        if let Some(lines) = &mut self.lines {
            for (&byte, at) in bytes.iter().zip(at..) {
                lines.raw(byte, at, sink);
            }
        }
        bytes.len()
    }

    /// One more byte behind an incomplete character.
    fn join(&mut self, byte: u8, sink: &mut impl VtSink) -> usize {
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
        if let Some(lines) = self.lines.as_deref_mut().filter(|_| valid::clean(bytes) > 0) {
            lines.text(bytes, start, sink);
        }
        1
    }

    /// A byte while letters are line graphics.
    fn graphic(&mut self, byte: u8, sink: &mut impl VtSink) {
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

    /// A C0 control or DEL in the text; says how much was read.
    fn control(&mut self, rest: &[u8], sink: &mut impl VtSink) -> usize {
        if rest[0] == 0x1b {
            return self.escape_at(rest, 0);
        }
        self.act(rest[0], self.offset + 1, sink);
        1
    }
}

/// The length of the longest prefix of whole lines that is text.
fn whole_lines(block: &[u8]) -> usize {
    let clean = valid::clean(block);
    memchr::memrchr(b'\n', &block[..clean]).map_or(0, |newline| newline + 1)
}
