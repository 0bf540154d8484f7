//! The check values of frames: CRC-16/XMODEM, sent with the high byte first, and CRC-32 (ISO-HDLC), sent with the low byte
//! first.

use crc32fast::Hasher;

/// CRC-16 of each byte value.
const TABLE: [u16; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let (mut crc, mut bit) = ((byte as u16) << 8, 0);
        while bit < 8 {
            crc = if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
};

/// Kind of a frame's check value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Crc {
    /// CRC-16 in two bytes.
    Short,
    /// CRC-32 in four bytes.
    Long,
}

impl Crc {
    /// Returns the number of bytes of a check value.
    pub(super) fn len(self) -> usize {
        match self {
            Self::Short => 2,
            Self::Long => 4,
        }
    }

    /// Returns the check value of `body` and then `last` in the order in which it is sent; the first `len` bytes count.
    pub(super) fn of(self, body: &[u8], last: &[u8]) -> [u8; 4] {
        match self {
            Self::Short => {
                let [high, low] = crc16(crc16(0, body), last).to_be_bytes();
                [high, low, 0, 0]
            }
            Self::Long => {
                let mut hasher = Hasher::new();
                hasher.update(body);
                hasher.update(last);
                hasher.finalize().to_le_bytes()
            }
        }
    }
}

fn crc16(crc: u16, bytes: &[u8]) -> u16 {
    bytes.iter().fold(crc, |crc, byte| (crc << 8) ^ TABLE[usize::from((crc >> 8) as u8 ^ byte)])
}

/// Returns the CRC-32 of a file whose beginning has the value `before`, 0 for none, and goes on with `bytes`.
pub fn crc32(before: u32, bytes: &[u8]) -> u32 {
    let mut hasher = Hasher::new_with_initial(before);
    hasher.update(bytes);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check values of the catalogue of parametrised CRC algorithms for "123456789".
    #[test]
    fn check_values_are_those_of_catalogue() {
        assert_eq!(Crc::Short.of(b"12345678", b"9")[..2], 0x31c3_u16.to_be_bytes());
        assert_eq!(Crc::Long.of(b"1234", b"56789"), 0xcbf4_3926_u32.to_le_bytes());
        assert_eq!(crc32(crc32(0, b"1234"), b"56789"), 0xcbf4_3926);
    }
}
