//! The line editor of the menu: editing keys, and the history of commands. The crate `tui_input` edits the line with its
//! words, wide characters and grapheme clusters.

use tui_input::{Input, InputRequest};

use crate::core::input::keys::Key;
use crate::core::output::terminal::MenuText;
use crate::core::width::width;
use crate::display::is_control;

/// Maximum length of the line in bytes.
const LONGEST: usize = 4096;

/// The edited line, and the position in the history of commands.
#[derive(Debug)]
pub(super) struct LineEditor {
    input: Input,
    /// Earlier commands, oldest first.
    recent: Vec<String>,
    /// Index of the command that is shown; `recent.len()` is the new one.
    at: usize,
    /// The new command, while an earlier one is shown.
    draft: String,
}

impl LineEditor {
    /// Creates an empty line.
    pub(super) fn new(recent: Vec<String>) -> Self {
        Self { input: Input::default(), at: recent.len(), recent, draft: String::new() }
    }

    /// Returns the line.
    pub(super) fn line(&self) -> &str {
        self.input.value()
    }

    /// Applies an editing key.
    pub(super) fn key(&mut self, key: &Key) {
        let request = match key {
            Key::Char(c) | Key::Pasted(c) if self.line().len() + c.len_utf8() <= LONGEST => {
                InputRequest::InsertChar(*c)
            }
            Key::Up | Key::Ctrl('p') => return self.go(self.at.saturating_sub(1)),
            Key::Down | Key::Ctrl('n') => return self.go(self.at + 1),
            Key::Left | Key::Ctrl('b') => InputRequest::GoToPrevChar,
            Key::Right | Key::Ctrl('f') => InputRequest::GoToNextChar,
            Key::WordLeft | Key::Alt('b') => InputRequest::GoToPrevWord,
            Key::WordRight | Key::Alt('f') => InputRequest::GoToNextWord,
            Key::Home | Key::Ctrl('a') => InputRequest::GoToStart,
            Key::End | Key::Ctrl('e') => InputRequest::GoToEnd,
            Key::Backspace => InputRequest::DeletePrevChar,
            Key::Delete | Key::Ctrl('d') => InputRequest::DeleteNextChar,
            Key::Alt('\x7f') => InputRequest::DeletePrevWord,
            Key::Ctrl('w') => return self.delete_to_blank(),
            Key::Alt('d') => InputRequest::DeleteNextWord,
            Key::Ctrl('u') => InputRequest::DeleteFromStart,
            Key::Ctrl('k') => InputRequest::DeleteTillEnd,
            Key::Ctrl('y') => InputRequest::Yank,
            _ => return,
        };
        self.input.handle(request);
    }

    /// Shows the command with index `to`.
    fn go(&mut self, to: usize) {
        let to = to.min(self.recent.len());
        if to == self.at {
            return;
        }
        if self.at == self.recent.len() {
            self.draft = self.line().to_owned();
        }
        self.at = to;
        self.input = Input::new(self.recent.get(to).unwrap_or(&self.draft).clone());
    }

    /// Deletes back to a blank, as Ctrl-W does in shells, and not to a slash or a dash.
    fn delete_to_blank(&mut self) {
        let before: Vec<char> = self.line().chars().take(self.input.cursor()).collect();
        let word = before.iter().rev().skip_while(|c| c.is_whitespace()).take_while(|c| !c.is_whitespace()).count();
        let blanks = before.iter().rev().take_while(|c| c.is_whitespace()).count();
        let rest: String = self.line().chars().skip(before.len()).collect();
        let kept: String = before[..before.len() - word - blanks].iter().collect();
        let cursor = kept.chars().count();
        self.input = Input::new(kept + &rest).with_cursor(cursor);
    }

