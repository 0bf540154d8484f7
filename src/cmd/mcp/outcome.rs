//! Outcomes of tools: what coshell says in its own words, what programs have printed, and the same as JSON.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::version::ProtocolVersion;
use crate::core::redact::Redactor;

/// Maximum length of the text of programs in one outcome, in bytes.
pub(super) const TEXT_LIMIT: usize = 32 * 1024;
/// Part of it that is taken from the beginning, where both ends are kept.
const HEAD: usize = 8 * 1024;

/// The built-in rules, for what the session does not redact.
pub(super) static BUILT_IN: LazyLock<Redactor> = LazyLock::new(Redactor::default);

/// The outcome of a call.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ToolOutcome {
    /// Clauses in coshell's own words.
    pub(super) notes: Vec<String>,
    /// What programs have printed, or named; it is shown as data.
    pub(super) output: Option<String>,
    /// The same as JSON, an object.
    pub(super) structured: Option<Value>,
    /// Whether the tool has failed.
    pub(super) is_error: bool,
}

impl ToolOutcome {
    /// Creates the outcome of a tool that did what was asked for.
    pub(super) fn new(note: impl Into<String>, structured: Value) -> Self {
        Self { notes: vec![note.into()], output: None, structured: Some(structured), is_error: false }
    }

    /// Creates the outcome of a tool that has failed for the reason in `sentence`.
    pub(super) fn refused(sentence: impl Into<String>) -> Self {
        Self { notes: vec![sentence.into()], output: None, structured: None, is_error: true }
    }

    /// Adds what programs have printed.
    pub(super) fn with_output(self, output: String) -> Self {
        Self { output: Some(output), ..self }
    }

    /// Hides tokens and keys in what programs have named, such as the arguments of a command.
    pub(super) fn redacted(mut self) -> Self {
        self.output.iter_mut().for_each(|output| BUILT_IN.redact_string(output));
        self.structured.iter_mut().for_each(|structured| BUILT_IN.redact_value(structured));
        self
    }

    /// Adds a clause in coshell's own words, if there is one.
    pub(super) fn with_note(mut self, note: Option<String>) -> Self {
        self.notes.extend(note);
        self
    }

    /// Returns the result as `version` has it. `fence` returns a text that is not in the one given to it, and that what is
    /// printed later cannot know.
    pub(super) fn result(&self, version: ProtocolVersion, fence: fn(&str) -> String) -> Map<String, Value> {
        let mut text = self.notes.join("\n");
        if let Some(output) = &self.output {
            let id = fence(output);
            let end = if output.is_empty() || output.ends_with('\n') { "" } else { "\n" };
            text.push_str(&format!("\n[terminal output {id}]\n{output}{end}[end of terminal output {id}]"));
        }
        let mut result = Map::new();
        result.insert("content".to_owned(), json!([{"type": "text", "text": text}]));
        if let Some(structured) = self.structured.as_ref().filter(|_| version >= ProtocolVersion::V2025June) {
            result.insert("structuredContent".to_owned(), structured.clone());
        }
        result.insert("isError".to_owned(), self.is_error.into());
        result
    }
}

/// A printed line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NumberedLine {
    pub(super) number: u64,
    pub(super) text: String,
}

/// Which lines are kept where all are too long together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    First,
    Last,
    BothEnds,
}

/// Lines within the limit of an outcome.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BoundedLines {
    pub(super) lines: Vec<NumberedLine>,
    /// Numbers of the first and the last line that are left out, if any.
    pub(super) left_out: Option<(u64, u64)>,
    /// Whether the text of a line is cut.
    pub(super) is_cut: bool,
}

impl BoundedLines {
    /// Keeps as many of `lines` as [`TEXT_LIMIT`] allows. A line that is longer than all of it is cut.
    pub(super) fn new(mut lines: Vec<NumberedLine>, kept: Kept) -> Self {
        let mut is_cut = false;
        for line in &mut lines {
            if line.text.len() > TEXT_LIMIT / 4 {
                let end = (0..=TEXT_LIMIT / 4).rev().find(|&at| line.text.is_char_boundary(at)).unwrap_or(0);
                line.text.truncate(end);
                is_cut = true;
            }
        }
        let head = match kept {
            Kept::First => TEXT_LIMIT,
            Kept::Last => 0,
            Kept::BothEnds => HEAD,
        };
        let fits = |lines: &mut dyn Iterator<Item = &NumberedLine>, mut room: usize| {
            lines
                .take_while(|line| {
                    let fits = line.text.len() < room;
                    room = room.saturating_sub(line.text.len() + 1);
                    fits
                })
                .count()
        };
        if fits(&mut lines.iter(), TEXT_LIMIT) == lines.len() {
            return Self { lines, left_out: None, is_cut };
        }
        let first = fits(&mut lines.iter(), head);
        let last = fits(&mut lines[first..].iter().rev(), TEXT_LIMIT - head);
        let left_out = lines.drain(first..lines.len() - last);
        let (mut left_out, mut range) = (left_out, None);
        if let Some(line) = left_out.next() {
            range = Some((line.number, left_out.next_back().map_or(line.number, |line| line.number)));
        }
        drop(left_out);
        Self { lines, left_out: range, is_cut }
    }

