//! The visible text in the bytes of one line of a terminal, with the place of each of its bytes.

use std::ops::Range;

const ESC: u8 = 0x1b;
const BEL: u8 = 0x07;

/// The text of a line and where it stands in the bytes.
#[derive(Debug, Default)]
pub(super) struct Visible {
    /// The text; a cursor motion is a line feed, which no secret holds.
    pub(super) text: Vec<u8>,
    /// For each byte of the text its place; that of a line feed is the end of the motion.
    pub(super) places: Vec<usize>,
    /// The payloads of control strings, such as titles.
    pub(super) payloads: Vec<Range<usize>>,
    /// Number of characters since the last cursor motion.
    row: usize,
}

/// State of the parser.
enum Sequence {
    Ground,
    Escape,
    Csi,
    /// A control string (OSC, DCS, APC, PM, SOS) with the start of its payload.
    String(usize),
    /// An escape inside of one, which ends it.
    StringEscape,
}

impl Visible {
    /// Reads a line, with or without its end, of a terminal of `cols` columns.
    pub(super) fn of(line: &[u8], cols: usize) -> Self {
        let (mut visible, mut state, mut start) = (Self::default(), Sequence::Ground, 0);
        for (at, &byte) in line.iter().enumerate() {
            state = match (state, byte) {
                (Sequence::String(start), BEL | ESC) => {
                    visible.payloads.push(start..at);
                    if byte == BEL { Sequence::Ground } else { Sequence::StringEscape }
                }
                (Sequence::String(start), _) => Sequence::String(start),
                (_, ESC) => Sequence::Escape,
                (Sequence::StringEscape, b'\\') => Sequence::Ground,
                (Sequence::Escape | Sequence::StringEscape, b'[') => {
                    start = at + 1;
                    Sequence::Csi
                }
                (Sequence::Escape | Sequence::StringEscape, b']' | b'P' | b'_' | b'^' | b'X') => {
                    Sequence::String(at + 1)
                }
                (Sequence::Escape | Sequence::StringEscape, 0x20..=0x2f) => Sequence::Escape,
                (Sequence::Escape | Sequence::StringEscape, _) => Sequence::Ground,
                (Sequence::Csi, 0x40..=0x7e) => {
                    visible.ends_csi(at, byte, &line[start..at], cols);
                    Sequence::Ground
                }
                (Sequence::Csi, _) => Sequence::Csi,
                (Sequence::Ground, _) => {
                    visible.ground(line, at, byte);
                    Sequence::Ground
                }
            };
        }
        if let Sequence::String(start) = state {
            visible.payloads.push(start..line.len());
        }
        visible
    }

    /// Takes the final byte of a CSI sequence: colours and modes leave the cursor where it is, others move it. Behind a full row
    /// the start of another one continues it: full-screen programs wrap their lines so.
    fn ends_csi(&mut self, at: usize, last: u8, parameters: &[u8], cols: usize) {
        match last {
            b'm' | b'h' | b'l' | b'K' | b'n' | b'q' | b'u' | b't' | b'c' => {}
            b'H' | b'f' if self.row >= cols && is_first_column(parameters) => self.row = 0,
            _ => self.push(at, b'\n'),
        }
    }

    fn ground(&mut self, line: &[u8], at: usize, byte: u8) {
        match byte {
            0x08 => {
                self.text.pop();
                self.places.pop();
            }
            b'\r' if line[at + 1..].iter().all(|byte| b"\r\n".contains(byte)) => {}
            // Line editors print a blank and a carriage return where a line wraps.
            b'\r' if self.text.ends_with(b" ") => {
                self.text.pop();
                self.places.pop();
            }
            b'\r' => self.push(at, b'\n'),
            b'\t' => self.push(at, byte),
            0..0x20 | 0x7f => {}
            _ => self.push(at, byte),
        }
    }

    fn push(&mut self, at: usize, byte: u8) {
        // Further bytes of a character do not count.
        self.row = if byte == b'\n' { 0 } else { self.row + usize::from(byte & 0xc0 != 0x80) };
        self.text.push(byte);
        self.places.push(at);
    }
}

/// Whether the parameters of a cursor position name column 1, which is the default.
fn is_first_column(parameters: &[u8]) -> bool {
    let column = parameters.split(|byte| *byte == b';').nth(1);
    column.is_none_or(|column| [&b""[..], b"0", b"1"].contains(&column))
}

/// Returns the text of the payload at `range` of `line`, and the places of its bytes. A command line in OSC 133 and a path in
/// OSC 7 are percent-encoded.
pub(super) fn decoded(line: &[u8], range: Range<usize>) -> (Vec<u8>, Vec<Range<usize>>) {
    let (mut text, mut places, mut at) = (Vec::new(), Vec::new(), range.start);
    while at < range.end {
        let code = line[at..range.end].get(1..3).filter(|_| line[at] == b'%');
        let code = code.and_then(|code| u8::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok());
        let len = if code.is_some() { 3 } else { 1 };
        text.push(code.unwrap_or(line[at]));
        places.push(at..at + len);
        at += len;
    }
    (text, places)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_as_displayed() {
        for (line, text, payloads) in [
            ("plain\r\n", "plain", &[][..]),
            ("\x1b[1;31mre\x1b[0md\x1b[K", "red", &[]),
            ("\x1b]0;title\x07a\x1b]8;;u\x1b\\b", "ab", &["title", "8;;u"]),
            ("g\x08ghp", "ghp", &[]),
            ("ab \rcd\r\n", "abcd", &[]),
            ("10%\r20%", "10%\n20%", &[]),
            ("a\x1b[5Cb", "a\nb", &[]),
            // A row of four columns that goes on in the next, and rows that do not.
            ("abcd\x1b[2;1Hef", "abcdef", &[]),
            ("abc\u{e9}\x1b[2Hef", "abc\u{e9}ef", &[]),
            ("abc\x1b[2;1Hef\x1b[3;2Hg", "abc\nef\ng", &[]),
            ("\x1b(Ba\x1b=b\x07", "ab", &[]),
            ("\x1b]0;open", "", &["0;open"]),
        ] {
            let visible = Visible::of(line.as_bytes(), 4);
            assert_eq!(String::from_utf8_lossy(&visible.text), text, "{line:?}");
            let read: Vec<&str> = visible.payloads.iter().map(|range| &line[range.clone()]).collect();
            let read: Vec<&str> =
                read.iter().map(|read| read.strip_prefix("0;").filter(|_| text == "ab").unwrap_or(read)).collect();
            assert_eq!(read, payloads, "{line:?}");
            assert_eq!(visible.text.len(), visible.places.len());
        }
    }

    #[test]
    fn payload_is_decoded() {
        assert_eq!(decoded(b"xa%20b%zz%4y", 1..9), (b"a b%zz".to_vec(), vec![1..2, 2..5, 5..6, 6..7, 7..8, 8..9]));
    }
}
