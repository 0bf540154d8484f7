//! A search for thousands of literals: four bytes of the text are looked up in a bitmap at each second or fourth place.
//!
//! Of each literal as many successive words of four bytes are in the bitmap as the stride has places, so that one of them is
//! met wherever the literal stands. All letters are folded to lower case. A hit is then looked up in a table, and the
//! literal compared. Vectorscan's literal matchers for many patterns divide the work in the same way.

use crate::core::trigger::pattern::Literal;

/// Number of bytes that are looked up before the result is looked at: a branch for each place would be mispredicted.
const GROUP: usize = 32;
/// Number of 64-bit words of the bitmap: the smaller one fits into the first cache of all processors.
const SMALL: usize = 1 << 12;
const LARGE: usize = 1 << 15;
/// Number of words of four bytes up to which the small bitmap is full enough to exclude most text.
const FEW: usize = 1 << 14;

/// Length in bytes from which a literal can be searched for at each second place, and at each fourth.
pub(super) const SHORTEST: usize = 5;
pub(super) const LONG: usize = 7;

/// A word of four bytes of a literal.
#[derive(Clone, Copy, Debug)]
struct Gram {
    folded: u32,
    /// Index of the literal, and offset of the word in it.
    literal: u32,
    offset: u32,
    /// The word before it in the same bucket, as in `buckets`.
    next: u32,
}

/// The words of the literals.
pub(super) struct Grams {
    bitmap: Vec<u64>,
    /// Distance of the places in the text, in bytes.
    stride: usize,
    /// The last word of each bucket: its index in `grams`, from 1, or 0.
    buckets: Vec<u32>,
    grams: Vec<Gram>,
}

/// Spreads the bits of a folded word over the upper bits.
#[inline]
fn hash(folded: u32) -> u32 {
    folded.wrapping_mul(0x9e37_79b1)
}

#[inline]
fn folded(bytes: [u8; 4]) -> u32 {
    u32::from_le_bytes(bytes) | 0x2020_2020
}

impl Grams {
    /// Creates the search for `count` literals, none shorter than `shortest`, which is at least [`SHORTEST`].
    pub(super) fn new(count: usize, shortest: usize) -> Self {
        let stride = if shortest >= LONG { 4 } else { 2 };
        let count = stride * count;
        Self {
            bitmap: vec![0; if count <= FEW { SMALL } else { LARGE }],
            stride,
            buckets: vec![0; count.next_power_of_two().max(2)],
            grams: Vec::with_capacity(count),
        }
    }

    /// Adds a literal with this index.
    pub(super) fn insert(&mut self, index: usize, literal: &Literal) {
        let bits = 64 * self.bitmap.len();
        let from = literal.rarest_part(3 + self.stride);
        for offset in from..from + self.stride {
            let folded = folded(literal.folded_word(offset));
            let bit = hash(folded) as usize >> (32 - bits.ilog2());
            self.bitmap[bit / 64] |= 1 << (bit % 64);
            let bucket = self.bucket(folded);
            let next = self.buckets[bucket];
            self.grams.push(Gram { folded, literal: index as u32, offset: offset as u32, next });
            self.buckets[bucket] = self.grams.len() as u32;
        }
    }

    fn bucket(&self, folded: u32) -> usize {
        hash(folded) as usize >> (32 - self.buckets.len().ilog2())
    }

    /// Returns the distance of the places in the text.
    #[cfg(test)]
    pub(super) fn stride(&self) -> usize {
        self.stride
    }

    /// Returns the bytes of memory taken.
    pub(super) fn memory(&self) -> usize {
        8 * self.bitmap.len() + 4 * self.buckets.len() + size_of::<Gram>() * self.grams.len()
    }

    /// Calls `found` with the index and the start of each literal in `text` from `from` on, as far as it returns true.
    pub(super) fn find(
        &self,
        literals: &[Literal],
        text: &[u8],
        from: usize,
        mut found: impl FnMut(usize, usize) -> bool,
    ) {
        let mut compare = |at: usize| {
            let Some(&bytes) = text[at..].first_chunk::<4>() else { return true };
            self.of_word(folded(bytes)).all(|gram| {
                let (literal, start) = (gram.literal as usize, at.checked_sub(gram.offset as usize));
                let start = start.filter(|&start| start >= from && literals[literal].is_at(text, start));
                start.is_none_or(|start| found(literal, start))
            })
        };
        match (self.bitmap.first_chunk::<LARGE>(), self.bitmap.first_chunk::<SMALL>(), self.stride) {
            (Some(bitmap), _, 4) => scan::<LARGE, 4>(bitmap, text, from, &mut compare),
            (Some(bitmap), _, _) => scan::<LARGE, 2>(bitmap, text, from, &mut compare),
            (None, Some(bitmap), 4) => scan::<SMALL, 4>(bitmap, text, from, &mut compare),
            (None, Some(bitmap), _) => scan::<SMALL, 2>(bitmap, text, from, &mut compare),
            (None, None, _) => {}
        }
    }

    /// Returns the literals' words that are this one.
    fn of_word(&self, folded: u32) -> impl Iterator<Item = &Gram> {
        let before = |next: u32| self.grams.get((next as usize).wrapping_sub(1));
        let last = before(self.buckets[self.bucket(folded)]);
        std::iter::successors(last, move |gram| before(gram.next)).filter(move |gram| gram.folded == folded)
    }
}

/// Returns 1 if the bitmap has the word, else 0 with other bits above.
#[inline]
fn bit<const WORDS: usize>(bitmap: &[u64; WORDS], bytes: [u8; 4]) -> u64 {
    let bit = hash(folded(bytes)) >> (32 - (64 * WORDS).ilog2());
    bitmap[bit as usize / 64 % WORDS] >> (bit % 64)
}

/// Calls `compare` with each place of `text` from `from` on whose word is in the bitmap, as far as it returns true.
fn scan<const WORDS: usize, const STRIDE: usize>(
    bitmap: &[u64; WORDS],
    text: &[u8],
    from: usize,
    compare: &mut impl FnMut(usize) -> bool,
) {
    let mut at = from;
    // The last word of a group ends within the three bytes behind it.
    while let Some(group) = text.get(at..).and_then(|rest| rest.first_chunk::<{ GROUP + 3 }>()) {
        let mut hits = 0;
        for shift in (0..4).step_by(STRIDE) {
            let (words, _) = group[shift..shift + GROUP].as_chunks::<4>();
            hits |= words.iter().fold(0, |hits, word| hits | bit(bitmap, *word));
        }
        if hits & 1 != 0 && !rescan::<WORDS, STRIDE>(bitmap, text, at..at + GROUP, compare) {
            return;
        }
        at += GROUP;
    }
    rescan::<WORDS, STRIDE>(bitmap, text, at..text.len().saturating_sub(3), compare);
}

/// Does the same for a few places; returns whether `compare` has always returned true.
fn rescan<const WORDS: usize, const STRIDE: usize>(
    bitmap: &[u64; WORDS],
    text: &[u8],
    places: std::ops::Range<usize>,
    compare: &mut impl FnMut(usize) -> bool,
) -> bool {
    places.step_by(STRIDE).all(|at| {
        let word = text[at..].first_chunk::<4>().expect("a place has four bytes");
        bit(bitmap, *word) & 1 == 0 || compare(at)
    })
}
