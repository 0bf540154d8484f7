//! Escaping of bytes that the connection between the two sides may swallow or change: ZDLE and the byte with bit 6 inverted.

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

/// Number of bytes that are escaped or unescaped at once.
pub(super) const BLOCK: usize = 64;

/// What is sent for each byte: the number of ZDLE in front, and the byte behind them.
const fn sent(escaped: &[bool; 256]) -> [[u8; 2]; 256] {
    let mut table = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        let plain = byte as u8;
        table[byte] = if escaped[byte] { [1, escaped_form(plain)] } else { [0, plain] };
        byte += 1;
    }
    table
}

const SENT_NEEDED: [[u8; 2]; 256] = sent(&table(false));
const SENT_CONTROLS: [[u8; 2]; 256] = sent(&table(true));

/// Appends `bytes` to `out`, escaped. Where nearly every fourth byte is escaped, branches on each would be mispredicted.
pub(super) fn append(bytes: &[u8], escaping: Escaping, out: &mut Vec<u8>) {
    let sent = match escaping {
        Escaping::Needed => &SENT_NEEDED,
        Escaping::Controls => &SENT_CONTROLS,
    };
    let mut block = [0; 2 * BLOCK];
    for part in bytes.chunks(BLOCK) {
        let mut len = 0;
        for byte in part {
            let [escapes, form] = sent[usize::from(*byte)];
            block[len] = ZDLE;
            len += usize::from(escapes);
            block[len] = form;
            len += 1;
        }
        out.extend_from_slice(&block[..len]);
    }
}

const fn escaped_form(byte: u8) -> u8 {
    match byte {
        0x7f => RUBOUT_0,
        0xff => RUBOUT_1,
        byte => byte ^ 0x40,
    }
}

/// Returns the byte that `form` stands for behind ZDLE; `None` if it is no escaped byte.
pub(super) const fn unescaped(form: u8) -> Option<u8> {
    match form {
        RUBOUT_0 => Some(0x7f),
        RUBOUT_1 => Some(0xff),
        form if form & 0x60 == 0x40 => Some(form ^ 0x40),
        _ => None,
    }
}

/// Number of bytes of a block that are taken, all but a ZDLE at its end, and of those that they stand for.
pub(super) type BlockLen = (usize, usize);

/// Writes the bytes that `block` stands for to the front of `out`, without a branch on any of them. Returns the numbers of
/// bytes; `None` if more is to be done with one of them.
pub(super) fn unescape_block(block: &[u8; BLOCK], out: &mut [u8; BLOCK]) -> Option<BlockLen> {
    let before = bytes_before(block);
    let (mut plain, mut others) = ([0; BLOCK], false);
    // Each step of this loop is independent of the others, and has no table: the compiler makes vector instructions of it.
    for ((byte, before), plain) in block.iter().zip(&before).zip(&mut plain) {
        let is_form = *before == ZDLE;
        let rubout = if *byte == RUBOUT_0 { 0x7f } else { 0xff };
        let escaped = if is_rubout_form(*byte) { rubout } else { byte ^ 0x40 };
        *plain = if is_form { escaped } else { *byte };
        others |= is_other(*byte, is_form);
    }
    if others {
        return None;
    }
    let mut len = 0;
    for (byte, plain) in block.iter().zip(plain) {
        out[len % BLOCK] = plain;
        len += usize::from(*byte != ZDLE);
    }
    Some((BLOCK - usize::from(block[BLOCK - 1] == ZDLE), len))
}

/// Does the same as `unescape_block`, but writes no bytes.
pub(super) fn count_block(block: &[u8; BLOCK]) -> Option<BlockLen> {
    let before = bytes_before(block);
    let (mut escapes, mut others) = (0_u8, false);
    for (byte, before) in block.iter().zip(&before) {
        escapes += u8::from(*byte == ZDLE);
        others |= is_other(*byte, *before == ZDLE);
    }
    let taken = BLOCK - usize::from(block[BLOCK - 1] == ZDLE);
    (!others).then(|| (taken, BLOCK - usize::from(escapes)))
}

/// Returns the byte before each byte of `block`, 0 before the first.
fn bytes_before(block: &[u8; BLOCK]) -> [u8; BLOCK] {
    let mut before = [0; BLOCK];
    before[1..].copy_from_slice(&block[..BLOCK - 1]);
    before
}

/// Returns whether `byte`, which stands behind ZDLE if `is_form`, is neither plain nor the form of an escaped byte.
fn is_other(byte: u8, is_form: bool) -> bool {
    is_flow_control(byte) | (is_form & !is_rubout_form(byte) & (byte & 0x60 != 0x40))
}

fn is_rubout_form(byte: u8) -> bool {
    matches!(byte, RUBOUT_0 | RUBOUT_1)
}

/// Returns the number of bytes at the start of `bytes` that stand for themselves.
pub(super) fn plain_prefix(bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| SPECIAL[usize::from(*byte)]).unwrap_or(bytes.len())
}

/// Whether `byte` is XON or XOFF, with or without the high bit, which the connection between the two sides may insert.
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

    /// Reads `block` byte by byte; a ZDLE at its end is left.
    fn read_by_bytes(block: &[u8]) -> Option<(usize, Vec<u8>)> {
        let (mut plain, mut rest) = (Vec::new(), block);
        while let [first, behind @ ..] = rest {
            (plain, rest) = match (first, behind) {
                (&ZDLE, []) => break,
                (&ZDLE, [form, behind @ ..]) => ([plain, vec![unescaped(*form)?]].concat(), behind),
                (byte, _) if is_flow_control(*byte) => return None,
                (byte, behind) => ([plain, vec![*byte]].concat(), behind),
            };
        }
        Some((block.len() - rest.len(), plain))
    }

    #[test]
    fn block_is_read_as_byte_by_byte() {
        for (first, second) in (0..=255).flat_map(|first| (0..=255).map(move |second| (first, second))) {
            for at in [0, BLOCK - 2] {
                let (mut block, mut out) = ([b'x'; BLOCK], [0; BLOCK]);
                [block[at], block[at + 1]] = [first, second];
                let lens = unescape_block(&block, &mut out);
                let read = lens.map(|(taken, len)| (taken, out[..len].to_vec()));
                assert_eq!(read, read_by_bytes(&block), "{first:#x} {second:#x} at {at}");
                assert_eq!(count_block(&block), lens, "{first:#x} {second:#x} at {at}");
            }
        }
    }
}
