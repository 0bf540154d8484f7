//! Reads the input of a target as a sequence of choices.

/// The rest of an input. Behind its end every choice is 0.
#[derive(Clone, Debug)]
pub(super) struct Script<'a>(&'a [u8]);

impl<'a> Script<'a> {
    pub(super) fn new(input: &'a [u8]) -> Self {
        Self(input)
    }

    pub(super) fn is_over(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn byte(&mut self) -> u8 {
        self.0.split_off_first().copied().unwrap_or(0)
    }

    /// Returns a choice below `end`, which is not 0 and at most 256.
    pub(super) fn below(&mut self, end: usize) -> usize {
        usize::from(self.byte()) % end
    }

    /// Returns one of `all`, which is not empty and has at most 256 items.
    pub(super) fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// Returns the next bytes: their number, at most 255, and the bytes.
    pub(super) fn bytes(&mut self) -> &'a [u8] {
        let n = usize::from(self.byte()).min(self.0.len());
        self.0.split_off(..n).unwrap_or_default()
    }

    /// Returns everything that is left.
    pub(super) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }
}

/// Cuts `bytes` into pieces of lengths that follow from `seed`: 0 leaves them whole, 1 gives single bytes.
pub(super) fn cut(seed: u8, bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (mut rest, mut state) = (bytes, u32::from(seed));
    std::iter::from_fn(move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let n = match seed {
            0 => rest.len(),
            1 => 1,
            // Short pieces and long ones.
            _ => 1 + (state >> 24) as usize % (2 + usize::from(seed)),
        };
        let n = n.min(rest.len());
        (n > 0).then(|| rest.split_off(..n).unwrap_or_default())
    })
}
