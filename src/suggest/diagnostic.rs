//! Lines that report an error or a warning: a guess by the words that compilers, build tools and logs use.

use super::generalize::generalize;
use super::proposal::{Proposal, ProposalKind};
use super::tally::{Counted, Tally};

/// A line of this kind is proposed if it came at least as often.
const LEAST: u64 = 2;
/// Maximum number of characters in front of the word in a pattern that begins at the line's start.
const LONGEST_HEAD: usize = 60;

/// Pattern for lines that begin with the name of an exception.
const EXCEPTION: &str = r"^[\w.]+(?:Error|Exception): ";

/// A word that marks a line.
struct MarkingWord {
    word: &'static str,
    kind: ProposalKind,
    /// Whether the word is in ordinary text too, so that it counts with a colon or a code behind it only.
    is_ordinary: bool,
    /// Whether a name stands in front, so that lines are not told apart by their beginnings.
    follows_name: bool,
}

const fn word(word: &'static str, kind: ProposalKind, is_ordinary: bool) -> MarkingWord {
    MarkingWord { word, kind, is_ordinary, follows_name: false }
}

const fn phrase(word: &'static str) -> MarkingWord {
    MarkingWord { word, kind: Error, is_ordinary: false, follows_name: true }
}

use ProposalKind::{Error, Warning};

const WORDS: &[MarkingWord] = &[
    word("error", Error, true),
    word("Error", Error, true),
    word("ERROR", Error, false),
    word("ERR!", Error, false),
    word("fatal", Error, true),
    word("Fatal", Error, true),
    word("FATAL", Error, false),
    word("CRITICAL", Error, false),
    word("FAILED", Error, false),
    word("FAIL", Error, false),
    word("panic", Error, true),
    word("Traceback", Error, true),
    word("Exception", Error, true),
    phrase("command not found"),
    phrase("No such file or directory"),
    phrase("Permission denied"),
    phrase("Segmentation fault"),
    word("warning", Warning, true),
    word("Warning", Warning, true),
    word("WARNING", Warning, false),
    word("WARN", Warning, false),
];

/// The part of a line that marks it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DiagnosticMark {
    kind: ProposalKind,
    /// Pattern for the line up to the mark's end.
    head: String,
    /// Pattern for the mark alone.
    mark: String,
    /// The part of the line that `head` was made of.
    example: String,
}

/// The marked lines of recordings.
#[derive(Debug, Default)]
pub(super) struct Diagnostics {
    /// By the pattern of the line up to the end of the mark, with the pattern of the mark and an example.
    heads: Tally<Option<DiagnosticMark>>,
}

impl Diagnostics {
    /// Takes a line that a program has printed.
    pub(super) fn line(&mut self, line: &str) {
        if let Some(mark) = marked(line)
            && let Some(first) = self.heads.count(&mark.head)
        {
            first.get_or_insert(mark);
        }
    }

    /// Returns the proposals: the beginnings of lines that came several times, and for the others their marks.
    pub(super) fn into_proposals(self) -> impl Iterator<Item = Proposal> {
        let (mut proposals, mut marks) = (Vec::new(), Tally::<Option<DiagnosticMark>>::default());
        for Counted { key, count, value } in self.heads.into_sorted() {
            let Some(mark) = value else { continue };
            if count >= LEAST && mark.example.chars().count() <= LONGEST_HEAD {
                proposals.push(proposal(mark.kind, key, &mark.example));
            } else {
                let pattern = mark.mark.clone();
                if let Some(first) = marks.add(&pattern, count) {
                    first.get_or_insert(mark);
                }
            }
        }
        let marks = marks.into_sorted().into_iter().filter(|counted| counted.count >= LEAST);
        proposals.extend(marks.filter_map(|counted| Some(proposal(counted.value?.kind, counted.key, ""))));
        proposals.into_iter()
    }
}

fn proposal(kind: ProposalKind, pattern: String, example: &str) -> Proposal {
    let (why, style) = match kind {
        Warning => ("Lines like this look like warnings.", "yellow"),
        _ => ("Lines like this look like errors.", "bold red"),
    };
    Proposal::of_pattern(kind, pattern, why).with("highlight", style).of_text(example)
}

/// Returns the mark of a line, if it has one.
fn marked(line: &str) -> Option<DiagnosticMark> {
    if begins_with_exception(line) {
        let (pattern, example) = (EXCEPTION.to_owned(), String::new());
        return Some(DiagnosticMark { kind: Error, head: pattern.clone(), mark: pattern, example });
    }
    let found = WORDS.iter().filter_map(|row| {
        let (start, end) = place(line, row)?;
        Some((start, end, row))
    });
    let (start, end, row) = found.min_by_key(|(start, ..)| *start)?;
    let mark = format!("{}{}", if start > 0 { r"\b" } else { "^" }, generalize(&line[start..end]));
    let (head, example) = if row.follows_name {
        (mark.clone(), String::new())
    } else {
        (format!("^{}", generalize(&line[..end])), line[..end].to_owned())
    };
    Some(DiagnosticMark { kind: row.kind, head, mark, example })
}

