//! Divides data into subpackets for receivers that look for a header in data.
//!
//! Behind a loss, lrzsz looks for a header in all that was in flight. An asterisk in front of an escaped control character
//! looks like the beginning of one: `* ZDLE A` or `* ZDLE C`, with or without the high bit. Where a subpacket ends within the
//! bytes that such a header would have, lrzsz takes the end for the header's type, does not know it, and removes the file
//! (`zrbhdr` in zm.c, `rzfile` in lrz.c). So no subpacket ends there.

use memchr::memchr2_iter;

/// Maximum length of a subpacket: that of the protocol's first edition.
pub(super) const LONGEST: usize = 1024;
/// Number of bytes of a header behind its mark: type, position and CRC-32.
const HEADER_LEN: usize = 9;

/// Returns the subpackets of `data`, in order.
pub(super) fn subpackets(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = data;
    std::iter::from_fn(move || {
        let (subpacket, behind) = rest.split_at_checked(first_len(rest))?;
        rest = behind;
        (!subpacket.is_empty()).then_some(subpacket)
    })
}

/// Returns the length of the first subpacket of `data`. Where it would end within a false header, it ends between the asterisk
/// and the control character.
fn first_len(data: &[u8]) -> usize {
    let mut len = data.len().min(LONGEST);
    // The shorter one may end within another false header.
    while let Some(shorter) = asterisk_of_false_header(&data[..len]) {
        len = shorter + 1;
    }
    len
}

/// Returns the index of the first asterisk whose false header is cut off by the end of `data`.
fn asterisk_of_false_header(data: &[u8]) -> Option<usize> {
    let start = data.len().saturating_sub(HEADER_LEN + 1);
    let mut asterisks = memchr2_iter(b'*', b'*' | 0x80, &data[start..]).map(|at| start + at);
    asterisks.find(|at| data.get(at + 1).is_some_and(|next| matches!(next & 0x7f, 1 | 3)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::zmodem::escape::Escaping;
    use crate::wire::zmodem::header::HeaderForm;
    use crate::wire::zmodem::subpacket::{self, SubpacketEnd};

    const ZDLE: u8 = 0x18;

    /// Returns whether lrzsz's search for a header, begun at the start of `stream`, meets the end of a subpacket in a header.
    fn fails(stream: &[u8]) -> bool {
        let marks = stream.windows(3).enumerate();
        let mut starts = marks
            .filter(|(_, mark)| mark[0] & 0x7f == b'*' && mark[1] == ZDLE && matches!(mark[2] & 0x7f, b'A' | b'C'));
        starts.any(|(at, _)| {
            let (mut bytes, mut count) = (stream[at + 3..].iter(), 0);
            while count < HEADER_LEN
                && let Some(&byte) = bytes.next()
            {
                count += 1;
                if byte == ZDLE && bytes.next().is_some_and(|next| matches!(next, b'h'..=b'k')) {
                    return true;
                }
            }
            false
        })
    }

    fn encoded<'a>(subpackets: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
        let mut stream = Vec::new();
        subpackets.for_each(|data| {
            // The check value is random, and may be a false header by itself: its bytes are left out.
            let start = stream.len();
            subpacket::append(data, SubpacketEnd::GoesOn, HeaderForm::Binary32, Escaping::Controls, &mut stream);
            let end =
                stream[start..].windows(2).position(|pair| pair == [ZDLE, b'i']).expect("the end of the subpacket");
            stream.truncate(start + end + 2);
        });
        stream
    }

    #[test]
    fn data_that_ends_in_false_header_fails_undivided() {
        for data in [&b"data*\x01"[..], b"*\x03", b"\xaa\x83", b"*\x811234567", b"*\x01\x02\x02", b"*\x01abc*\x01"] {
            assert!(fails(&encoded(std::iter::once(data))), "{}", data.escape_ascii());
            assert!(!fails(&encoded(subpackets(data))), "{}", data.escape_ascii());
        }
    }

    proptest! {
        #[test]
        fn subpacket_never_ends_in_false_header(
            data in prop::collection::vec(prop::sample::select(vec![b'*', 0xaa, 1, 2, 3, 0x81, 0x83, b'a', ZDLE]), 0..3000)
        ) {
            let all: Vec<&[u8]> = subpackets(&data).collect();
            prop_assert!(all.iter().all(|subpacket| !subpacket.is_empty() && subpacket.len() <= LONGEST));
            prop_assert!(!fails(&encoded(all.iter().copied())));
            prop_assert_eq!(all.concat(), data);
        }
    }
}
