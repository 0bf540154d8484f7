//! Sentences for the user that wait until they can be shown (SPEC 8): bounded, and none is lost in silence.
//! It decides neither when nor where.

use std::collections::VecDeque;

/// How many may wait: beyond that they are counted only.
const WAITING: usize = 8;

/// A notice: its sentence, and lines that belong to it.
pub(super) type Notice = Vec<String>;

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

    /// How many rows they take.
    pub(crate) fn rows(&self) -> usize {
        self.waiting.iter().map(Vec::len).sum::<usize>() + usize::from(self.left_out > 0)
    }

    /// All lines that wait, oldest first.
    pub(super) fn take(&mut self) -> Vec<String> {
        let mut lines: Vec<_> = self.waiting.drain(..).flatten().collect();
        if std::mem::take(&mut self.left_out) > 0 {
            lines.push("coshell: more notices were left out".to_owned());
        }
        lines
    }
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
        let lines = notices.take();
        assert_eq!(lines.len(), 2 * WAITING + 1);
        assert_eq!(lines[..2], ["coshell: 0", "  detail"]);
        assert_eq!(lines[2 * WAITING], "coshell: more notices were left out");
        assert!(notices.is_empty());
    }

    #[test]
    fn the_same_twice_running_is_shown_once() {
        let mut notices = Notices::default();
        notices.push("again", &[]);
        notices.push("again", &[]);
        assert_eq!(notices.take(), ["coshell: again"]);
    }
}
