//! Answers about notes, captured lines, variables, commands and marks.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::core::source_place::SourcePlace;

/// The answer to `annotate`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnnotateResponse {
    /// The number of the line.
    pub line: u64,
    /// The text of the line.
    pub text: String,
}

/// A line that something was written down about, as it was then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QuotedLine {
    /// Its number.
    pub line: u64,
    /// Its text.
    pub quote: String,
    /// When that was, in seconds since 1970.
    pub time: f64,
    /// The first column of the part that is meant, from 1; absent where the whole line is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<usize>,
    /// The last column of that part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<usize>,
}

/// The answer to `notes`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NotesResponse {
    /// The notes, oldest first.
    pub notes: Vec<NoteResponse>,
}

/// A note on a line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NoteResponse {
    /// The line.
    #[serde(flatten)]
    pub quoted: QuotedLine,
    /// The note.
    pub text: String,
}

/// The answer to `captured`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CapturedResponse {
    /// The lines that triggers captured, oldest first.
    pub captured: Vec<CapturedLine>,
}

/// A line that a trigger captured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CapturedLine {
    /// The line.
    #[serde(flatten)]
    pub quoted: QuotedLine,
    /// The name or the pattern of the trigger.
    pub trigger: String,
    /// The place in a file that the line names; absent where it names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<SourcePlace>,
}

/// The answer to `get`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "neither a value nor variables")]
pub enum GetResponse {
    /// A variable was named.
    One {
        /// Its value.
        value: String,
    },
    /// No variable was named.
    All {
        /// All of them, by name.
        variables: BTreeMap<String, String>,
    },
}

/// The answer to `marks`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MarksResponse {
    /// The commands that the shell has marked, oldest first.
    pub commands: Vec<CommandResponse>,
    /// The marks that triggers have set, oldest first.
    pub marks: Vec<MarkResponse>,
    /// Where the shell is; null where it has not said so, absent where there is no history.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub directory: Option<Option<String>>,
}

/// A command that the shell has marked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CommandResponse {
    /// Its number; the first of the session is 1.
    pub command: u64,
    /// The line on which it was typed; null where that is not kept.
    pub line: Option<u64>,
    /// The first line of its output; null where that is not kept.
    pub output: Option<u64>,
    /// The line on which its output ends; null where that is not known.
    pub end: Option<u64>,
    /// Its status; null where the shell has not said so.
    pub status: Option<i32>,
    /// Whether it runs.
    pub running: bool,
    /// When it began, in seconds since 1970.
    pub time: Option<f64>,
    /// How long it ran; null while it runs.
    pub seconds: Option<f64>,
    /// Where the shell was; null where it has not said so.
    pub directory: Option<String>,
    /// What was typed, in the shell's own words where it gives them; null where the shell has not marked it.
    pub text: Option<String>,
}

/// A mark that a trigger has set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MarkResponse {
    /// The line.
    #[serde(flatten)]
    pub quoted: QuotedLine,
    /// The name of the mark.
    pub name: String,
}

/// Reads a key that is there, be it null: serde takes null for absent otherwise.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}
