//! Finds the headers that offer a file transfer in the shell's output. Behind its header the far program may go on to
//! print, over the row on which the header stands: `sz` complains about a missing file there.

use memchr::memmem::Finder;
use memchr::memrchr2;

use super::header::{self, DIGITS, Direction, START};

/// Number of bytes of a header up to its last digit.
const HEADER_LEN: usize = START.len() + DIGITS;
/// Maximum number of bytes in front of a header on its line: what the far program says, and sequences of its shell, in one of
/// which is the command (OSC 133).
const MAX_PREFIX: usize = 8 * 1024;
/// What lrzsz's `rz` prints in front of its header.
const WORDS: &[u8] = b"rz waiting to receive.";

/// A header that offers a transfer, at the start of a line or behind lrzsz's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::core) struct TransferOffer {
    /// Number of bytes up to its end.
    pub(in crate::core) end: usize,
    /// The header up to its last digit.
    pub(in crate::core) header: [u8; HEADER_LEN],
    pub(in crate::core) direction: Direction,
}

/// Finder of offers across reads of the pty.
#[derive(Clone, Debug)]
pub(in crate::core) struct OfferFinder {
    start: Finder<'static>,
    /// The bytes since the last CR or LF; the last ones if they are many.
    line: Vec<u8>,
    is_long: bool,
}

impl Default for OfferFinder {
    fn default() -> Self {
        Self { start: Finder::new(START).into_owned(), line: Vec::new(), is_long: false }
    }
}

impl OfferFinder {
    /// Returns the first whole header with a right CRC in `bytes` that offers a transfer at the start of a line.
    pub(in crate::core) fn find(&self, bytes: &[u8]) -> Option<TransferOffer> {
        if self.line[self.line.len().saturating_sub(HEADER_LEN - 1)..].contains(&START[0]) {
            let joined = [&self.line, &bytes[..bytes.len().min(HEADER_LEN - 1)]].concat();
            let mut offers = self.start.find_iter(&joined).filter_map(|at| self.offer_at(b"", &joined, at));
            if let Some(offer) = offers.find(|offer| offer.end > self.line.len()) {
                return Some(TransferOffer { end: offer.end - self.line.len(), ..offer });
            }
        }
        self.start.find_iter(bytes).find_map(|at| self.offer_at(&self.line, bytes, at))
    }

    /// Returns the offer that begins at `at` in `bytes`, which follow `before`, if one does.
    fn offer_at(&self, before: &[u8], bytes: &[u8], at: usize) -> Option<TransferOffer> {
        let direction = header::offer(&bytes[at + START.len()..])?;
        let near = &bytes[at.saturating_sub(MAX_PREFIX)..at];
        let begins_line = match memrchr2(b'\r', b'\n', near) {
            Some(end) => may_stand_before(&near[end + 1..]),
            None if self.is_long || before.len() + at > MAX_PREFIX => false,
            None => may_stand_before(&[before, near].concat()),
        };
        let header = bytes[at..at + HEADER_LEN].try_into().ok()?;
        begins_line.then_some(TransferOffer { end: at + HEADER_LEN, header, direction })
    }

    /// Takes note of bytes that were printed.
    pub(in crate::core) fn printed(&mut self, bytes: &[u8]) {
        let line_start = memrchr2(b'\r', b'\n', bytes).map(|at| at + 1);
        if line_start.is_some() {
            self.line.clear();
            self.is_long = false;
        }
        let behind = &bytes[line_start.unwrap_or(0)..];
        self.is_long |= self.line.len() + behind.len() > MAX_PREFIX;
        super::push_bounded(&mut self.line, behind, MAX_PREFIX);
    }
}

/// Returns whether an offer may follow these bytes on its line: escape sequences and lrzsz's words. Terminals ignore NUL,
/// which telnet sends behind CR (RFC 854), and Debian's telnetd between two writes of a program.
fn may_stand_before(bytes: &[u8]) -> bool {
    let visible: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != 0).collect();
    let mut rest = &visible[..];
    loop {
        let end = match rest {
            [0x1b, b'[', behind @ ..] => behind.iter().position(|byte| (0x40..=0x7e).contains(byte)).map(|at| at + 3),
            // OSC, DCS, PM and APC end at BEL or ST.
            [0x1b, b']' | b'P' | b'^' | b'_', behind @ ..] => string_end(behind).map(|end| end + 2),
            [0x1b, b'(' | b')' | b'*' | b'+', behind @ ..] => (!behind.is_empty()).then_some(3),
            [0x1b, _, ..] => Some(2),
            _ => return rest.is_empty() || rest == WORDS,
        };
        let Some(end) = end else { return false };
        rest = &rest[end..];
    }
}

