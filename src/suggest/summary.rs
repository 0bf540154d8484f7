//! Lines that sum up a run, such as those of test runners and build tools: a guess by the numbers and words in them.

use super::generalize::{STAMP, generalize};
use super::proposal::{Proposal, ProposalKind};
use super::tally::Tally;

/// Maximum number of characters of such a line.
const LONGEST: usize = 200;
/// A line of which there are more is shown in colours, not notified.
const MOST_NOTIFIED: u64 = 20;
/// Words behind a number that sum up.
const COUNTED: [&str; 13] = [
    "passed",
    "failed",
    "failures",
    "failure",
    "errors",
    "error",
    "warnings",
    "warning",
    "skipped",
    "ignored",
    "succeeded",
    "passing",
    "failing",
];
/// Words in front of a number, with a colon or an equals sign between them.
const LABELS: [&str; 6] = ["passed", "failed", "failures", "errors", "warnings", "skipped"];
/// Words of a line with a duration that say that something has ended.
const ENDED: [&str; 13] = [
    "ran",
    "finished",
    "completed",
    "succeeded",
    "successful",
    "successfully",
    "success",
    "failed",
    "failure",
    "built",
    "compiled",
    "done",
    "elapsed",
];
/// Units of a duration.
const UNITS: [&str; 10] = ["s", "ms", "m", "sec", "secs", "second", "seconds", "min", "minutes", "us"];

/// The summaries of recordings.
#[derive(Debug, Default)]
pub(super) struct Summaries {
    lines: Tally<Option<String>>,
}

impl Summaries {
    /// Takes a line that a program has printed. Returns whether it sums up a run.
    pub(super) fn line(&mut self, line: &str) -> bool {
        if !sums_up(line) {
            return false;
        }
        let pattern = generalize(line);
        // A line of a log is one of many.
        if pattern.trim_start_matches(r"\[").starts_with(STAMP) {
            return false;
        }
        if let Some(first) = self.lines.count(&format!("^{pattern}$")) {
            first.get_or_insert_with(|| line.to_owned());
        }
        true
    }

    /// Returns the proposals.
    pub(super) fn into_proposals(self) -> impl Iterator<Item = Proposal> {
        self.lines.into_sorted().into_iter().map(|counted| {
            let why = "The result of a run.";
            let proposal = Proposal::of_pattern(ProposalKind::Summary, counted.key, why);
            let proposal = proposal.of_text(counted.value.as_deref().unwrap_or_default());
            if counted.count > MOST_NOTIFIED {
                proposal.with("highlight", "bold")
            } else {
                proposal.with("notify", "$0")
            }
        })
    }
}

/// Whether a line sums up a run.
fn sums_up(line: &str) -> bool {
    if line.chars().count() > LONGEST {
        return false;
    }
    if !line.bytes().any(|byte| byte.is_ascii_digit()) {
        return is_build_result(line);
    }
    let lower = line.to_lowercase();
    let words: Vec<&str> = lower.split_whitespace().map(bare).collect();
    let counts = words
        .iter()
        .enumerate()
        .any(|(at, word)| is_number(word) && words[at + 1..].iter().take(2).any(|behind| COUNTED.contains(behind)));
    let takes = words.iter().enumerate().any(|(at, word)| is_duration(word, words.get(at + 1).copied()));
    let has_ended = || words.iter().any(|word| ENDED.contains(word));
    counts || takes && has_ended() || has_labelled_number(&lower) || is_build_result(line)
}

/// Returns a word without the punctuation around it.
fn bare(word: &str) -> &str {
    word.trim_matches(|char: char| !char.is_alphanumeric())
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a number has a label in front: `failures=1`, `Errors: 0`.
fn has_labelled_number(line: &str) -> bool {
    LABELS.iter().any(|label| {
        line.match_indices(label).any(|(at, _)| {
            let value = line[at + label.len()..].strip_prefix([':', '=']).unwrap_or_default();
            let begins = !line[..at].ends_with(|char: char| char.is_alphanumeric() || char == '_');
            begins && value.trim_start().starts_with(|char: char| char.is_ascii_digit())
        })
    })
}

/// Whether a word is a duration, with its unit in it or behind it: `0.12s`, `3 seconds`.
fn is_duration(word: &str, next: Option<&str>) -> bool {
    let digits = word.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
    let (number, unit) = word.split_at(digits);
    let has_digit = number.bytes().any(|byte| byte.is_ascii_digit());
    has_digit && (UNITS.contains(&unit) || unit.is_empty() && next.is_some_and(|next| UNITS.contains(&next)))
}

/// Whether a line says in capitals how a build has ended: `BUILD SUCCESS`.
fn is_build_result(line: &str) -> bool {
    ["BUILD SUCCESS", "BUILD FAIL", "BUILD PASS", "Build succeeded", "Build failed"]
        .iter()
        .any(|start| line.contains(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_of_tools_are_found() {
        for line in [
            "test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "=================== 3 failed, 10 passed in 0.12s ====================",
            "Found 3 errors in 2 files.",
            " Tests  1 failed | 3 passed (4)",
            "    Finished `dev` profile [unoptimized + debuginfo] target(s) in 0.05s",
            "BUILD SUCCESSFUL in 3s",
            "[INFO] BUILD SUCCESS",
            "webpack 5.1.0 compiled successfully in 100 ms",
            "✖ 2 problems (1 error, 1 warning)",
            "  12 passing (30ms)",
            "Tests run: 3, Failures: 1, Errors: 0, Skipped: 0",
            "FAILED (failures=1)",
            "Ran 2 tests in 0.001s",
        ] {
            assert!(sums_up(line), "{line}");
        }
        for line in [
            "total 12",
            "-rw-r--r-- 1 me me 12 Nov 30 12:00 failed.log",
            "error: expected 2 arguments",
            "test a ... FAILED",
            "a.c:1:22: error: ‘y’ undeclared",
            "main.rs:3:5: warning: 2 of them",
            "error: 3 files changed",
            "it took 3s",
            "we are done",
            "Compiling demo v0.1.0",
        ] {
            assert!(!sums_up(line), "{line}");
        }
    }

    #[test]
    fn line_of_log_is_no_summary() {
        let mut summaries = Summaries::default();
        assert!(!summaries.line("2026-11-30 12:00:01 request 3 failed in 5 ms"));
        assert!(!summaries.line("[12:00:01] 3 passed"));
        assert!(summaries.line("3 passed"));
    }

    #[test]
    fn frequent_summary_is_coloured() {
        let mut summaries = Summaries::default();
        summaries.line("3 passed in 1s");
        (0..=MOST_NOTIFIED).for_each(|i| assert!(summaries.line(&format!("batch: {i} errors"))));
        let options: Vec<_> =
            summaries.into_proposals().map(|proposal| proposal.named_options()[0].0.clone()).collect();
        assert_eq!(options, ["highlight", "notify"]);
    }
}