    /// Returns the line behind `label` for `cols` columns, scrolled so that the cursor is visible.
    pub(super) fn row(&self, label: &str, cols: u16) -> MenuText {
        let room = usize::from(cols).saturating_sub(label.len() + 2).max(1);
        let before = self.line().chars().take(self.input.cursor());
        let scroll = before.map(width).sum::<usize>().saturating_sub(room);
        let (mut column, mut text, mut cursor) = (0, label.to_owned(), None);
        for (n, c) in self.line().chars().enumerate() {
            if n == self.input.cursor() {
                cursor = Some(text.len());
            }
            let end = column + width(c);
            // A bidi control may have been pasted: it is part of the command, but not shown.
            if is_control(c) {
            } else if column >= scroll && end <= scroll + room {
                text.push(c);
            } else if column < scroll && end > scroll {
                // Half of the character is scrolled out.
                text.push(' ');
            }
            column = end;
        }
        MenuText { cursor: cursor.or(Some(text.len())), text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::width::max_width;

    fn typed(editor: &mut LineEditor, text: &str) {
        text.chars().for_each(|c| editor.key(&Key::Char(c)));
    }

    #[test]
    fn keys_edit_as_in_a_shell() {
        for (text, keys, expected) in [
            ("sz file", &[Key::Ctrl('a'), Key::Char('l')][..], "lsz file"),
            ("sz a/b c", &[Key::Ctrl('w')], "sz a/b "),
            ("sz a/b ", &[Key::Ctrl('w')], "sz "),
            ("sz a/b", &[Key::Alt('\x7f')], "sz a/"),
            ("sz file", &[Key::Ctrl('u'), Key::Char('x')], "x"),
            ("sz file", &[Key::WordLeft, Key::Ctrl('u')], "file"),
            ("sz file", &[Key::Home, Key::Right, Key::Right, Key::Ctrl('k')], "sz"),
            ("sz file", &[Key::Left, Key::Backspace, Key::Delete], "sz fi"),
            ("\u{6f22}e\u{301}x", &[Key::Backspace, Key::Backspace], "\u{6f22}"),
            ("ab", &[Key::Tab, Key::Other, Key::Pasted(' ')], "ab "),
            ("sz file", &[Key::Ctrl('a'), Key::Ctrl('k'), Key::Ctrl('y'), Key::Ctrl('y')], "sz filesz file"),
        ] {
            let mut editor = LineEditor::new(Vec::new());
            typed(&mut editor, text);
            keys.iter().for_each(|key| editor.key(key));
            assert_eq!(editor.line(), expected, "{text} {keys:?}");
        }
    }

    #[test]
    fn earlier_commands_are_recalled_and_draft_is_kept() {
        let mut editor = LineEditor::new(vec!["old".to_owned(), "last".to_owned()]);
        typed(&mut editor, "new");
        let mut seen = Vec::new();
        for key in [Key::Up, Key::Up, Key::Up, Key::Down, Key::Down, Key::Down] {
            editor.key(&key);
            seen.push(editor.line().to_owned());
        }
        assert_eq!(seen, ["last", "old", "old", "last", "new", "new"]);
    }

    #[test]
    fn long_line_scrolls_with_cursor() {
        let mut editor = LineEditor::new(Vec::new());
        typed(&mut editor, "0123456789\u{6f22}\u{5b57}abc");
        for (key, before, behind) in [
            (Key::Other, " run: 9\u{6f22}\u{5b57}abc", ""),
            (Key::Left, " run: 89\u{6f22}\u{5b57}ab", ""),
            (Key::Home, " run: ", "01234567"),
        ] {
            editor.key(&key);
            let row = editor.row(" run: ", 16);
            assert_eq!(row.cursor.map(|cursor| row.text.split_at(cursor)), Some((before, behind)));
        }
    }

    #[test]
    fn cursor_is_visible_behind_emoji_of_uncertain_width() {
        let mut editor = LineEditor::new(Vec::new());
        typed(&mut editor, &"\u{1f44d}\u{1f3fd}\u{2764}\u{fe0f}".repeat(5));
        let row = editor.row(" run: ", 16);
        assert!(max_width(&row.text) < 16 && row.cursor == Some(row.text.len()), "{row:?}");
    }

    #[test]
    fn bidi_control_is_part_of_line_but_not_shown() {
        let mut editor = LineEditor::new(Vec::new());
        "a\u{202e}b\u{2066}".chars().for_each(|c| editor.key(&Key::Pasted(c)));
        let row = editor.row(" run: ", 16);
        assert_eq!((row.text.as_str(), row.cursor), (" run: ab", Some(8)));
        assert_eq!(editor.line(), "a\u{202e}b\u{2066}");
    }

    #[test]
    fn line_is_bounded() {
        let mut editor = LineEditor::new(Vec::new());
        (0..2 * LONGEST).for_each(|_| editor.key(&Key::Pasted('x')));
        assert_eq!(editor.line().len(), LONGEST);
    }
}
