//! Sentences for the user that wait until they can be shown (SPEC 8): bounded, and none is lost in silence.
//! It decides neither when nor where.

use std::collections::VecDeque;

use crate::core::width::{fitted, folded, widest};

/// How many may wait: beyond that they are counted only.
const WAITING: usize = 8;

/// Where all of a notice can be read that is too long for the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::core) enum SeeAlso {
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

/// A notice: its sentence, and lines that belong to it.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::core) struct Notice {
    lines: Vec<String>,
    elsewhere: SeeAlso,
}

impl Notice {
    fn new(sentence: &str, details: &[String], elsewhere: SeeAlso) -> Self {
        let mut lines = vec![format!("coshell: {sentence}")];
        lines.extend(details.iter().map(|line| format!("  {line}")));
        Self { lines, elsewhere }
    }

    /// Its lines as they are.
    pub(in crate::core) fn lines(&self) -> &[String] {
        &self.lines
    }

    /// In rows of at most `cols` columns; where there are more than `most`, the last one says so.
    pub(in crate::core) fn rows(&self, cols: usize, most: usize) -> Vec<String> {
        let all = self.lines.iter().flat_map(|line| folded(line, cols));
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
        let mark = [self.elsewhere.mark(), SeeAlso::Nowhere.mark()].into_iter().find(|mark| widest(mark) <= cols);
        let Some(mark) = mark else { return row.to_owned() };
        let text = fitted(row, cols.saturating_sub(widest(mark) + 1)).trim_end();
        if text.is_empty() { mark.to_owned() } else { format!("{text} {mark}") }
    }
}

/// Text of somebody else's as it may stand in a sentence: with a blank for each control character.
pub(in crate::core) fn blanked(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The notices that have not been shown yet.
#[derive(Debug, Default)]
pub(in crate::core) struct Notices {
    waiting: VecDeque<Notice>,
    left_out: usize,
}

impl Notices {
    /// Another one, with details that stand below it.
    pub(in crate::core) fn push(&mut self, sentence: &str, details: &[String], elsewhere: SeeAlso) {
        let notice = Notice::new(sentence, details, elsewhere);
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
    pub(in crate::core) fn first(&self) -> Option<&Notice> {
        self.waiting.front()
    }

    /// Takes it away. Behind the last one it is told how many were left out.
    pub(in crate::core) fn take(&mut self) -> Option<Notice> {
        let first = self.waiting.pop_front();
        if self.waiting.is_empty() && self.left_out > 0 {
            let sentence = format!("more notices were left out: {}", std::mem::take(&mut self.left_out));
            self.push(&sentence, &[], SeeAlso::Nowhere);
        }
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(mut notices: Notices) -> Vec<String> {
        std::iter::from_fn(|| notices.take()).flat_map(|notice| notice.lines).collect()
    }

    #[test]
    fn are_bounded_and_say_so() {
        let mut notices = Notices::default();
        for n in 0..20 {
            notices.push(&n.to_string(), &["detail".to_owned()], SeeAlso::Nowhere);
        }
        let lines = all(notices);
        assert_eq!(lines.len(), 2 * WAITING + 1);
        assert_eq!(lines[..2], ["coshell: 0", "  detail"]);
        assert_eq!(lines[2 * WAITING], "coshell: more notices were left out: 12");
    }

    #[test]
    fn the_same_twice_running_is_shown_once() {
        let mut notices = Notices::default();
        notices.push("again", &[], SeeAlso::Nowhere);
        notices.push("again", &[], SeeAlso::Nowhere);
        assert_eq!(all(notices), ["coshell: again"]);
    }

    #[test]
    fn one_that_is_too_long_says_so_and_where_the_rest_is() {
        let details = ["one two three four five six".to_owned()];
        for (cols, most, elsewhere, expected) in [
            (40, 2, SeeAlso::Notes, &["coshell: a note", "  one two three four five six"][..]),
            (24, 3, SeeAlso::Notes, &["coshell: a note", "  one two three four", "    five six"]),
            (24, 2, SeeAlso::Notes, &["coshell: a note", "  on ... (coshell notes)"]),
            (20, 2, SeeAlso::Errors, &["coshell: a note", "... (coshell errors)"]),
            (24, 2, SeeAlso::Nowhere, &["coshell: a note", "  one two three four ..."]),
            (9, 3, SeeAlso::Errors, &["coshell:", "  a note", "  one ..."]),
            (2, 2, SeeAlso::Nowhere, &["co", "sh"]),
        ] {
            assert_eq!(Notice::new("a note", &details, elsewhere).rows(cols, most), expected, "{cols} by {most}");
        }
    }
}
