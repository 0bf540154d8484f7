//! Finds the headers whose CAN a terminal multiplexer has swallowed: tmux and screen draw the rest of the header, and pass no
//! bytes of the protocol on, so that nothing can move.

use std::time::{Duration, Instant};

use memchr::memmem;

use super::header::{DIGITS, offer};

/// What remains of the start of a header.
const START: &[u8] = b"**B";
const HEADER_LEN: usize = START.len() + DIGITS;
/// Time without such a header after which the next one is another transfer's: a multiplexer draws its rows again and again.
const QUIET: Duration = Duration::from_secs(10);

/// Finder of such headers across reads of the pty.
#[derive(Clone, Debug, Default)]
pub(in crate::core) struct SwallowedOffers {
    /// The last bytes, fewer than a header has.
    tail: Vec<u8>,
    last: Option<Instant>,
}

impl SwallowedOffers {
    /// Takes bytes that were printed. Returns whether a transfer is offered in them that was not offered before.
    pub(in crate::core) fn printed(&mut self, now: Instant, bytes: &[u8]) -> bool {
        let joined = [&self.tail, &bytes[..bytes.len().min(HEADER_LEN - 1)]].concat();
        let is_found = [&joined, bytes].into_iter().any(has_offer);
        super::push_bounded(&mut self.tail, bytes, HEADER_LEN - 1);
        let is_new = is_found && self.last.is_none_or(|last| now >= last + QUIET);
        if is_found {
            self.last = Some(now);
        }
        is_new
    }
}

/// Returns whether a whole header is in `bytes`.
fn has_offer(bytes: &[u8]) -> bool {
    memmem::find_iter(bytes, START).any(|at| offer(&bytes[at + START.len()..]).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::split::at_every_split;

    #[test]
    fn header_without_can_is_found_once_wherever_reads_end() {
        let now = Instant::now();
        for (bytes, number) in [
            (&b"\x1b[2;1Hrz\r\n**B00000000000000\r\x1b[?2004l"[..], 1),
            (b"rz waiting to receive.**B0100000023be50\r**B0100000023be50", 1),
            (b"**B0800000000022d", 0),
            (b"**B00000000000001 **B0000", 0),
            (b"**\x18B00000000000000", 0),
        ] {
            let found = at_every_split(bytes, |pieces| {
                let mut offers = SwallowedOffers::default();
                pieces.iter().filter(|piece| offers.printed(now, piece)).count()
            });
            assert_eq!(found, number, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn offer_is_new_after_a_time_without_any() {
        let (start, mut offers) = (Instant::now(), SwallowedOffers::default());
        let seen = [0, 9, 18, 28, 29].map(|at| offers.printed(start + Duration::from_secs(at), b"**B00000000000000"));
        assert_eq!(seen, [true, false, false, true, false]);
    }
}
