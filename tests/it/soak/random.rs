//! Random choices and bytes that follow from a seed.

use crate::support::noise;

/// Generator of choices (xorshift64).
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        // The generator stays at 0.
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        (self.next() >> 11) as usize % end
    }

    /// Returns bytes of every value.
    pub(super) fn noise(&mut self, len: usize) -> Vec<u8> {
        noise(len, self.next())
    }

    /// Returns output as programs print it: text, colours, other scripts, progress, short and long lines, and bytes that
    /// are no characters. It leaves all modes as they were, and no trigger matches it.
    pub(super) fn output(&mut self, len: usize) -> Vec<u8> {
        const PIECES: &[&[u8]] = &[
            b"a line of a log, 12:34:56 GET /index.html 200\n",
            b"\x1b[1;31merror\x1b[m: expected one of `)` or `,`\n",
            "日本語 žluťoučký 🦀 e\u{301}\n".as_bytes(),
            b"\r  5% [=>     ]\r 55% [====>  ]",
            b"\n",
            b"\xff\xfe\x80 not UTF-8 \xc3\n",
            b"\x1b]8;;http://localhost/\x1b\\link\x1b]8;;\x1b\\ ",
            b"\x1b[2K\rcolumns\tof\ttabs\x08\x08\n",
            b"x",
        ];
        let mut output = Vec::with_capacity(len + 64);
        while output.len() < len {
            let piece = PIECES[self.below(PIECES.len())];
            let times = if piece == b"x" { self.below(2000) } else { 1 };
            output.extend(piece.repeat(times));
        }
        output.push(b'\n');
        output
    }
}
