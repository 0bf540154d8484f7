//! Escaping of bytes that the way between the two sides may swallow or change: ZDLE and the byte with bit 6 inverted.

use super::ZDLE;

/// Escaped form of DEL behind ZDLE.
const RUBOUT_0: u8 = b'l';
/// Escaped form of 0xff behind ZDLE.
const RUBOUT_1: u8 = b'm';

/// Which bytes a sender escapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escaping {
    /// What the protocol requires, and what lrzsz escapes by default: ZDLE, DLE, XON, XOFF and CR, with and without the
    /// high bit.
    Needed,
    /// All control characters, with and without the high bit, DEL and 0xff: line disciplines, the escapes of ssh and
    /// telnet, and terminal servers act on control characters, and 0xff is telnet's IAC.
    Controls,
}

/// Returns the table of the bytes that are escaped.
const fn table(controls: bool) -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let needed = matches!(byte & 0x7f, 0x0d | 0x10 | 0x11 | 0x13 | 0x18);
        table[byte] = if controls { byte & 0x60 == 0 || matches!(byte, 0x7f | 0xff) } else { needed };
        byte += 1;
    }
    table
}

const NEEDED: [bool; 256] = table(false);
const CONTROLS: [bool; 256] = table(true);

/// Whether a reader does more than to take the byte: ZDLE, and the flow control that it ignores.
const SPECIAL: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = byte == ZDLE as usize || matches!(byte & 0x7f, 0x11 | 0x13);
        byte += 1;
    }
    table
};

/// Appends `bytes` to `out`, escaped.
pub(super) fn append(bytes: &[u8], escaping: Escaping, out: &mut Vec<u8>) {
    let escaped = match escaping {
        Escaping::Needed => &NEEDED,
        Escaping::Controls => &CONTROLS,
    };
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| escaped[usize::from(*byte)]) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(&[ZDLE, escaped_form(rest[at])]);
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
}

fn escaped_form(byte: u8) -> u8 {
    match byte {
        0x7f => RUBOUT_0,
        0xff => RUBOUT_1,
        byte => byte ^ 0x40,
    }
}

/// Returns the byte that `form` stands for behind ZDLE; `None` if it is no escaped byte.
pub(super) fn unescaped(form: u8) -> Option<u8> {
    match form {
        RUBOUT_0 => Some(0x7f),
        RUBOUT_1 => Some(0xff),
        form => (form & 0x60 == 0x40).then_some(form ^ 0x40),
    }
}

/// Returns the number of bytes at the start of `bytes` that stand for themselves.
pub(super) fn plain_prefix(bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| SPECIAL[usize::from(*byte)]).unwrap_or(bytes.len())
}

/// Whether `byte` is XON or XOFF, with or without the high bit, which the way between the two sides may insert.
pub(super) fn is_flow_control(byte: u8) -> bool {
    matches!(byte & 0x7f, 0x11 | 0x13)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_bytes_are_restored_and_none_is_swallowed() {
        for escaping in [Escaping::Needed, Escaping::Controls] {
            for byte in 0..=255 {
                let mut out = Vec::new();
                append(&[byte], escaping, &mut out);
                let restored = match out[..] {
                    [plain] if !is_flow_control(plain) => Some(plain),
                    [ZDLE, form] => unescaped(form),
                    _ => None,
                };
                assert_eq!(restored, Some(byte), "{out:?}");
                let control = |byte: &u8| byte & 0x60 == 0 && *byte != ZDLE || matches!(byte, 0x7f | 0xff);
                assert!(escaping == Escaping::Needed || !out.iter().any(control), "{out:?}");
            }
        }
    }
}
