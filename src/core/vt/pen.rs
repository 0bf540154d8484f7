//! Current character attributes (SGR). Dense colour changes them at every word and they are seldom needed, so sequences are
//! stored unparsed and parsed on demand.

use super::parse::Csi;
use super::sgr::Sgr;

/// Maximum number of bytes stored unparsed. Most output resets its attributes long before.
const MAX_UNPARSED: usize = 1024;
/// Maximum length of a sequence that is stored: nearly all are shorter. The copy has this constant length.
const MAX_SGR: usize = 24;

/// Attributes, and the sequences received since they were parsed.
#[derive(Clone, Debug)]
pub(super) struct Pen {
    parsed: Sgr,
    /// Concatenated sequences without `CSI`, each with its final `m`, in the first `len` bytes.
    unparsed: [u8; MAX_UNPARSED],
    len: usize,
    /// Whether a sequence before these has reset all attributes.
    is_reset: bool,
}

impl Default for Pen {
    fn default() -> Self {
        Self::new(Sgr::default())
    }
}

impl Pen {
    pub(super) fn new(sgr: Sgr) -> Self {
        Self { parsed: sgr, unparsed: [0; MAX_UNPARSED], len: 0, is_reset: false }
    }

    /// Executes SGR.
    pub(super) fn apply(&mut self, csi: &Csi) {
        self.parse();
        self.parsed.apply(csi);
    }

    /// Stores an SGR of digits and separators: the first `len` bytes of `output`, the text after `CSI`.
    #[inline]
    pub(super) fn push_unparsed(&mut self, output: &[u8], len: usize) {
        if len > MAX_SGR {
            self.parse();
            return self.parsed.apply(&Csi::parse(&output[..len]));
        }
        if self.len + MAX_SGR > MAX_UNPARSED {
            self.parse();
        }
        let place = &mut self.unparsed[self.len..self.len + MAX_SGR];
        match output.first_chunk::<MAX_SGR>() {
            Some(whole) => place.copy_from_slice(whole),
            None => place[..len].copy_from_slice(&output[..len]),
        }
        // Which sequences are resets cannot be predicted, so that this is no branch.
        let is_reset = (len == 1) | ((len == 2) & (output[0] == b'0'));
        self.len = if is_reset { 0 } else { self.len + len };
        self.is_reset |= is_reset;
    }

    /// Returns the current attributes.
    pub(super) fn sgr(&self) -> Sgr {
        let mut sgr = if self.is_reset { Sgr::default() } else { self.parsed };
        for params in self.unparsed[..self.len].split_inclusive(|&byte| byte == b'm') {
            sgr.apply(&Csi::parse(params));
        }
        sgr
    }

    /// Parses the sequences that were stored.
    pub(super) fn parse(&mut self) {
        if self.len > 0 || self.is_reset {
            (self.parsed, self.len, self.is_reset) = (self.sgr(), 0, false);
        }
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
                prop_oneof![4 => "[0-9]{0,3}([;:][0-9]{0,3}){0,90}m", 1 => Just("m".to_owned()), 1 => Just("0m".to_owned())],
                0..40,
            ),
            behind in "[a-z]{0,20}",
        ) {
            let (mut pen, mut sgr) = (Pen::default(), Sgr::default());
            for sequence in &sequences {
                pen.push_unparsed(format!("{sequence}{behind}").as_bytes(), sequence.len());
                sgr.apply(&Csi::parse(sequence.as_bytes()));
            }
            prop_assert_eq!(pen.sgr(), sgr);
        }
    }
}
