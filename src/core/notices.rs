//! Sentences for the user that wait until they can be shown (SPEC 8): bounded, and none is lost in silence.
//! It decides neither when nor where.

use std::collections::VecDeque;

use super::width::{max_width, truncate_to_width, wrap_to_width};

/// How many may wait: beyond that they are counted only.
const WAITING: usize = 8;

/// Where all of a notice can be read that is too long for the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SeeAlso {
    /// Nothing but the notice itself has it.
    Nowhere,
    /// The notes have it.
    Notes,
    /// What the coprocess wrote to stderr.
    Errors,
}

impl SeeAlso {
    /// What a notice ends in whose rest is not shown.
    fn mark(self) -> &'static str {
        match self {
            Self::Nowhere => "...",
            Self::Notes => "... (coshell notes)",
            Self::Errors => "... (coshell errors)",
        }
    }
}

/// Whether notices are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NoticeOutput {
    /// It shows notices.
    #[default]
    Notices,
    /// It does not.
    Quiet,
}

/// A notice: a sentence, and lines that stand below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Notice {
    sentence: String,
    details: Vec<String>,
    see_also: SeeAlso,
}

impl Notice {
    /// Creates a notice of one sentence.
    pub(super) fn new(sentence: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), details: Vec::new(), see_also: SeeAlso::Nowhere }
    }

    /// Adds the lines that stand below the sentence, and where all of them can be read.
    pub(super) fn with(self, details: Vec<String>, see_also: SeeAlso) -> Self {
        Self { details, see_also, ..self }
    }

    /// Returns the sentence, without coshell's name in front.
    pub(super) fn sentence(&self) -> &str {
        &self.sentence
    }

    /// Returns its lines as they are, the first with coshell's name in front.
    pub(super) fn lines(&self) -> Vec<String> {
        let first = std::iter::once(format!("coshell: {}", self.sentence));
        first.chain(self.details.iter().map(|line| format!("  {line}"))).collect()
    }

    /// In rows of at most `cols` columns; where there are more than `most`, the last one says so.
    pub(super) fn rows(&self, cols: usize, most: usize) -> Vec<String> {
        let lines = self.lines();
        let all = lines.iter().flat_map(|line| wrap_to_width(line, cols));
        let mut rows: Vec<String> = all.take(most + 1).collect();
        if rows.len() > most {
            rows.truncate(most);
            if let Some(last) = rows.last_mut() {
                *last = self.marked(last, cols);
            }
        }
        rows
    }

    /// A row that says that more would follow, and where that is, if there is room for it.
    fn marked(&self, row: &str, cols: usize) -> String {
        let mark = [self.see_also.mark(), SeeAlso::Nowhere.mark()].into_iter().find(|mark| max_width(mark) <= cols);
        let Some(mark) = mark else { return row.to_owned() };
        let text = truncate_to_width(row, cols.saturating_sub(max_width(mark) + 1)).trim_end();
        if text.is_empty() { mark.to_owned() } else { format!("{text} {mark}") }
    }
}

/// The notices that have not been shown yet.
#[derive(Debug, Default)]
pub(super) struct Notices {
    waiting: VecDeque<Notice>,
    left_out: usize,
}

impl Notices {
    /// Queues a notice, unless it says the same as the last one that waits.
    pub(super) fn push(&mut self, notice: Notice) {
        if self.waiting.back() == Some(&notice) {
            return;
        }
        if self.waiting.len() == WAITING {
            self.left_out += 1;
        } else {
            self.waiting.push_back(notice);
        }
    }

    /// The one that has waited longest.
    pub(super) fn first(&self) -> Option<&Notice> {
        self.waiting.front()
    }

    /// Takes it away. Behind the last one it is told how many were left out.
    pub(super) fn take(&mut self) -> Option<Notice> {
        let first = self.waiting.pop_front();
        if self.waiting.is_empty() && self.left_out > 0 {
            let sentence = format!("more notices were left out: {}", std::mem::take(&mut self.left_out));
            self.push(Notice::new(sentence));
        }
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(mut notices: Notices) -> Vec<String> {
        std::iter::from_fn(|| notices.take()).flat_map(|notice| notice.lines()).collect()
    }

    #[test]
    fn are_bounded_and_say_so() {
        let mut notices = Notices::default();
        for n in 0..20 {
            notices.push(Notice::new(n.to_string()).with(vec!["detail".to_owned()], SeeAlso::Nowhere));
        }
        let lines = all(notices);
        assert_eq!(lines.len(), 2 * WAITING + 1);
        assert_eq!(lines[..2], ["coshell: 0", "  detail"]);
        assert_eq!(lines[2 * WAITING], "coshell: more notices were left out: 12");
    }

    #[test]
    fn the_same_twice_running_is_shown_once() {
        let mut notices = Notices::default();
        notices.push(Notice::new("again").with(vec![], SeeAlso::Nowhere));
        notices.push(Notice::new("again").with(vec![], SeeAlso::Nowhere));
        assert_eq!(all(notices), ["coshell: again"]);
    }

    #[test]
    fn one_that_is_too_long_says_so_and_where_the_rest_is() {
        let details = vec!["one two three four five six".to_owned()];
        for (cols, most, elsewhere, expected) in [
            (40, 2, SeeAlso::Notes, &["coshell: a note", "  one two three four five six"][..]),
            (24, 3, SeeAlso::Notes, &["coshell: a note", "  one two three four", "    five six"]),
            (24, 2, SeeAlso::Notes, &["coshell: a note", "  on ... (coshell notes)"]),
            (20, 2, SeeAlso::Errors, &["coshell: a note", "... (coshell errors)"]),
            (24, 2, SeeAlso::Nowhere, &["coshell: a note", "  one two three four ..."]),
            (9, 3, SeeAlso::Errors, &["coshell:", "  a note", "  one ..."]),
            (2, 2, SeeAlso::Nowhere, &["co", "sh"]),
        ] {
            assert_eq!(
                Notice::new("a note").with(details.clone(), elsewhere).rows(cols, most),
                expected,
                "{cols} by {most}"
            );
        }
    }
}
