//! The data of the subpacket that is read.

use super::crc::Crc;
use super::escape::{self, BLOCK, Escaping, count_block, unescape_block};
use super::subpacket::SubpacketEnd;

/// Data of a subpacket.
#[derive(Clone, Debug, Default)]
pub(super) struct Payload {
    /// The bytes; where they are counted, in an escaped form, from which they are read if the check value is compared.
    bytes: Vec<u8>,
    /// Number of bytes, where they are counted only.
    counted: Option<usize>,
}

impl Payload {
    /// Begins the data of a frame, which is counted only if `counts`.
    pub(super) fn begin(&mut self, counts: bool) {
        self.bytes.clear();
        self.counted = counts.then_some(0);
    }

    /// Begins the next subpacket of the frame.
    pub(super) fn clear(&mut self) {
        self.begin(self.counted.is_some());
    }

    /// Appends bytes that stand for themselves.
    pub(super) fn push_plain(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.counted.iter_mut().for_each(|counted| *counted += bytes.len());
    }

    /// Appends a byte that was escaped, or may have been.
    pub(super) fn push_unescaped(&mut self, byte: u8) {
        match &mut self.counted {
            None => self.bytes.push(byte),
            Some(counted) => {
                *counted += 1;
                escape::append(&[byte], Escaping::Controls, &mut self.bytes);
            }
        }
    }

    /// Appends what the first of `bytes` stand for, block by block, up to the first block in which more is to be done with a byte.
    /// Returns the number of bytes that were taken.
    pub(super) fn push_blocks(&mut self, bytes: &[u8]) -> usize {
        let mut rest = bytes;
        if let Some(counted) = &mut self.counted {
            while let Some((taken, len)) = rest.first_chunk().and_then(count_block) {
                *counted += len;
                rest = &rest[taken..];
            }
            self.bytes.extend_from_slice(&bytes[..bytes.len() - rest.len()]);
        } else {
            rest = unescape_blocks(rest, &mut self.bytes);
        }
        bytes.len() - rest.len()
    }

    /// Returns the number of bytes.
    pub(super) fn len(&self) -> usize {
        self.counted.unwrap_or(self.bytes.len())
    }

    /// Returns the number of bytes, where they are counted only.
    pub(super) fn counted(&self) -> Option<usize> {
        self.counted
    }

    /// Returns the bytes, where they are not counted only.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns whether `check_value` is that of the data with its end. Where data is counted, it is compared at the end of a frame
    /// only: behind a false one, the rest of the data would be taken for text.
    pub(super) fn is_right(&self, check_value: &[u8], crc: Crc, end: SubpacketEnd) -> bool {
        let is_of = |data: &[u8]| crc.of(data, &[end.form()])[..crc.len()] == *check_value;
        match self.counted {
            None => is_of(&self.bytes),
            Some(_) if !end.ends_frame() => true,
            Some(_) => is_of(&unescaped(&self.bytes)),
        }
    }
}

/// Appends what the first blocks of `bytes` stand for to `out`. Returns the rest.
fn unescape_blocks<'a>(bytes: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
    let (mut rest, mut block_out) = (bytes, [0; BLOCK]);
    while let Some((taken, len)) = rest.first_chunk().and_then(|block| unescape_block(block, &mut block_out)) {
        out.extend_from_slice(&block_out[..len]);
        rest = &rest[taken..];
    }
    rest
}

/// Returns what `bytes`, in which each escape is whole and valid, stand for.
fn unescaped(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = unescape_blocks(bytes, &mut out).iter();
    while let Some(byte) = rest.next() {
        let form = (*byte == super::ZDLE).then(|| rest.next()).flatten();
        out.push(form.and_then(|form| escape::unescaped(*form)).unwrap_or(*byte));
    }
    out
}
