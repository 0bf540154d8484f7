//! Sentences for the user that wait until they can be shown (SPEC 8): bounded, and none is lost in silence.
//! It decides neither when nor where.

use std::collections::VecDeque;

use unicode_width::UnicodeWidthStr;

/// How many may wait: beyond that they are counted only.
const WAITING: usize = 8;

/// A notice: its sentence, and lines that belong to it.
pub(super) type Notice = Vec<String>;

/// Text of somebody else's as it may stand in a sentence: with a blank for each control character.
pub(super) fn blanked(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The notices that have not been shown yet.
#[derive(Debug, Default)]
pub(super) struct Notices {
    waiting: VecDeque<Notice>,
    left_out: usize,
}

impl Notices {
    /// Another one, with details that stand below it.
    pub(super) fn push(&mut self, sentence: &str, details: &[String]) {
        let mut notice = vec![format!("coshell: {sentence}")];
        notice.extend(details.iter().map(|line| format!("  {line}")));
        if self.waiting.back() == Some(&notice) {
            return;
        }
        if self.waiting.len() == WAITING {
            self.left_out += 1;
        } else {
            self.waiting.push_back(notice);
        }
    }

    /// Whether there is anything to show.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// All lines that wait, oldest first, folded so that none is wider than `cols`.
    pub(super) fn rows(&self, cols: u16) -> Vec<String> {
        let left_out = (self.left_out > 0).then(|| "coshell: more notices were left out".to_owned());
        let lines = self.waiting.iter().flatten().chain(&left_out);
        lines.flat_map(|line| folded(line, usize::from(cols))).collect()
    }

    /// They have been shown.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// A line in rows of at most `cols` columns, broken at blanks where there are any; all but the first are indented.
fn folded(line: &str, cols: usize) -> Vec<String> {
    const INDENT: &str = "    ";
    let mut rows = vec![String::new()];
    let mut used = 0;
    for word in line.split_inclusive(' ') {
        let width = word.trim_end().width();
        if used + width > cols && used > INDENT.len() {
            rows.push(INDENT.to_owned());
            used = INDENT.len();
        }
        if let Some(row) = rows.last_mut() {
            row.push_str(word);
        }
        used += word.width();
    }
    rows.iter().map(|row| row.trim_end().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn are_bounded_and_say_so() {
        let mut notices = Notices::default();
        for n in 0..20 {
            notices.push(&n.to_string(), &["detail".to_owned()]);
        }
        let lines = notices.rows(80);
        assert_eq!(lines.len(), 2 * WAITING + 1);
        assert_eq!(lines[..2], ["coshell: 0", "  detail"]);
        assert_eq!(lines[2 * WAITING], "coshell: more notices were left out");
        notices.clear();
        assert!(notices.is_empty());
    }

    #[test]
    fn the_same_twice_running_is_shown_once() {
        let mut notices = Notices::default();
        notices.push("again", &[]);
        notices.push("again", &[]);
        assert_eq!(notices.rows(80), ["coshell: again"]);
    }

    #[test]
    fn a_long_one_is_folded_at_blanks() {
        let rows = folded("coshell: coprocess \"bot\" failed: status 3", 24);
        assert_eq!(rows, ["coshell: coprocess \"bot\"", "    failed: status 3"]);
        assert_eq!(folded("abcdefghij", 4), ["abcdefghij"]);
    }
}
