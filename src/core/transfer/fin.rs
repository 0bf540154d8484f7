//! ZFIN, the last header of either side, and the trailer that the far side may send behind its own: the end of the
//! header's line, the same header again, and a sender's `OO`.

use std::time::{Duration, Instant};

use super::Direction;

/// A ZFIN header up to its CR. The CR tells it from data: a sender that escapes the byte 0x02 as `\x18B` (`sz -e`)
/// escapes CR too.
const FIN: &[u8] = b"**\x18B0800000000022d\r";
/// Sent by a sender behind the receiver's ZFIN. That of the far side is often lost, since lrzsz flushes the tty at exit.
pub(in crate::core) const OVER_AND_OUT: &[u8] = b"OO";
/// Bytes that may end a header's line behind the CR: LF, with a parity bit by lrzsz. XON may follow.
const LINE_FEEDS: &[u8] = b"\x8a\n";
const XON: u8 = 0x11;
/// Time for which a possible beginning of a trailer is held.
const HOLD: Duration = Duration::from_millis(300);

/// Matcher of the first ZFIN in a stream: the number of its bytes that have come.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct FinMatcher(usize);

impl FinMatcher {
    /// Takes the next byte of the stream.
    pub(super) fn push(&mut self, byte: u8) {
        self.0 = match byte {
            _ if self.is_whole() => FIN.len() + 1,
            _ if FIN[self.0] == byte => self.0 + 1,
            // "**" is followed by ZDLE, so a third asterisk is the second of the pair.
            b'*' if self.0 == 2 => 2,
            b'*' => 1,
            _ => 0,
        };
    }

    /// Whether a whole ZFIN has come.
    pub(super) fn is_whole(self) -> bool {
        self.0 >= FIN.len()
    }

    /// Whether `byte`, the next of the stream, ends the line of the ZFIN.
    pub(super) fn is_line_feed(self, byte: u8) -> bool {
        self.0 == FIN.len() && LINE_FEEDS.contains(&byte)
    }
}

/// A filter that removes the rest of the protocol from the beginning of what follows a transfer.
#[derive(Debug)]
pub(in crate::core) struct TrailerFilter {
    direction: Direction,
    /// The bytes that may come next as the end of a header's line.
    line_end: &'static [u8],
    /// Bytes that may become a header or `OO`.
    held: Vec<u8>,
    held_since: Instant,
}

impl TrailerFilter {
    /// Creates a filter for what follows the CR of the far side's ZFIN.
    pub(super) fn new(now: Instant, direction: Direction) -> Self {
        Self { direction, line_end: b"\x8a\n\x11", held: Vec::new(), held_since: now }
    }

    /// Takes the next bytes of the far side. Returns the shell's bytes once the trailer is over; then the filter is done.
    pub(in crate::core) fn pass(&mut self, now: Instant, bytes: &[u8]) -> Option<Vec<u8>> {
        self.held_since = now;
        for (at, &byte) in bytes.iter().enumerate() {
            if self.line_end.contains(&byte) {
                self.line_end = if byte == XON { b"" } else { b"\x11" };
                continue;
            }
            self.line_end = b"";
            self.held.push(byte);
            let may_be_over = self.direction == Direction::Down && OVER_AND_OUT.starts_with(&self.held);
            if self.held == FIN {
                self.held.clear();
                self.line_end = b"\x8a\n\x11";
            } else if may_be_over && self.held.len() == OVER_AND_OUT.len() {
                return Some(bytes[at + 1..].to_vec());
            } else if !may_be_over && !FIN.starts_with(&self.held) {
                return Some([&self.held, &bytes[at + 1..]].concat());
            }
        }
        None
    }

    /// Returns when the bytes that are held are no longer taken for the beginning of a trailer.
    pub(in crate::core) fn deadline(&self) -> Option<Instant> {
        (!self.held.is_empty()).then(|| self.held_since + HOLD)
    }

    /// Ends the filter and returns the bytes that it holds.
    pub(in crate::core) fn into_held(self) -> Vec<u8> {
        self.held
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::split::at_every_split;

    const LINE: &[u8] = b"**\x18B0800000000022d\r\x8a";

    /// Returns the bytes that the filter passes at once, and those that it holds.
    fn filtered(direction: Direction, pieces: &[&[u8]]) -> (String, String) {
        let now = Instant::now();
        let (mut filter, mut shown) = (Some(TrailerFilter::new(now, direction)), Vec::new());
        for piece in pieces {
            match &mut filter {
                None => shown.extend_from_slice(piece),
                Some(trailer) => {
                    if let Some(rest) = trailer.pass(now, piece) {
                        shown.extend(rest);
                        filter = None;
                    }
                }
            }
        }
        let held = filter.map(TrailerFilter::into_held).unwrap_or_default();
        (shown.escape_ascii().to_string(), held.escape_ascii().to_string())
    }

    #[test]
    fn matcher_finds_fin_only_with_its_cr() {
        let table: &[(&[u8], bool)] = &[
            (LINE, true),
            (b"***\x18B0800000000022d\r", true),
            (b"**\x18B08**\x18B0800000000022d\r", true),
            (b"**\x18B0*\x18B0800000000022d\r", false),
            (b"a**\x18B0800000000022d\x18M", false),
            (b"**\x18XB0800000000022d\r", false),
            (b"**\x18B0900000000a87c\r", false),
        ];
        for (bytes, whole) in table {
            let mut matcher = FinMatcher::default();
            bytes.iter().for_each(|&byte| matcher.push(byte));
            assert_eq!(matcher.is_whole(), *whole, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn filter_removes_trailer_once_and_shows_the_rest() {
        use Direction::{Down, Up};
        let table: &[(Direction, &[&[u8]], &str, &str)] = &[
            (Up, &[b"\x8a", b"$ "], "$ ", ""),
            (Up, &[b"\n\x11", b"$ "], "$ ", ""),
            (Up, &[b"\x8a\n"], "\\n", ""),
            (Up, &[b"\x8a", LINE, b"\x11", LINE, b"$ ", LINE], "$ **\\x18B0800000000022d\\r\\x8a", ""),
            (Up, &[b"\x8aOO"], "OO", ""),
            (Up, &[b"\x8a**\x18B0100000023be50\r"], "**\\x18B0100000023be50\\r", ""),
            (Up, &[b"\x8a* "], "* ", ""),
            (Up, &[b"\x8a**"], "", "**"),
            (Down, &[b"\x8aOO"], "", ""),
            (Down, &[b"\x8aOOOO$ "], "OO$ ", ""),
            (Down, &[b"\x8a", LINE, b"OO", LINE], "**\\x18B0800000000022d\\r\\x8a", ""),
            (Down, &[b"\x8aO$ "], "O$ ", ""),
            (Down, &[b"\x8aO"], "", "O"),
            (Down, &[b"O**"], "O**", ""),
            (Down, &[b"$ OO"], "$ OO", ""),
        ];
        for (direction, bytes, shown, held) in table {
            let result = at_every_split(&bytes.concat(), |pieces| filtered(*direction, pieces));
            assert_eq!((&*result.0, &*result.1), (*shown, *held));
        }
    }

    #[test]
    fn held_bytes_are_due_after_a_while() {
        let now = Instant::now();
        let mut filter = TrailerFilter::new(now, Direction::Down);
        assert_eq!((filter.pass(now, b"\x8a"), filter.deadline()), (None, None));
        assert_eq!((filter.pass(now, b"O"), filter.deadline()), (None, Some(now + HOLD)));
    }
}
