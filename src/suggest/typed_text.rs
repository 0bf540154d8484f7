//! What was typed in a recording with keys, and what of it the terminal did not show. A recording need not say when the echo
//! was off: text that was entered and is not on the line that ends then was hidden.

/// Maximum number of characters of one text, and of hidden texts.
const MOST_CHARS: usize = 256;
const MOST_HIDDEN: usize = 1024;
/// Minimum number of characters of a hidden text. A shorter one is a key of a program, and is found in any text.
const SHORTEST: usize = 3;

/// Follows the keys of a recording.
#[derive(Debug, Default)]
pub(super) struct TypedText {
    /// Texts since the last Enter, without control characters.
    current: Vec<String>,
    /// Texts that were entered, and for which no line has ended yet.
    entered: Vec<String>,
    hidden: Vec<String>,
    has_keys: bool,
    /// Whether too much was hidden to keep all of it.
    is_full: bool,
}

impl TypedText {
    /// Begins another recording, which may have no keys. What was hidden stays so.
    pub(super) fn begin(&mut self) {
        self.has_keys = false;
        self.enter();
        self.hide_beyond(0);
    }

    /// Takes keys.
    pub(super) fn typed(&mut self, keys: &[u8]) {
        self.has_keys = true;
        for char in String::from_utf8_lossy(keys).chars() {
            match char {
                '\r' | '\n' => self.enter(),
                '\u{7f}' | '\u{8}' => {
                    self.current.last_mut().and_then(String::pop);
                }
                char if char.is_control() => self.current.push(String::new()),
                char => {
                    if self.current.last().is_none_or(|text| text.len() >= MOST_CHARS) {
                        self.current.push(String::new());
                    }
                    if let Some(text) = self.current.last_mut() {
                        text.push(char);
                    }
                }
            }
            if self.current.len() > MOST_HIDDEN {
                self.enter();
            }
        }
    }

    fn enter(&mut self) {
        self.entered.append(&mut self.current);
        self.hide_beyond(MOST_HIDDEN);
    }

    /// Takes a line that has ended: what was entered before and is not on it was hidden.
    pub(super) fn line_ended(&mut self, line: &str) {
        self.entered.retain(|text| !line.contains(text.as_str()));
        self.hide_beyond(0);
    }

    /// Forgets what was typed into a full-screen program.
    pub(super) fn forget(&mut self) {
        self.current.clear();
        self.entered.clear();
    }

    /// Takes the entered texts beyond the last `kept` ones for hidden.
    fn hide_beyond(&mut self, kept: usize) {
        let surplus = self.entered.len().saturating_sub(kept);
        for text in self.entered.drain(..surplus).filter(|text| text.chars().count() >= SHORTEST) {
            self.is_full |= self.hidden.len() >= MOST_HIDDEN;
            if !self.is_full && !self.hidden.contains(&text) {
                self.hidden.push(text);
            }
        }
    }

    /// Whether the recording has keys.
    pub(super) fn has_keys(&self) -> bool {
        self.has_keys
    }

    /// Whether `answer` is what was typed last, entered or not.
    pub(super) fn is_typed(&self, answer: &str) -> bool {
        let last = self.entered.iter().chain(&self.current).rfind(|text| !text.is_empty());
        last.map_or(answer.is_empty(), |text| text.trim_end() == answer.trim_end())
    }

    /// Whether `text` has something in it that was typed and not shown.
    pub(super) fn is_in(&self, text: &str) -> bool {
        let unshown = self.entered.iter().chain(&self.current).filter(|text| text.chars().count() >= SHORTEST);
        self.is_full || self.hidden.iter().chain(unshown).any(|hidden| text.contains(hidden.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::split::at_every_split;

    #[test]
    fn text_is_hidden_if_its_line_does_not_show_it() {
        for (keys, line, hidden) in [
            ("hunter2\r", "Password: ", "hunter2"),
            ("hunx\x7fter2\n", "Password: ", "hunter2"),
            ("wrong\x15hunter2\r", "Password: ", "hunter2"),
            ("ls -l\r", "$ ls -l", ""),
            ("y\r", "Password: ", ""),
        ] {
            let found = at_every_split(keys.as_bytes(), |pieces| {
                let mut typed = TypedText::default();
                pieces.iter().for_each(|piece| typed.typed(piece));
                typed.line_ended(line);
                assert!(typed.has_keys());
                (typed.is_in("the hunter2 text"), typed.is_in("ls -l wrong y"))
            });
            assert_eq!(found, (hidden == "hunter2", keys.contains("wrong")), "{keys:?}");
        }
    }

    #[test]
    fn last_text_is_the_answer() {
        let mut typed = TypedText::default();
        assert!(!typed.has_keys() && typed.is_typed(""));
        typed.typed(b"ls\ry");
        assert!(typed.is_typed("y") && !typed.is_typed("ls"));
        typed.line_ended("$ ls");
        typed.forget();
        assert!(typed.is_typed("") && !typed.is_typed("y"));
    }

    #[test]
    fn hidden_texts_are_bounded() {
        let mut typed = TypedText::default();
        for i in 0..3 * MOST_HIDDEN {
            typed.typed(format!("secret{i}\r").as_bytes());
        }
        typed.line_ended("");
        assert!(typed.hidden.len() <= MOST_HIDDEN && typed.is_in("anything"), "what is not kept may be anywhere");
        typed.typed(&vec![b'x'; 100 * MOST_CHARS]);
        assert!(typed.current.iter().all(|text| text.len() <= MOST_CHARS));
    }
}
