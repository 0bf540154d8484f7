//! Finds the headers that offer a file transfer in the shell's output. Behind its header the far program may go on to
//! print, over the row on which the header stands: `sz` complains about a missing file there.

use memchr::memmem::{self, Finder};

use super::header::{self, DIGITS, Direction, START};

/// Number of bytes of a header up to its last digit.
const LEN: usize = START.len() + DIGITS;

/// Finder of headers across reads of the pty.
#[derive(Clone, Debug)]
pub(in crate::core) struct OfferFinder {
    start: Finder<'static>,
    /// The last bytes, fewer than a header has.
    tail: Vec<u8>,
}

impl Default for OfferFinder {
    fn default() -> Self {
        Self { start: Finder::new(START).into_owned(), tail: Vec::with_capacity(LEN) }
    }
}

impl OfferFinder {
    /// Returns the length of the shortest prefix of `bytes` that ends with a whole header with a right CRC.
    pub(in crate::core) fn find(&self, bytes: &[u8]) -> Option<usize> {
        if !self.tail.is_empty() {
            let joined = [&self.tail, &bytes[..bytes.len().min(LEN - 1)]].concat();
            if let Some(end) = memmem::find_iter(&joined, START).find_map(|at| offer_end(&joined, at)) {
                return Some(end - self.tail.len());
            }
        }
        self.start.find_iter(bytes).find_map(|at| offer_end(bytes, at))
    }

    /// Takes note of bytes that were printed.
    pub(in crate::core) fn printed(&mut self, bytes: &[u8]) {
        let last = &bytes[bytes.len().saturating_sub(LEN - 1)..];
        self.tail.drain(..(self.tail.len() + last.len()).saturating_sub(LEN - 1));
        self.tail.extend_from_slice(last);
        // Output holds hardly ever an asterisk, so that the next search needs no look at two reads.
        match self.tail.iter().position(|&byte| byte == START[0]) {
            Some(first) => drop(self.tail.drain(..first)),
            None => self.tail.clear(),
        }
    }
}

/// Returns where the header ends that begins at `at`, if it offers a transfer.
fn offer_end(bytes: &[u8], at: usize) -> Option<usize> {
    header::offer(&bytes[at + START.len()..]).map(|_: Direction| at + LEN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::split::at_every_split;

    const OFFER: &[u8] = b"rz\r**\x18B00000000000000";

    /// Returns where the offers end in the pieces.
    fn found(pieces: &[&[u8]]) -> Vec<usize> {
        let (mut finder, mut offset, mut ends) = (OfferFinder::default(), 0, Vec::new());
        for piece in pieces {
            let mut rest = *piece;
            while !rest.is_empty() {
                let used = finder.find(rest).unwrap_or(rest.len());
                if finder.find(rest).is_some() {
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
        let whole = [OFFER, b"\r\x8a\x11sz: cannot open\r\n", OFFER, OFFER].concat();
        let first = OFFER.len();
        let second = first + 20 + OFFER.len();
        let ends = at_every_split(&whole, found);
        assert_eq!(ends, [first, second, second + OFFER.len()]);
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
}
