//! What the far side may send behind its ZFIN, its last header: the end of the header's line, the same header again, and a
//! sender's `OO`.

use std::time::{Duration, Instant};

use super::Direction;
use crate::wire::zmodem::OVER_AND_OUT;

/// A ZFIN header up to its CR.
const FIN: &[u8] = b"**\x18B0800000000022d\r";
/// Bytes that may end a header's line behind its CR, or with it: LF, with a parity bit by lrzsz, and XON.
const LINE_END: &[u8] = b"\x8a\n\x11";
const WHOLE_LINE_END: &[u8] = b"\r\x8a\n\x11";
const XON: u8 = 0x11;
/// Time for which a possible beginning of a trailer is held.
const HOLD: Duration = Duration::from_millis(300);

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
    /// Creates a filter for what follows the digits of the far side's ZFIN.
    pub(super) fn new(now: Instant, direction: Direction) -> Self {
        Self { direction, line_end: WHOLE_LINE_END, held: Vec::new(), held_since: now }
    }

    /// Takes the next bytes of the far side. Returns the shell's bytes once the trailer is over; then the filter is done.
    pub(in crate::core) fn pass(&mut self, now: Instant, bytes: &[u8]) -> Option<Vec<u8>> {
        self.held_since = now;
        for (at, &byte) in bytes.iter().enumerate() {
            if self.line_end.contains(&byte) {
                self.line_end = match byte {
                    b'\r' => LINE_END,
                    XON => b"",
                    _ => b"\x11",
                };
                continue;
            }
            self.line_end = b"";
            self.held.push(byte);
            let may_be_over = self.direction == Direction::Down && OVER_AND_OUT.starts_with(&self.held);
            if self.held == FIN {
                self.held.clear();
                self.line_end = LINE_END;
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
    fn filter_removes_trailer_once_and_shows_the_rest() {
        use Direction::{Down, Up};
        let table: &[(Direction, &[&[u8]], &str, &str)] = &[
            (Up, &[b"\x8a", b"$ "], "$ ", ""),
            (Up, &[b"\r\x8a", b"\r$ "], "\\r$ ", ""),
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