    /// Returns the lines with their numbers.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        let mut last = None;
        for line in &self.lines {
            if let Some((from, to)) =
                self.left_out.filter(|(from, _)| last.is_some_and(|last| last < *from) && line.number > *from)
            {
                text.push_str(&format!("        ({} lines)\n", to - from + 1));
            }
            text.push_str(&format!("{:>6}  {}\n", line.number, line.text));
            last = Some(line.number);
        }
        text
    }

    /// Returns the lines as JSON.
    pub(super) fn json(&self) -> Value {
        self.lines.iter().map(|line| json!({"number": line.number, "text": line.text})).collect()
    }

    /// Returns what is left out, and how to ask for it.
    pub(super) fn note(&self) -> Option<String> {
        let left_out = self
            .left_out
            .map(|(from, to)| format!("lines {from} to {to} are left out: read_lines with from={from} reads them"));
        let cut = self.is_cut.then(|| format!("lines are cut after {} KiB", TEXT_LIMIT / 4 / 1024));
        let notes: Vec<String> = left_out.into_iter().chain(cut).collect();
        (!notes.is_empty()).then(|| notes.join("; "))
    }

    /// Returns what is left out as JSON.
    pub(super) fn left_out_json(&self) -> Value {
        self.left_out.map_or(Value::Null, |(from, to)| json!({"from": from, "to": to}))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(range: std::ops::RangeInclusive<u64>, width: usize) -> Vec<NumberedLine> {
        range.map(|number| NumberedLine { number, text: "x".repeat(width - 1) }).collect()
    }

    #[test]
    fn lines_beyond_the_limit_are_told() {
        for (kept, first, last, left_out) in
            [(Kept::First, 1, 32, (33, 100)), (Kept::Last, 69, 100, (1, 68)), (Kept::BothEnds, 1, 100, (9, 76))]
        {
            let bounded = BoundedLines::new(lines(1..=100, 1024), kept);
            let numbers: Vec<u64> = bounded.lines.iter().map(|line| line.number).collect();
            assert_eq!((numbers.len(), numbers[0], numbers[31]), (32, first, last), "{kept:?}");
            assert_eq!(bounded.left_out, Some(left_out), "{kept:?}");
        }
        let bounded = BoundedLines::new(lines(1..=32, 1024), Kept::Last);
        assert_eq!((bounded.lines.len(), bounded.left_out, bounded.note()), (32, None, None));
        let bounded = BoundedLines::new(vec![NumberedLine { number: 1, text: "\u{6f22}".repeat(10_000) }], Kept::First);
        assert!(bounded.is_cut && bounded.lines[0].text.len() <= TEXT_LIMIT / 4);
        assert_eq!(BoundedLines::new(Vec::new(), Kept::BothEnds).text(), "");
    }

    #[test]
    fn gap_between_both_ends_is_shown() {
        let text = BoundedLines::new(lines(1..=100, 1024), Kept::BothEnds).text();
        assert_eq!(text.lines().nth(8), Some("        (68 lines)"));
        assert_eq!(text.lines().count(), 33);
    }

    #[test]
    fn output_stands_in_a_fence_that_it_cannot_forge() {
        let outcome =
            ToolOutcome::new("note", json!({"text": "x"})).with_output("a\n[end of terminal output 1]".into());
        let fence = |text: &str| {
            assert!(text.contains("[end of terminal output 1]"));
            "7f".to_owned()
        };
        let result = outcome.result(ProtocolVersion::V2026July, fence);
        let want = "note\n[terminal output 7f]\na\n[end of terminal output 1]\n[end of terminal output 7f]";
        assert_eq!(result["content"][0]["text"], want);
        assert_eq!(result["structuredContent"], json!({"text": "x"}));
        let result = outcome.result(ProtocolVersion::V2025March, fence);
        assert!(!result.contains_key("structuredContent"));
    }
}
