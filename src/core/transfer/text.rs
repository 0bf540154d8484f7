//! Separation of text from protocol. Behind data only the last text can be told from it; without data, everything but
//! headers and cancels is text.

use memchr::{memchr, memmem};

use super::far_shell::ECHOED_CAN;
use super::header;
use super::near_end::{BS, CAN};
use crate::wire::zmodem::CANCEL_CANS;

/// Echo of BS by the line discipline (ECHOCTL).
const ECHOED_BS: &[u8] = b"^H";

/// Returns the text between and behind headers and cancels of a receiver to which no data was typed.
pub(super) fn between(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len());
    // The end of the header that began the transfer may have come late.
    let late = bytes.starts_with(b"\r\x8a") || matches!(bytes.first(), Some(0x8a | 0x11));
    let mut rest = if late { header::behind_the_line(bytes) } else { bytes };
    while let Some((first, others)) = rest.split_first() {
        let protocol = match first {
            b'*' => header::behind(rest),
            b'^' => behind_cancel(rest, ECHOED_CAN, ECHOED_BS),
            &CAN => behind_cancel(rest, &[CAN], &[BS]),
            _ => None,
        };
        if protocol.is_none() {
            text.push(*first);
        }
        rest = protocol.unwrap_or(others);
    }
    text
}

/// Returns the bytes behind the cancel that `bytes` begin with; `None` if they do not.
fn behind_cancel<'a>(bytes: &'a [u8], can: &[u8], bs: &[u8]) -> Option<&'a [u8]> {
    let (cans, rest) = repeated(bytes, can);
    (cans >= CANCEL_CANS).then(|| repeated(rest, bs).1)
}

/// Returns how often `bytes` repeat `piece` at their start, and the rest.
fn repeated<'a>(mut bytes: &'a [u8], piece: &[u8]) -> (usize, &'a [u8]) {
    let mut count = 0;
    while let Some(rest) = bytes.strip_prefix(piece) {
        (count, bytes) = (count + 1, rest);
    }
    (count, bytes)
}

/// Returns the text behind the last protocol byte that can be told from data: from the next line or escape sequence on.
/// `in_data` is whether the bytes may begin with the rest of data.
pub(super) fn behind(bytes: &[u8], in_data: bool) -> &[u8] {
    let rest = match last_protocol_byte(bytes) {
        Some(at) => &bytes[at + 1..],
        None if in_data => bytes,
        None => return bytes,
    };
    let clean = bytes.len() > rest.len() && bytes[bytes.len() - rest.len() - 1] == 0x08;
    if clean {
        return rest;
    }
    match (memchr(b'\n', rest), memchr(0x1b, rest)) {
        (Some(line), Some(escape)) if escape < line => &rest[escape..],
        (Some(line), _) => &rest[line + 1..],
        (None, Some(escape)) => &rest[escape..],
        (None, None) => &[],
    }
}

/// Returns the index of the last byte that text does not contain.
fn last_protocol_byte(bytes: &[u8]) -> Option<usize> {
    let control =
        bytes.iter().rposition(|&byte| matches!(byte, 0..=0x08 | 0x0b..=0x0c | 0x0e..=0x1a | 0x1c..=0x1f | 0x7f));
    let eight_bit = bytes.iter().rposition(|&byte| byte >= 0x80).filter(|&at| !is_text_at(bytes, at));
    let echoed = memmem::rfind(bytes, ECHOED_CAN).map(|at| at + 1);
    let interrupted = memmem::rfind(bytes, b"^C").map(|at| at + 1);
    [control, eight_bit, echoed, interrupted].into_iter().flatten().max()
}

/// Whether the byte at the index `at` ends a UTF-8 character.
fn is_text_at(bytes: &[u8], at: usize) -> bool {
    (1..=4.min(at + 1)).any(|n| std::str::from_utf8(&bytes[at + 1 - n..=at]).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_behind_data_is_last_prompt() {
        let table: &[(&[u8], &[u8])] = &[
            (b"\xdf!\x18V8k\xdf\xb89\x1b[?2004h$ ", b"\x1b[?2004h$ "),
            (b"da\x18ta\r\nrz: f removed.\r\n\x18\x18\x18\x08\x08\x1b[?2004h$ ", b"\x1b[?2004h$ "),
            (b"\x18\x18\x18\x18\x18\x08\x08\x08$ ", b"$ "),
            (b"\x18i$>Ksz: caught signal 15; exiting\r\n\x1b[?2004h$ ", b"\x1b[?2004h$ "),
            (b"ab^XIlc\x07^C\r\n\x1b[?2004l\x1b[?2004h$ ", b"\x1b[?2004l\x1b[?2004h$ "),
            (b"\x18Ki$>K$ ", b""),
            (b"$ \xe2\x9d\xaf ", b"$ \xe2\x9d\xaf "),
            (b"", b""),
        ];
        for (bytes, shown) in table {
            assert_eq!(behind(bytes, false), *shown, "{bytes:?}");
        }
        // Letters are what data may consist of.
        assert_eq!(behind(b"data\x1b[?2004h$ ", true), b"\x1b[?2004h$ ");
        assert_eq!(behind(b"data$ ", true), b"");
    }

    #[test]
    fn bytes_between_headers_and_cancels_are_text() {
        let cancel = [[CAN; 10], [BS; 10]].concat();
        let header = b"**\x18B0100000023be50\r\x8a\x11";
        let table: &[(&[&[u8]], &[u8])] = &[
            (&[header, &cancel, &cancel, b"rc=128\r\n"], b"rc=128\r\n"),
            (
                &[header, b"rc=128\r\n", b"^X^X^X^X^X^X^X^X^X^X^H^H^H^H^H^H^H^H^H^H", b"slept\r\n"],
                b"rc=128\r\nslept\r\n",
            ),
            (&[b"one\r\n", header, b"two \xc3\xa9 ** ^X^X\r\n"], b"one\r\ntwo \xc3\xa9 ** ^X^X\r\n"),
            (&[b"\r\x8a\x11", header, b"$ "], b"$ "),
            (&[b"\x11"], b""),
            (&[&header[..12]], &header[..12]),
            (&[b""], b""),
        ];
        for (pieces, text) in table {
            assert_eq!(between(&pieces.concat()), *text, "{pieces:?}");
        }
    }
}