/// Whether a line begins with the name of an exception: `ValueError: `, `java.io.IOException: `.
fn begins_with_exception(line: &str) -> bool {
    let Some((name, _)) = line.split_once(": ") else { return false };
    let stem = name.strip_suffix("Error").or_else(|| name.strip_suffix("Exception"));
    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"._".contains(&byte);
    stem.is_some_and(|stem| !stem.is_empty() && stem.bytes().all(is_of_name))
}

/// Returns where the word of a row marks the line: its start, and the end of what belongs to it.
fn place(line: &str, row: &MarkingWord) -> Option<(usize, usize)> {
    line.match_indices(row.word).find_map(|(start, word)| {
        let (before, behind) = (&line[..start], &line[start + word.len()..]);
        let joins = |char: char| char.is_alphanumeric() || "_-./\\".contains(char);
        if before.chars().next_back().is_some_and(joins) || behind.starts_with(joins) {
            return None;
        }
        let len = mark_end(behind);
        (len.is_some() || !row.is_ordinary).then(|| (start, start + word.len() + len.unwrap_or(0)))
    })
}

/// Returns the length of what belongs to the word in front of it: a colon, a code and a colon, a code in brackets and a colon, or
/// white space of a table.
fn mark_end(behind: &str) -> Option<usize> {
    if behind.starts_with("  ") {
        return Some(0);
    }
    let rest = behind.strip_prefix(' ').unwrap_or(behind);
    let inside = |open: char, close: char| Some(rest.strip_prefix(open)?.find(close)? + 2);
    let is_code = |code: &str| {
        code.bytes().any(|byte| byte.is_ascii_digit()) && code.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let code = inside('[', ']').or_else(|| inside('(', ')')).unwrap_or_else(|| {
        let word = rest.split([':', ' ']).next().unwrap_or_default();
        if is_code(word) { word.len() } else { 0 }
    });
    let space = behind.len() - rest.len();
    if code == 0 && space > 0 {
        return None;
    }
    let colon = rest[code..].strip_prefix(':')?;
    Some(space + code + 1 + usize::from(colon.starts_with(' ')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_marked_by_words_of_tools() {
        for (line, head) in [
            ("error[E0382]: borrow of moved value: `x`", Some("error[E0382]: ")),
            ("error: could not compile", Some("error: ")),
            ("src/a.c:3:5: error: expected ';'", Some("src/a.c:3:5: error: ")),
            ("src/a.ts(3,5): error TS2322: Type 'x'", Some("src/a.ts(3,5): error TS2322: ")),
            ("  3:5  error  Unexpected var", Some("  3:5  error")),
            ("npm ERR! code 1", Some("npm ERR!")),
            ("2026-11-30 12:00:01 ERROR db: gone", Some("2026-11-30 12:00:01 ERROR")),
            ("[WARN] slow", Some("[WARN")),
            ("test a::b ... FAILED", Some("test a::b ... FAILED")),
            ("warning: unused variable", Some("warning: ")),
            ("fatal: not a git repository", Some("fatal: ")),
            ("Traceback (most recent call last):", Some("Traceback (most recent call last):")),
            ("no error here, errors.rs, an-error: x, error_count: 3", None),
            ("0 errors, 1 warning", None),
            ("ran for an error in it", None),
            ("FAILURES.md FAILED_ONCE", None),
        ] {
            assert_eq!(marked(line).map(|mark| mark.example).as_deref(), head, "{line}");
        }
        for (line, pattern) in [
            ("ValueError: bad", EXCEPTION),
            ("java.io.IOException: bad", EXCEPTION),
            ("bash: foo: command not found", r"\bcommand not found"),
            ("ls: x: No such file or directory", r"\bNo such file or directory"),
        ] {
            assert_eq!(marked(line).map(|mark| mark.head).as_deref(), Some(pattern), "{line}");
        }
    }

    #[test]
    fn lines_that_recur_are_proposed() {
        let mut diagnostics = Diagnostics::default();
        for line in [
            "error[E0382]: one",
            "error[E0425]: two",
            "test a ... FAILED",
            "test b ... FAILED",
            "warning: once",
            "KeyError: 'a'",
            "TypeError: b",
            "plain",
        ] {
            diagnostics.line(line);
        }
        let found: Vec<_> = diagnostics
            .into_proposals()
            .map(|proposal| (proposal.opener_text().to_owned(), proposal.named_options()[0].1.clone()))
            .collect();
        let red = |pattern: &str| (pattern.to_owned(), "bold red".to_owned());
        assert_eq!(found, [red(r"^error\[E\d+\]: "), red(EXCEPTION), red(r"\bFAILED")]);
    }
}
