//! Translates patterns of ICU, which iTerm2 uses, to the syntax of the crate `regex`, as far as that can say the same.
//!
//! [`token`] reads characters and escapes, [`parse`] and [`set`] the grammar. [`atomic`] decides where giving nothing
//! back makes no difference, and [`emit`] writes the tree down. A line has no line ends in it, which makes `$` and `\Z`
//! one; the line terminators of Unicode that a line may contain (U+2028, U+2029) match `.` here and not in ICU.

mod atomic;
mod emit;
mod error;
mod parse;
mod property;
mod set;
mod token;
mod tree;

pub use error::{IcuError, IcuErrorKind};

use parse::IcuParser;

/// A pattern in the syntax of the crate `regex`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Translation {
    /// The pattern.
    pub text: String,
    /// Number of groups, the whole match included.
    pub groups: usize,
}

/// Translates a pattern of ICU.
///
/// # Errors
///
/// The first construct that the crate `regex` cannot express or ICU does not accept.
pub fn translate(icu: &str) -> Result<Translation, IcuError> {
    let mut parser = IcuParser::new(icu);
    let tree = parser.whole()?;
    atomic::check(&tree)?;
    Ok(Translation { text: emit::text(&tree), groups: parser.groups() })
}

#[cfg(test)]
mod tests;
