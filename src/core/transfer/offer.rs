//! Finds the headers that offer a file transfer in the shell's output. Behind its header the far program may go on to
//! print, over the row on which the header stands: `sz` complains about a missing file there.

use memchr::memmem::Finder;
use memchr::memrchr2;

use super::header::{self, DIGITS, Direction, START};

/// Number of bytes of a header up to its last digit.
const HEADER_LEN: usize = START.len() + DIGITS;
/// Maximum number of bytes in front of a header on its line: what the far program says, and sequences of its shell.
const MAX_PREFIX: usize = 256;
/// What lrzsz's `rz` prints in front of its header.
const WORDS: &[u8] = b"rz waiting to receive.";

/// A header that offers a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::core) struct TransferOffer {
    /// Number of bytes up to its end.
    pub(in crate::core) end: usize,
    /// The header up to its last digit.
    pub(in crate::core) header: [u8; HEADER_LEN],
    pub(in crate::core) direction: Direction,
    /// Whether it stands at the start of a line, behind lrzsz's words at most.
    pub(in crate::core) begins_line: bool,
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
    /// Returns the first whole header with a right CRC in `bytes` that offers a transfer.
    pub(in crate::core) fn find(&self, bytes: &[u8]) -> Option<TransferOffer> {
        if self.line.contains(&START[0]) {
            let joined = [&self.line, &bytes[..bytes.len().min(HEADER_LEN - 1)]].concat();
            let offers = self.start.find_iter(&joined).filter_map(|at| offer_at(&joined, at, self.is_long));
            if let Some(offer) = offers.into_iter().find(|offer| offer.end > self.line.len()) {
                return Some(TransferOffer { end: offer.end - self.line.len(), ..offer });
            }
        }
        let at = self.start.find_iter(bytes).find(|&at| header::offer(&bytes[at + START.len()..]).is_some())?;
        let has_break = memrchr2(b'\r', b'\n', &bytes[..at]).is_some();
        let line: &[u8] = if has_break { b"" } else { &self.line };
        let joined = [line, &bytes[..at + HEADER_LEN]].concat();
        let offer = offer_at(&joined, line.len() + at, self.is_long && !has_break)?;
        Some(TransferOffer { end: at + HEADER_LEN, ..offer })
    }

    /// Takes note of bytes that were printed.
    pub(in crate::core) fn printed(&mut self, bytes: &[u8]) {
        let behind = memrchr2(b'\r', b'\n', bytes).map(|at| &bytes[at + 1..]);
        if behind.is_some() {
            (self.is_long, _) = (false, self.line.clear());
        }
        let behind = behind.unwrap_or(bytes);
        self.is_long |= self.line.len() + behind.len() > MAX_PREFIX;
        super::push_bounded(&mut self.line, behind, MAX_PREFIX);
    }
}

/// Returns the offer that begins at `at`, if one does; `is_cut` is whether the beginning of the line is missing.
fn offer_at(bytes: &[u8], at: usize, is_cut: bool) -> Option<TransferOffer> {
    let direction = header::offer(&bytes[at + START.len()..])?;
    let line = memrchr2(b'\r', b'\n', &bytes[..at]).map_or(0, |end| end + 1);
    let begins_line = !(is_cut && line == 0) && [b"", WORDS].contains(&behind_sequences(&bytes[line..at]));
    let header = bytes[at..at + HEADER_LEN].try_into().ok()?;
    Some(TransferOffer { end: at + HEADER_LEN, header, direction, begins_line })
}

/// Returns what follows the escape sequences at the start of `bytes`.
fn behind_sequences(bytes: &[u8]) -> &[u8] {
    let mut rest = bytes;
    while let [0x1b, kind, behind @ ..] = rest {
        let end = match kind {
            b'[' => behind.iter().position(|byte| (0x40..=0x7e).contains(byte)),
            b']' => behind.iter().position(|byte| matches!(byte, 0x07 | b'\\')),
            b'(' | b')' => Some(0),
            _ => return behind,
        };
        let Some(end) = end else { return rest };
        rest = behind.get(end + 1..).unwrap_or_default();
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::split::at_every_split;

    const SENDS: &[u8] = b"**\x18B00000000000000";

    /// Returns where the offers end in the pieces, and whether they begin a line.
    fn found(pieces: &[&[u8]]) -> Vec<(usize, bool)> {
        let (mut finder, mut offset, mut ends) = (OfferFinder::default(), 0, Vec::new());
        for piece in pieces {
            let mut rest = *piece;
            while !rest.is_empty() {
                let offer = finder.find(rest);
                let used = offer.map_or(rest.len(), |offer| offer.end);
                if let Some(offer) = offer {
                    assert_eq!(offer.header, SENDS);
                    ends.push((offset + used, offer.begins_line));
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
        assert_eq!(ends, [(first, true), (second, true), (second + SENDS.len(), false)]);
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
            assert_eq!(at_every_split(bytes, found), [], "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn only_sequences_and_known_words_may_stand_in_front_of_an_offer() {
        let long = [b'x'; MAX_PREFIX + 1];
        let table: [(&[u8], bool); 9] = [
            (b"", true),
            (b"$ sz f\r\n\x1b[?2004l\r\x1b[30m\x1b(B\x1b[m", true),
            (b"\n\x1b]133;C\x1b\\\x1b]0;sz\x07", true),
            (b"rz waiting to receive.", true),
            (b"\x1b[?2004lrz waiting to receive.", true),
            (b"The header is ", false),
            (b"> ", false),
            (b"\x1b[", false),
            (&long, false),
        ];
        for (before, begins_line) in table {
            let ends = at_every_split(&[before, SENDS].concat(), found);
            assert_eq!(ends, [(before.len() + SENDS.len(), begins_line)], "{}", before.escape_ascii());
        }
    }
}
