//! What the far side printed between its frames, such as the complaint of `sz` about a missing file.

use memchr::{memmem, memrchr};

use super::far_shell::PROMPTS;

/// Maximum number of bytes that are kept.
const MOST: usize = 4096;

/// Echo of Ctrl-C, by the line discipline or a line editor.
const ECHOED_INTERRUPT: &[u8] = b"^C";

/// The bytes outside of frames, a line for each run of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Messages {
    bytes: Vec<u8>,
    /// Whether a prompt has come, or the echo of Ctrl-C: behind it the shell echoes what is typed, data among it.
    is_over: bool,
}

impl Messages {
    /// Appends bytes; what exceeds the bound, and what follows a prompt or Ctrl-C, is dropped.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        if self.is_over {
            return;
        }
        let known = (self.bytes.len() + 1).saturating_sub(PROMPTS.len());
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(MOST - self.bytes.len())]);
        let ends = [PROMPTS, ECHOED_INTERRUPT].map(|end| memmem::find(&self.bytes[known..], end));
        if let Some(at) = ends.into_iter().flatten().min() {
            // The line that it stands on is the shell's.
            let line = memrchr(b'\n', &self.bytes[..known + at]).map_or(0, |newline| newline + 1);
            self.bytes.truncate(line);
            self.is_over = true;
        }
    }

    /// Ends the line, since a frame has come.
    pub(super) fn end_line(&mut self) {
        if self.bytes.last().is_some_and(|&last| last != b'\n') {
            self.push(b"\n");
        }
    }

    /// Returns the lines that are text, for the terminal. Line noise is none.
    pub(super) fn shown(&self) -> Vec<u8> {
        let lines = self.bytes.split(|byte| matches!(byte, b'\r' | b'\n'));
        let is_text = |line: &&[u8]| {
            let text = std::str::from_utf8(line).unwrap_or_default();
            !text.trim().is_empty() && !text.chars().any(char::is_control)
        };
        lines.filter(is_text).flat_map(|line| [line, b"\r\n"].concat()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn echo_behind_prompt_is_no_message() {
        for end in [PROMPTS, ECHOED_INTERRUPT] {
            let bytes = [b"rz: killed\r\nready> ", end, b"data\r\nmore\r\n"].concat();
            for at in 0..bytes.len() {
                let mut messages = Messages::default();
                messages.push(&bytes[..at]);
                messages.push(&bytes[at..]);
                messages.end_line();
                assert_eq!(messages.shown(), b"rz: killed\r\n", "{at}");
            }
        }
    }

    #[test]
    fn lines_of_text_are_shown_within_bound() {
        let mut messages = Messages::default();
        messages.push(b"sz: cannot open a: No such file\r\n\xff\x01noise\n \r\n");
        messages.end_line();
        messages.push("Stra\u{df}e".as_bytes());
        messages.end_line();
        messages.push(&[b'x'; MOST]);
        messages.push(b"more");
        let shown = messages.shown();
        assert!(shown.starts_with("sz: cannot open a: No such file\r\nStra\u{df}e\r\nxxx".as_bytes()));
        assert!(shown.len() <= MOST + 4);
    }
}
