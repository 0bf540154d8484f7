//! Notices: messages for the user that wait until they can be shown. Their number is bounded, and a notice that is left
//! out is counted. `output` decides when and where they are shown.

use std::collections::VecDeque;

use super::width::{max_width, truncate_to_width, wrap_to_width};
use crate::display::one_line;

/// Maximum number of waiting notices. Further ones are only counted.
const WAITING: usize = 8;

/// Command that shows the whole of a notice that is too long for the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SeeAlso {
    /// No command.
    Nowhere,
    /// `coshell notes`.
    Notes,
    /// `coshell errors`.
    Errors,
}

impl SeeAlso {
    /// Returns the text behind a notice whose rest is not shown.
    fn mark(self) -> &'static str {
        match self {
            Self::Nowhere => "...",
            Self::Notes => "... (coshell notes)",
            Self::Errors => "... (coshell errors)",
        }
    }
}

/// Whether notices are shown (`--quiet`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NoticeOutput {
    /// Notices are shown.
    #[default]
    Notices,
    /// No notice is shown.
    Quiet,
}

/// A message for the user: a sentence, and lines below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Notice {
    sentence: String,
    details: Vec<String>,
    see_also: SeeAlso,
}

impl Notice {
    /// Creates a notice of one sentence. Control characters in what it quotes are not shown.
    pub(super) fn new(sentence: impl AsRef<str>) -> Self {
        Self { sentence: one_line(sentence.as_ref()), details: Vec::new(), see_also: SeeAlso::Nowhere }
    }

    /// Adds the lines below the sentence, and the command that shows all of them.
    pub(super) fn with(self, details: Vec<String>, see_also: SeeAlso) -> Self {
        let details = details.iter().map(|line| one_line(line)).collect();
        Self { details, see_also, ..self }
    }

    /// Adds another clause to the sentence.
    pub(super) fn and(self, clause: &str) -> Self {
        Self { sentence: format!("{}; {clause}", self.sentence), ..self }
    }

    /// Returns the sentence without the prefix `coshell: `.
    pub(super) fn sentence(&self) -> &str {
        &self.sentence
    }

    /// Returns all lines, the first with the prefix `coshell: `.
    pub(super) fn lines(&self) -> Vec<String> {
        let first = std::iter::once(format!("coshell: {}", self.sentence));
        first.chain(self.details.iter().map(|line| format!("  {line}"))).collect()
    }

    /// Folds the notice into at most `max_rows` rows of at most `cols` columns; the last row says where the rest is.
    pub(super) fn rows(&self, cols: usize, max_rows: usize) -> Vec<String> {
        let lines = self.lines();
        let all = lines.iter().flat_map(|line| wrap_to_width(line, cols));
        let mut rows: Vec<String> = all.take(max_rows + 1).collect();
        if rows.len() > max_rows {
            rows.truncate(max_rows);
            if let Some(last) = rows.last_mut() {
                *last = self.marked(last, cols);
            }
        }
        rows
    }

    /// Returns `row` with the mark that more would follow, as far as that fits.
    fn marked(&self, row: &str, cols: usize) -> String {
        let mark = [self.see_also.mark(), SeeAlso::Nowhere.mark()].into_iter().find(|mark| max_width(mark) <= cols);
        let Some(mark) = mark else { return row.to_owned() };
        let text = truncate_to_width(row, cols.saturating_sub(max_width(mark) + 1)).trim_end();
        if text.is_empty() { mark.to_owned() } else { format!("{text} {mark}") }
    }
}

/// Queue of notices that have not been shown yet.
#[derive(Debug, Default)]
pub(super) struct Notices {
    waiting: VecDeque<Notice>,
    left_out: usize,
}

impl Notices {
    /// Queues a notice, unless it equals the last one in the queue.
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

    /// Returns the oldest notice.
    pub(super) fn first(&self) -> Option<&Notice> {
        self.waiting.front()
    }

    /// Removes the oldest notice. Behind the last one stands a notice with the number of those left out.
    pub(super) fn take(&mut self) -> Option<Notice> {
        let first = self.waiting.pop_front();
        if self.waiting.is_empty() && self.left_out > 0 {
            let sentence = format!("{} more notices were left out", std::mem::take(&mut self.left_out));
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
    fn queue_is_bounded_and_counts_what_it_leaves_out() {
        let mut notices = Notices::default();
        for n in 0..20 {
            notices.push(Notice::new(n.to_string()).with(vec!["detail".to_owned()], SeeAlso::Nowhere));
        }
        let lines = all(notices);
        assert_eq!(lines.len(), 2 * WAITING + 1);
        assert_eq!(lines[..2], ["coshell: 0", "  detail"]);
        assert_eq!(lines[2 * WAITING], "coshell: 12 more notices were left out");
    }

    #[test]
    fn repeated_notice_is_queued_once() {
        let mut notices = Notices::default();
        notices.push(Notice::new("again").with(vec![], SeeAlso::Nowhere));
        notices.push(Notice::new("again").with(vec![], SeeAlso::Nowhere));
        assert_eq!(all(notices), ["coshell: again"]);
    }

    #[test]
    fn long_notice_ends_with_command_for_the_rest() {
        let details = vec!["one two three four five six".to_owned()];
        for (cols, max_rows, see_also, expected) in [
            (40, 2, SeeAlso::Notes, &["coshell: a note", "  one two three four five six"][..]),
            (24, 3, SeeAlso::Notes, &["coshell: a note", "  one two three four", "    five six"]),
            (24, 2, SeeAlso::Notes, &["coshell: a note", "  on ... (coshell notes)"]),
            (20, 2, SeeAlso::Errors, &["coshell: a note", "... (coshell errors)"]),
            (24, 2, SeeAlso::Nowhere, &["coshell: a note", "  one two three four ..."]),
            (9, 3, SeeAlso::Errors, &["coshell:", "  a note", "  one ..."]),
            (2, 2, SeeAlso::Nowhere, &["co", "sh"]),
        ] {
            assert_eq!(
                Notice::new("a note").with(details.clone(), see_also).rows(cols, max_rows),
                expected,
                "{cols} by {max_rows}"
            );
        }
    }
}
