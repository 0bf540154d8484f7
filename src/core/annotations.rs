//! Annotations of a session by users, coprocesses and triggers: notes on lines, captured lines, named marks, and
//! variables. All lists are bounded and drop their oldest entries.

use std::collections::{BTreeMap, VecDeque};
use std::error::Error;
use std::fmt;
use std::ops::Range;
use std::time::Instant;

use super::source_place::SourcePlace;

/// Maximum number of notes, of captured lines and of marks.
const MOST: usize = 1000;
/// Maximum number of variables.
const VARIABLES: usize = 256;
/// Maximum length of a text, in bytes.
const TEXT: usize = 4096;

/// An annotated line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Annotation {
    /// The number of the line.
    pub(super) line: u64,
    /// The text of the line at the time of the annotation.
    pub(super) quote: String,
    /// The time of the annotation.
    pub(super) time: Instant,
    /// The text of a note, the name of a mark, or the name of the trigger that captured the line.
    pub(super) text: String,
    /// The annotated part of the line, in characters from 0.
    pub(super) part: Option<Range<usize>>,
    /// The place in a file that a captured line names.
    pub(super) place: Option<SourcePlace>,
}

impl Annotation {
    /// Returns the number of bytes of its texts.
    pub(super) fn len(&self) -> usize {
        let of_place = |place: &SourcePlace| place.file.len() + place.message.as_ref().map_or(0, String::len);
        self.quote.len() + self.text.len() + self.place.as_ref().map_or(0, of_place)
    }
}

#[derive(Debug, Default)]
pub(super) struct Annotations {
    pub(super) notes: AnnotationList,
    pub(super) captured: AnnotationList,
    pub(super) marks: AnnotationList,
    variables: BTreeMap<String, String>,
}

/// The most recent annotations of a kind, oldest first.
#[derive(Debug, Default)]
pub(super) struct AnnotationList(VecDeque<Annotation>);

impl AnnotationList {
    /// Appends an annotation, and drops the oldest of too many.
    pub(super) fn push(&mut self, mut quoted: Annotation) {
        quoted.quote = bounded(&quoted.quote);
        quoted.text = bounded(&quoted.text);
        if let Some(place) = &mut quoted.place {
            place.file = bounded(&place.file);
            [&mut place.severity, &mut place.message].into_iter().flatten().for_each(|text| *text = bounded(text));
        }
        self.0.push_back(quoted);
        if self.0.len() > MOST {
            self.0.pop_front();
        }
    }

    /// Returns all annotations, oldest first.
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

    /// Returns the variables, sorted by name.
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
    /// There are as many variables as a session takes.
    Full,
}

impl Error for VariableError {}

impl fmt::Display for VariableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(error) => error.fmt(f),
            Self::Value { bytes } => write!(f, "the value has {bytes} bytes: write at most {TEXT}"),
            Self::Full => write!(f, "there are already {VARIABLES} variables, the limit: set one of them"),
        }
    }
}

/// A text that cannot be the name of a session variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameError(String);

impl Error for NameError {}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}' cannot be a name: use at most 128 letters, digits, _, - and .", self.0)
    }
}

/// Checks the name of a session variable: 1 to 128 bytes of letters, digits, `_`, `-` and `.`.
pub(super) fn check_name(name: &str) -> Result<(), NameError> {
    let known = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    if name.is_empty() || name.len() > 128 || !name.chars().all(known) {
        return Err(NameError(name.to_owned()));
    }
    Ok(())
}

/// Returns the text, truncated to [`TEXT`] bytes and ended in an ellipsis if it is longer.
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
    fn newest_annotations_are_kept() {
        let mut kept = AnnotationList::default();
        for line in 0..2 * MOST as u64 {
            let text = "\u{e9}".repeat(TEXT);
            kept.push(Annotation { line, quote: text.clone(), time: Instant::now(), text, part: None, place: None });
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
