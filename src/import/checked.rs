//! Translated patterns that coshell accepts.

use super::pattern::{self, Translation};
use super::reason::Reason;
use crate::core::trigger::Pattern;

/// Maximum length of a pattern in bytes.
const PATTERN_LIMIT: usize = 64 << 10;

/// Translates a pattern of iTerm2.
///
/// # Errors
///
/// There is no pattern, it is too long or not translated, or coshell refuses the translation.
pub(super) fn translate(icu: &str) -> Result<Translation, Reason> {
    if icu.is_empty() {
        return Err(Reason::NoPattern);
    }
    if icu.len() > PATTERN_LIMIT {
        return Err(Reason::TooLong("pattern"));
    }
    let translation = pattern::translate(icu).map_err(Reason::Pattern)?;
    match Pattern::parse(&*translation.text) {
        Ok(_) => Ok(translation),
        Err(fault) => Err(Reason::refused("pattern", fault)),
    }
}
