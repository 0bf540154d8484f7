//! What users, coprocesses and triggers have written down in a session: notes on lines, captured lines, named marks,
//! variables. All of it is bounded; the oldest goes. It decides nothing and shows nothing.

use std::collections::{BTreeMap, VecDeque};
use std::error::Error;
use std::fmt;
use std::ops::Range;
use std::time::Instant;

/// How many notes, captured lines and marks are kept of each.
const MOST: usize = 1000;
/// How many variables there may be.
const VARIABLES: usize = 256;
/// The longest text of each, in bytes.
const TEXT: usize = 4096;

/// A line that something was written down about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Annotation {
    /// Its number.
    pub(super) line: u64,
    /// Its text, as it was then.
    pub(super) quote: String,
    /// When that was.
    pub(super) time: Instant,
    /// What was written down: a note's text, a mark's name, the name of the trigger that captured it.
    pub(super) text: String,
    /// The part of the line that it is about, in characters from 0.
    pub(super) part: Option<Range<usize>>,
}

/// What was written down.
#[derive(Debug, Default)]
pub(super) struct Annotations {
    pub(super) notes: AnnotationList,
    pub(super) captured: AnnotationList,
    pub(super) marks: AnnotationList,
    variables: BTreeMap<String, String>,
}

/// The last of a kind, oldest first.
#[derive(Debug, Default)]
pub(super) struct AnnotationList(VecDeque<Annotation>);

impl AnnotationList {
    /// One more.
    pub(super) fn push(&mut self, mut quoted: Annotation) {
        quoted.quote = bounded(&quoted.quote);
        quoted.text = bounded(&quoted.text);
        self.0.push_back(quoted);
        if self.0.len() > MOST {
            self.0.pop_front();
        }
    }

    /// All, oldest first.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Annotation> {
        self.0.iter()
    }
}

impl Annotations {
    /// Sets the variable `name` to `value`.
    pub(super) fn set(&mut self, name: &str, value: &str) -> Result<(), VariableError> {
        check_name(name).map_err(VariableError::Name)?;
        if value.len() > TEXT {
            return Err(VariableError::Value { bytes: value.len() });
        }
        if self.variables.len() >= VARIABLES && !self.variables.contains_key(name) {
            return Err(VariableError::Full);
        }
        self.variables.insert(name.to_owned(), value.to_owned());
        Ok(())
    }

    /// The variables, by name.
    pub(super) fn variables(&self) -> &BTreeMap<String, String> {
        &self.variables
    }
}

/// Reason why a session variable is not set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum VariableError {
    Name(NameError),
    /// The value is too long.
    Value {
        bytes: usize,
    },
    /// The session has the most variables that it takes.
    Full,
}

impl Error for VariableError {}

impl fmt::Display for VariableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(error) => error.fmt(f),
            Self::Value { bytes } => write!(f, "the value is {bytes} bytes long; at most {TEXT} are kept"),
            Self::Full => write!(f, "there are {VARIABLES} variables already"),
        }
    }
}

/// A text that cannot name a session variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameError(String);

impl Error for NameError {}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}' is no name; it is made of letters, digits, _ - and ., at most 128", self.0)
    }
}

/// Checks that `name` can name a session variable: 1 to 128 bytes of letters, digits, `_`, `-` and `.`.
pub(super) fn check_name(name: &str) -> Result<(), NameError> {
    let known = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    if name.is_empty() || name.len() > 128 || !name.chars().all(known) {
        return Err(NameError(name.to_owned()));
    }
    Ok(())
}

/// As much of a text as is kept, which says so where that is not all.
fn bounded(text: &str) -> String {
    const MORE: &str = "...";
    if text.len() <= TEXT {
        return text.to_owned();
    }
    let end = (0..=TEXT - MORE.len()).rev().find(|&end| text.is_char_boundary(end));
    format!("{}{MORE}", &text[..end.unwrap_or(0)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_are_kept() {
        let mut kept = AnnotationList::default();
        for line in 0..2 * MOST as u64 {
            let text = "\u{e9}".repeat(TEXT);
            kept.push(Annotation { line, quote: text.clone(), time: Instant::now(), text, part: None });
        }
        assert_eq!(kept.iter().count(), MOST);
        assert!(kept.iter().all(|quoted| quoted.text.len() <= TEXT && quoted.line >= MOST as u64));
        assert!(kept.iter().all(|quoted| quoted.text.ends_with("\u{e9}...")));
    }

    #[test]
    fn variables_are_bounded() {
        let mut notes = Annotations::default();
        assert!((0..2 * VARIABLES).filter(|n| notes.set(&format!("v{n}"), "x").is_ok()).count() == VARIABLES);
        assert_eq!(notes.set("v0", "y"), Ok(()));
        assert_eq!(notes.variables()["v0"], "y");
        assert!(notes.set("", "x").is_err() && notes.set("a b", "x").is_err());
        assert!(notes.set("v0", &"x".repeat(TEXT + 1)).is_err());
    }
}
