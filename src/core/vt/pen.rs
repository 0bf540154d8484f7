//! Current character attributes (SGR). Dense colour changes them at every word and they are seldom needed, so sequences are
//! stored unparsed and parsed on demand.

use super::parse::Csi;
use super::sgr::Sgr;

/// Maximum number of bytes stored unparsed. Most output resets its attributes long before.
const MAX_UNPARSED: usize = 256;

/// Attributes, and the sequences received since they were parsed.
#[derive(Clone, Debug, Default)]
pub(super) struct Pen {
    parsed: Sgr,
    /// Concatenated sequences without `CSI`, each with its final `m`.
    unparsed: Vec<u8>,
}

impl Pen {
    pub(super) fn new(sgr: Sgr) -> Self {
        Self { parsed: sgr, unparsed: Vec::new() }
    }

    /// Executes SGR.
    pub(super) fn apply(&mut self, csi: &Csi) {
        self.parse();
        self.parsed.apply(csi);
    }

    /// Stores an SGR of digits and separators; `sequence` is the text after `CSI`.
    #[inline]
    pub(super) fn push_unparsed(&mut self, sequence: &[u8]) {
        if matches!(sequence, b"m" | b"0m") {
            self.parsed = Sgr::default();
            self.unparsed.clear();
            return;
        }
        if self.unparsed.len() + sequence.len() > MAX_UNPARSED {
            self.parse();
        }
        self.unparsed.extend_from_slice(sequence);
    }

    /// Returns the current attributes.
    pub(super) fn sgr(&self) -> Sgr {
        let mut sgr = self.parsed;
        for params in self.unparsed.split_inclusive(|&byte| byte == b'm') {
            sgr.apply(&Csi::parse(params));
        }
        sgr
    }

    /// Parses the sequences that were stored.
    pub(super) fn parse(&mut self) {
        self.parsed = self.sgr();
        self.unparsed.clear();
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
        fn unparsed_sequences_are_applied(
            sequences in prop::collection::vec(
                prop_oneof![4 => "[0-9]{0,3}([;:][0-9]{0,3}){0,40}m", 1 => Just("m".to_owned()), 1 => Just("0m".to_owned())],
                0..40,
            ),
        ) {
            let (mut pen, mut sgr) = (Pen::default(), Sgr::default());
            for sequence in &sequences {
                pen.push_unparsed(sequence.as_bytes());
                sgr.apply(&Csi::parse(sequence.as_bytes()));
            }
            prop_assert_eq!(pen.sgr(), sgr);
        }
    }

    #[test]
    fn unparsed_sequences_are_bounded() {
        let mut pen = Pen::default();
        for _ in 0..1000 {
            pen.push_unparsed(b"38;5;1m");
            assert!(pen.unparsed.len() <= super::MAX_UNPARSED);
        }
    }
}