/// Returns where the string ends whose first byte is `bytes[0]`.
fn string_end(bytes: &[u8]) -> Option<usize> {
    let end = bytes.iter().position(|&byte| byte == 0x07 || byte == 0x1b)?;
    if bytes[end] == 0x07 { Some(end + 1) } else { (bytes.get(end + 1) == Some(&b'\\')).then_some(end + 2) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::split::at_every_split;

    const SENDS: &[u8] = b"**\x18B00000000000000";

    /// Returns where the offers end in the pieces.
    fn found(pieces: &[&[u8]]) -> Vec<usize> {
        let (mut finder, mut offset, mut ends) = (OfferFinder::default(), 0, Vec::new());
        for piece in pieces {
            let mut rest = *piece;
            while !rest.is_empty() {
                let offer = finder.find(rest);
                let used = offer.map_or(rest.len(), |offer| offer.end);
                if let Some(offer) = offer {
                    assert_eq!(offer.header, SENDS);
                    ends.push(offset + used);
                }
                finder.printed(&rest[..used]);
                (rest, offset) = (&rest[used..], offset + used);
            }
        }
        ends
    }

    #[test]
    fn offers_are_found_wherever_reads_end() {
        let whole = [b"rz\r", SENDS, b"\r\x8a\x11sz: cannot open\r\n", SENDS, SENDS].concat();
        let ends = at_every_split(&whole, found);
        let (first, second) = (3 + SENDS.len(), 3 + SENDS.len() + 20 + SENDS.len());
        assert_eq!(ends, [first, second], "the last one does not begin a line");
    }

    #[test]
    fn header_with_wrong_crc_or_of_another_kind_is_no_offer() {
        let table: [&[u8]; 5] = [
            b"**\x18B00000000000001\r",
            b"**\x18B0800000000022d\r",
            b"**B00000000000000\r",
            b"**^XB00000000000000\r",
            b"**\x18B0000000000000",
        ];
        for bytes in table {
            assert_eq!(at_every_split(bytes, found), [0; 0], "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn only_sequences_and_known_words_may_stand_in_front_of_an_offer() {
        let table: [(&[u8], bool); 14] = [
            (b"", true),
            (b"$ rz\r\n\x1b[?2004l\r\0", true),
            (b"\x1b[?2004l\r\0rz waiting to receive.\0", true),
            (b"$ sz f\r\n\x1b[?2004l\r\x1b[30m\x1b(B\x1b[m", true),
            (b"\n\x1b]133;C;cmdline=a\\b\x1b\\\x1b]0;sz\x07", true),
            (b"\x1bP+q\x1b\\\x1b>\x1b[m", true),
            (b"rz waiting to receive.", true),
            (b"\x1b[?2004l\x1b>rz waiting to receive.", true),
            (b"The header is ", false),
            (b"> ", false),
            (b"\x1b[", false),
            (b"\x1b]0;title", false),
            (b"rz waiting to receive. ", false),
            (b"\rx", false),
        ];
        for (before, begins_line) in table {
            let ends = at_every_split(&[before, SENDS].concat(), found);
            let end = before.len() + SENDS.len();
            assert_eq!(ends, if begins_line { vec![end] } else { Vec::new() }, "{}", before.escape_ascii());
        }
        for (len, begins_line) in [(MAX_PREFIX - 5, true), (MAX_PREFIX - 4, false)] {
            let before = [b"\x1b]0;", &vec![b'x'; len][..], b"\x07"].concat();
            for cut in [0, 1, 100, len] {
                let whole = [&before, SENDS].concat();
                assert_eq!(!found(&[&whole[..cut], &whole[cut..]]).is_empty(), begins_line, "{len} {cut}");
            }
        }
    }
}
