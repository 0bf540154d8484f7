//! Reasons why a pattern of ICU is not translated.

use std::error::Error;
use std::fmt;

/// A construct of a pattern that is not translated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IcuError {
    /// The construct as written, or the beginning of it.
    pub construct: String,
    /// Its position in characters, from 1.
    pub position: usize,
    /// The reason.
    pub kind: IcuErrorKind,
}

/// Reason why a construct is not translated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IcuErrorKind {
    /// A look-ahead or look-behind.
    LookAround,
    /// A reference to an earlier group.
    BackReference,
    /// A group that gives nothing back, where that makes a difference.
    Atomic,
    /// A quantifier that gives nothing back, where that makes a difference.
    Possessive,
    /// A character by its Unicode name.
    NamedCharacter,
    /// A grapheme cluster.
    Cluster,
    /// The end of the match before.
    PreviousMatch,
    /// A word boundary by the rules of UAX #29.
    UnicodeWord,
    /// A property that the crate `regex` does not know.
    Property,
    /// More nested groups than a pattern may have.
    Depth,
    /// ICU does not accept the pattern: in iTerm2 the trigger never fires.
    Malformed(&'static str),
}

impl Error for IcuError {}

impl fmt::Display for IcuError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { construct, position, kind } = self;
        write!(f, "'{construct}' at character {position} of the pattern {kind}")
    }
}

impl fmt::Display for IcuErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LookAround => {
                "looks around, which patterns of coshell cannot: make what it looks for part of the pattern, or leave it out"
            }
            Self::BackReference => {
                "refers back to a group, which patterns of coshell cannot: write the text out, or match more and check it in a \
                 command"
            }
            Self::Atomic => {
                "is an atomic group, which patterns of coshell do not have: write (?:...) if the match may give text back"
            }
            Self::Possessive => {
                "is a possessive quantifier, which patterns of coshell do not have: leave out its + if the match may give text \
                 back"
            }
            Self::NamedCharacter => {
                "names a character, which patterns of coshell cannot: write the character, or its code as \\x{...}"
            }
            Self::Cluster => "is a grapheme cluster, which patterns of coshell do not have: write \\PM\\pM* for most of them",
            Self::PreviousMatch => "is the end of the match before, which patterns of coshell do not have",
            Self::UnicodeWord => {
                "is a word boundary under the flag w, which patterns of coshell do not have: leave out the w for simple \
                 boundaries"
            }
            Self::Property => {
                "names a property of Unicode that patterns of coshell do not have: use a script or a range of characters"
            }
            Self::Depth => "is nested too deeply: simplify the pattern",
            Self::Malformed(fault) => {
                return write!(f, "{fault}, so the trigger never fires in iTerm2 either: correct the pattern");
            }
        })
    }
}
