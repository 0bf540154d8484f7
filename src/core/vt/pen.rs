//! The attributes that characters are put with. Dense colour changes them at every word and hardly anybody asks for them,
//! so what was said is kept as it came, and read when it matters.

use super::parse::Csi;
use super::sgr::Sgr;

/// So much is kept unread. Most output goes back to plain characters long before.
const MOST: usize = 256;

/// The attributes, as far as they were read, and what came since.
#[derive(Clone, Debug, Default)]
pub(super) struct Pen {
    read: Sgr,
    /// What stood between `CSI` and `m`, with the `m`, one behind the other.
    unread: Vec<u8>,
}

impl Pen {
    pub(super) fn new(sgr: Sgr) -> Self {
        Self { read: sgr, unread: Vec::new() }
    }

    /// `CSI ... m`.
    pub(super) fn apply(&mut self, csi: &Csi) {
        self.read();
        self.read.apply(csi);
    }

    /// `CSI ... m` with nothing but digits and separators in it: what stands behind the `CSI`.
    #[inline]
    pub(super) fn note(&mut self, sequence: &[u8]) {
        if matches!(sequence, b"m" | b"0m") {
            self.read = Sgr::default();
            self.unread.clear();
            return;
        }
        if self.unread.len() + sequence.len() > MOST {
            self.read();
        }
        self.unread.extend_from_slice(sequence);
    }

    /// The attributes that are on.
    pub(super) fn sgr(&self) -> Sgr {
        let mut sgr = self.read;
        for params in self.unread.split_inclusive(|&byte| byte == b'm') {
            sgr.apply(&Csi::of(params));
        }
        sgr
    }

    fn read(&mut self) {
        self.read = self.sgr();
        self.unread.clear();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Pen;
    use crate::core::vt::parse::Csi;
    use crate::core::vt::sgr::Sgr;

    proptest! {
        #[test]
        fn what_is_left_unread_is_not_lost(
            sequences in prop::collection::vec(
                prop_oneof![4 => "[0-9]{0,3}([;:][0-9]{0,3}){0,40}m", 1 => Just("m".to_owned()), 1 => Just("0m".to_owned())],
                0..40,
            ),
        ) {
            let (mut pen, mut sgr) = (Pen::default(), Sgr::default());
            for sequence in &sequences {
                pen.note(sequence.as_bytes());
                sgr.apply(&Csi::of(sequence.as_bytes()));
            }
            prop_assert_eq!(pen.sgr(), sgr);
        }
    }

    #[test]
    fn what_is_left_unread_is_bounded() {
        let mut pen = Pen::default();
        for _ in 0..1000 {
            pen.note(b"38;5;1m");
            assert!(pen.unread.len() <= super::MOST);
        }
    }
}
